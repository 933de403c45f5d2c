// A rule that would allow what a row of /edges shows, as the YAML that `ringwall apply` reads.
import type { EdgeEnd, EdgeRow } from "../api/types";
import { entry } from "../yaml";

/** Undefined where an end is nothing that a rule could name tightly. */
export function ruleText(row: EdgeRow): string | undefined {
  const from = selector(row.source);
  const to = selector(row.destination);
  if (!from || !to) return undefined;
  const rule = {
    name: nameOf(row),
    action: "allow",
    scope: "extra",
    from: [from],
    to: [to],
    services: [
      { proto: row.protocol, ...(row.port === undefined ? {} : { ports: [row.port] }), ...processOf(row.destination) },
    ],
  };
  return entry(rule);
}

function selector(end: EdgeEnd): object | undefined {
  if (end.kind === "list") return { list: end.name };
  if (end.kind === "workloads" && Object.keys(end.labels ?? {}).length) return { ...end.labels };
  return undefined;
}

function processOf(end: EdgeEnd): object {
  if (end.kind !== "workloads") return {};
  if (end.shown && /\.(service|scope|socket)$/.test(end.shown)) return { process: { unit: end.shown } };
  return end.process?.startsWith("/") ? { process: { path: end.process } } : {};
}

function nameOf(row: EdgeRow): string {
  const word = (end: EdgeEnd) =>
    (end.labels?.role ?? end.labels?.app ?? end.name)
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "") || "x";
  return `${word(row.source)}-to-${word(row.destination)}${row.port === undefined ? "" : `-${row.port}`}`.slice(0, 255);
}
