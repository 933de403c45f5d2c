// Named filters with their columns, kept in this browser.
import { signal } from "@preact/signals";
import { load, save } from "../state/store";

export interface View {
  name: string;
  params: Record<string, string>;
}

const valid = (view: unknown): view is View =>
  typeof view === "object" &&
  view !== null &&
  typeof (view as View).name === "string" &&
  typeof (view as View).params === "object";

const stored = load<unknown>("views", []);
export const views = signal<View[]>(Array.isArray(stored) ? stored.filter(valid) : []);

export function keep(name: string, params: Record<string, string>): void {
  views.value = [...views.value.filter((view) => view.name !== name), { name, params }].sort((a, b) =>
    a.name.localeCompare(b.name),
  );
  save("views", views.value);
}

export function forget(name: string): void {
  views.value = views.value.filter((view) => view.name !== name);
  save("views", views.value);
}
