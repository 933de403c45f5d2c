// What was edited and not saved stays while the tab lives, also when another page is opened meanwhile.
import { identity } from "../../state/session";
import type { Draft } from "./model";

export interface Kept {
  /** Of the object that it was made from; 0: of nothing. */
  revision: number;
  base: Draft;
  draft: Draft;
}

const all = new Map<string, Kept>();
const key = (name: string) => `${identity.peek()?.name} ${name}`;

export const recalled = (name: string) => all.get(key(name));

export function remember(name: string, kept: Kept): void {
  if (same(kept.base, kept.draft)) all.delete(key(name));
  else all.set(key(name), kept);
}

export function drop(name: string): void {
  all.delete(key(name));
}

export const anyKept = () => all.size > 0;

export const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
