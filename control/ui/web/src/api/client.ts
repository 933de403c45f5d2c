// Requests to /api/v1, and what goes wrong with them.
import { logOut, token } from "../state/session";
import { answered, unanswered } from "../state/reachable";
import type { Fault } from "./types";

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly faults: Fault[] = [],
  ) {
    super(detail);
  }
}

export const UNREACHABLE = "unreachable";

export type Query = Record<string, string | number | boolean | undefined>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query))
    if (value !== undefined && value !== "") search.set(key, String(value));
  const text = search.toString();
  return `/api/v1/${path}${text ? `?${text}` : ""}`;
}

export interface Options {
  method?: string;
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  bearer?: string;
  headers?: Record<string, string>;
}

export async function send(path: string, options: Options = {}): Promise<Response> {
  const bearer = options.bearer ?? token.peek();
  const headers: Record<string, string> = { Authorization: `Bearer ${bearer}`, ...options.headers };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  const response = await attempt(address(path, options.query), {
    method: options.method ?? "GET",
    headers,
    body: options.body === undefined ? undefined : JSON.stringify(options.body),
    signal: options.signal,
    cache: "no-store",
    credentials: "omit",
  });
  answered();
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.status === 401 && options.bearer === undefined) logOut("The token is no longer accepted. Log in again.");
  throw problem;
}

async function attempt(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    unanswered();
    throw new Problem(0, UNREACHABLE, "The controller does not answer.");
  }
}

export async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as { code?: string; detail?: string; faults?: Fault[] };
    return new Problem(response.status, body.code ?? "", body.detail ?? response.statusText, body.faults ?? []);
  } catch {
    return new Problem(response.status, "", `The controller answered ${response.status} ${response.statusText}.`);
  }
}

export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(0, UNREACHABLE, "The controller's answer was cut off.");
  }
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>(path, { query, signal });

export interface Page<T> {
  items: T[];
  next?: string;
  total?: number;
  warnings?: Fault[];
}

/** Every page up to `most` items; `next` is left where more follow. */
export async function pages<T>(path: string, query: Query, most: number, signal?: AbortSignal): Promise<Page<T>> {
  const out: Page<T> = { items: [] };
  let after: string | undefined;
  do {
    const limit = Math.min(1000, most - out.items.length);
    const page = await get<Page<T>>(path, { ...query, limit, after }, signal);
    out.items.push(...page.items);
    out.total = page.total;
    out.warnings ??= page.warnings;
    after = page.next;
  } while (after && out.items.length < most);
  out.next = after;
  return out;
}
