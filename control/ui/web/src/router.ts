// `#/flows?q=…`: page and state of the page are the address.
import { computed, signal } from "@preact/signals";

export interface Route {
  page: string;
  rest: string[];
  params: URLSearchParams;
}

export function parse(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const [page = "", ...rest] = path.replace(/^\/+/, "").split("/").map(decoded);
  return { page, rest, params: new URLSearchParams(search) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export type Params = Record<string, string | undefined>;

export function href(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) if (value) search.set(key, value);
  const text = search.toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

export const hash = signal(location.hash);
export const route = computed(() => parse(hash.value));

window.addEventListener("hashchange", () => {
  hash.value = location.hash;
});

export function go(target: string, replace = false): void {
  if (target === location.hash) return;
  if (replace) {
    history.replaceState(null, "", target);
    hash.value = target;
  } else {
    location.hash = target;
    hash.value = target;
  }
}

/** Changes parameters of the page that is open; empty or undefined takes one away. */
export function setParams(changes: Params, replace = true): void {
  const { params } = route.peek();
  const next = new URLSearchParams(params);
  for (const [key, value] of Object.entries(changes)) {
    if (value) next.set(key, value);
    else next.delete(key);
  }
  const [path] = hash.peek().split("?");
  const text = next.toString();
  go(`${path || "#/"}${text ? `?${text}` : ""}`, replace);
}

export function param(name: string): string {
  return route.value.params.get(name) ?? "";
}
