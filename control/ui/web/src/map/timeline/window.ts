// A part of the period of the map: in the address as `win=15m` (up to now) or `win=FROM_UNTIL`.
import type { Activity, ActivityBucket } from "../../api/insight";

export type Window = { last: number } | { from: number; until: number } | undefined;

const MINUTE = 60_000;

export function parseWindow(text: string): Window {
  const last = /^(\d{1,6})m$/.exec(text);
  if (last) return { last: Number(last[1]) * MINUTE };
  const [from = NaN, until = NaN] = text.split("_").map(Date.parse);
  return from < until ? { from, until } : undefined;
}

const iso = (at: number) => new Date(at).toISOString().replace(/\.000Z$/, "Z");

export function windowText(window: Window): string {
  if (!window) return "";
  return "last" in window ? `${Math.round(window.last / MINUTE)}m` : `${iso(window.from)}_${iso(window.until)}`;
}

/** As since and until of a request. */
export function windowBounds(text: string): { since: string; until: string } | undefined {
  const window = parseWindow(text);
  if (!window) return undefined;
  return "last" in window ? { since: text, until: "" } : { since: iso(window.from), until: iso(window.until) };
}

/** Edges of buckets: from `first` up to, not with, `end`. */
export interface Span {
  first: number;
  end: number;
}

interface Scale {
  began: number;
  width: number;
  total: number;
}

export function scaleOf({ buckets, since, until }: Activity): Scale {
  const began = Date.parse(buckets[0]?.from ?? since);
  const next = buckets[1] ? Date.parse(buckets[1].from) : Date.parse(until);
  return { began, width: Math.max(MINUTE, next - began), total: Math.max(1, buckets.length) };
}

export function spanOf(window: Window, { began, width, total }: Scale): Span {
  if (!window) return { first: 0, end: total };
  if ("last" in window) return { first: clamp(total - Math.round(window.last / width), 0, total - 1), end: total };
  const first = clamp(Math.floor((window.from - began) / width), 0, total - 1);
  return { first, end: clamp(Math.ceil((window.until - began) / width), first + 1, total) };
}

/** What reaches the end of a period that goes on moves with it. */
export function windowOf({ first, end }: Span, { began, width, total }: Scale, moves: boolean): Window {
  if (first <= 0 && end >= total) return undefined;
  if (moves && end >= total) return { last: (total - first) * width };
  return { from: began + first * width, until: began + end * width };
}

export type Grip = "first" | "end" | "both";

export function moved(span: Span, grip: Grip, by: number, total: number): Span {
  if (grip === "first") return { ...span, first: clamp(span.first + by, 0, span.end - 1) };
  if (grip === "end") return { ...span, end: clamp(span.end + by, span.first + 1, total) };
  const step = clamp(by, -span.first, total - span.end);
  return { first: span.first + step, end: span.end + step };
}

const STEPS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
};

export function keyStep(key: string, total: number): number | undefined {
  if (key === "Home") return -total;
  return key === "End" ? total : STEPS[key];
}

export const PARTS = ["allowed", "unmatched", "would_block", "blocked"] as const;
export type Part = (typeof PARTS)[number];

export const sum = (bucket: ActivityBucket) => PARTS.reduce((all, part) => all + bucket[part], 0);

export function sums(buckets: ActivityBucket[]): Record<Part, number> {
  const out: Record<Part, number> = { allowed: 0, unmatched: 0, would_block: 0, blocked: 0 };
  for (const bucket of buckets) for (const part of PARTS) out[part] += bucket[part];
  return out;
}

/** Heights out of `height`, bottom up; what is there at all can be seen. */
export function heights(bucket: ActivityBucket, most: number, height: number): Record<Part, number> {
  const out: Record<Part, number> = { allowed: 0, unmatched: 0, would_block: 0, blocked: 0 };
  for (const part of PARTS) if (bucket[part]) out[part] = Math.max(2, (bucket[part] / most) * height);
  const over = PARTS.reduce((all, part) => all + out[part], 0) - height;
  if (over > 0) {
    const largest = PARTS.reduce((a, b) => (out[a] >= out[b] ? a : b));
    out[largest] = Math.max(2, out[largest] - over);
  }
  return out;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
