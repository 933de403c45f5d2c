// Which fault stands at which field.
import type { Fault, Rule } from "../../api/types";
import type { Draft } from "./model";

const RULE_FIELDS = ["name", "action", "scope", "expires", "from", "to", "services"] as const;
const LISTS = ["from", "to", "services"] as const;

/** Every place of the form that can show a fault. */
export function anchors({ spec }: Draft): Set<string> {
  const out = new Set(["/metadata/name", "/spec/scopes"]);
  spec.scopes?.forEach((_, at) => out.add(`/spec/scopes/${at}`));
  spec.rules.forEach((rule, at) => {
    const place = `/spec/rules/${at}`;
    out.add(place);
    for (const field of RULE_FIELDS) out.add(`${place}/${field}`);
    for (const list of LISTS) rule[list].forEach((_: unknown, turn: number) => out.add(`${place}/${list}/${turn}`));
  });
  return out;
}

/** A place may name its rule instead of counting it. */
export function counted(pointer: string, rules: Rule[]): string {
  return pointer.replace(/^\/spec\/rules\/([^/]+)/, (whole, token: string) => {
    if (/^\d+$/.test(token)) return whole;
    const name = token.replace(/~1/g, "/").replace(/~0/g, "~");
    const at = rules.findIndex((rule) => rule.name === name);
    return at < 0 ? whole : `/spec/rules/${at}`;
  });
}

export type Placed = Map<string, Fault[]>;

/** Each at the deepest place that holds it; "" are those of the whole. */
export function placed(faults: Fault[], draft: Draft): Placed {
  const known = anchors(draft);
  const out: Placed = new Map();
  for (const fault of faults) {
    const own = fault.kind === undefined || (fault.kind === "RuleSet" && fault.name === draft.name);
    let at = own ? counted(fault.pointer, draft.spec.rules) : "";
    while (at && !known.has(at)) at = at.slice(0, at.lastIndexOf("/"));
    out.set(at, [...(out.get(at) ?? []), fault]);
  }
  return out;
}

/** Those at a place and below it. */
export function below(all: Placed, place: string): Fault[] {
  return [...all].filter(([at]) => at === place || at.startsWith(`${place}/`)).flatMap(([, faults]) => faults);
}
