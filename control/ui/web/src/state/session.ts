// Who is logged in. The token lives as long as the tab.
import { signal } from "@preact/signals";
import { load, save } from "./store";

export interface Identity {
  name: string;
  role: string;
  rights: string[];
}

export const token = signal(load<string>("token", "", sessionStorage));
export const identity = signal<Identity | null>(null);
export const sessionNotice = signal("");

export function logIn(text: string, who: Identity): void {
  token.value = text;
  identity.value = who;
  sessionNotice.value = "";
  save("token", text, sessionStorage);
}

export function logOut(notice = ""): void {
  token.value = "";
  identity.value = null;
  sessionNotice.value = notice;
  save("token", undefined, sessionStorage);
}

export const may = (right: string) => identity.value?.rights.includes(right) ?? false;
