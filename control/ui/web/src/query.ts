// The filter language of docs/flow-query.md, as far as the UI writes it.

/** A value as it stands in a query: in quotes where it has to be. */
export function quoted(value: string): string {
  if (/^[\p{L}\p{N}_./:@-]+$/u.test(value) && !["and", "or", "not"].includes(value.toLowerCase())) return value;
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}

const RESERVED = new Set([
  "workload",
  "address",
  "list",
  "process",
  "user",
  "unit",
  "container",
  "port",
  "protocol",
  "verdict",
  "draft",
  "direction",
  "rule",
  "reason",
  "since",
  "until",
  "new-since",
  "count",
  "bytes",
  "packets",
  "retransmits",
  "rtt_us",
  "refused",
  "timed-out",
  "reset",
  "from",
  "to",
]);

export type End = "from" | "to" | "";

export function term(end: End, word: string, value: string): string {
  return `${end ? `${end}.` : ""}${word}=${quoted(value)}`;
}

export function labelTerm(end: End, key: string, value: string): string {
  return term(end, RESERVED.has(key) ? `label.${key}` : key, value);
}

export function both(...parts: (string | undefined)[]): string {
  const given = parts.map((part) => part?.trim() ?? "").filter(Boolean);
  if (given.length < 2) return given.join("");
  return given.map((part) => (/\bor\b/i.test(part) && !/^\(.*\)$/.test(part) ? `(${part})` : part)).join(" ");
}

export interface Mistake {
  /** Index into the text, in UTF-16 units, or undefined where the answer names none. */
  at?: number;
  expected: string;
}

/** "the parameter q is wrong at byte 18: a number or a range" -> where in `query` that is. */
export function mistake(query: string, detail: string): Mistake {
  const found = /^the parameter q is wrong at byte (\d+): (.*)$/s.exec(detail);
  if (!found) return { expected: detail };
  return { at: indexOfByte(query, Number(found[1])), expected: found[2] ?? "" };
}

function indexOfByte(text: string, byte: number): number {
  const encoder = new TextEncoder();
  let bytes = 0;
  let index = 0;
  for (const character of text) {
    if (bytes >= byte) break;
    bytes += encoder.encode(character).length;
    index += character.length;
  }
  return index;
}

const SPAN_SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** "24h" -> the time that long ago; a time is what it is; anything else is none. */
export function instant(span: string, now = Date.now()): string | undefined {
  const found = /^(\d{1,6})([smhdw])$/.exec(span);
  if (found) return new Date(now - Number(found[1]) * (SPAN_SECONDS[found[2] ?? "s"] ?? 1) * 1000).toISOString();
  return Number.isNaN(Date.parse(span)) ? undefined : new Date(span).toISOString();
}
