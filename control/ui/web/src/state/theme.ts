import { effect, signal } from "@preact/signals";
import { load, save } from "./store";

export type Theme = "system" | "light" | "dark";

const system = window.matchMedia?.("(prefers-color-scheme: dark)");
const systemDark = signal(system?.matches ?? false);
system?.addEventListener?.("change", (event) => {
  systemDark.value = event.matches;
});

export const theme = signal<Theme>(load<Theme>("theme", "system"));
export const palette = signal<"standard" | "cvd">(load<"standard" | "cvd">("palette", "standard"));
export const dark = () => (theme.value === "system" ? systemDark.value : theme.value === "dark");

export function startTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = dark() ? "dark" : "light";
    document.documentElement.dataset.palette = palette.value;
    save("theme", theme.value);
    save("palette", palette.value);
  });
}

export function nextTheme(): void {
  theme.value = theme.value === "system" ? (dark() ? "light" : "dark") : theme.value === "dark" ? "light" : "dark";
}
