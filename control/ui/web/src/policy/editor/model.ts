// A rule set while it is edited: a plain value; every change makes a new one.
import type { Rule, RuleSet, Selector, ServiceUse } from "../../api/types";

export type Spec = RuleSet["spec"];

export interface Draft {
  name: string;
  spec: Spec;
}

export const replaced = <T>(list: T[], at: number, value: T): T[] =>
  list.map((one, turn) => (turn === at ? value : one));
export const without = <T>(list: T[], at: number): T[] => list.filter((_, turn) => turn !== at);

/** Without what is undefined. */
export function tidy<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

export function newRule(rules: Rule[]): Rule {
  let name = "new-rule";
  for (let turn = 2; rules.some((rule) => rule.name === name); turn += 1) name = `new-rule-${turn}`;
  return { name, action: "allow", from: [{}], to: [{}], services: [{ proto: "tcp", ports: [] }] };
}

export type SelectorKind = "labels" | "workload" | "list" | "all" | "any";

export function kindOf(selector: Selector): SelectorKind {
  if (selector.any) return "any";
  if (selector.all) return "all";
  if (selector.list !== undefined) return "list";
  return selector.workload !== undefined ? "workload" : "labels";
}

export function ofKind(kind: SelectorKind, process: Selector["process"]): Selector {
  const program = process ? { process } : {};
  switch (kind) {
    case "any":
      return { any: true, ...program };
    case "all":
      return { all: true, ...program };
    case "list":
      return { list: "", ...program };
    case "workload":
      return { workload: "", ...program };
    default:
      return { ...program };
  }
}

export type LabelRow = [key: string, values: string[]];

const NOT_LABELS = ["not", "process"];

export function labelRows(selector: Selector): LabelRow[] {
  return Object.entries(selector)
    .filter(([key]) => !NOT_LABELS.includes(key))
    .map(([key, value]) => [key, (Array.isArray(value) ? value : [value]).map((one) => String(one ?? ""))]);
}

/** Rows without a key are not written yet; one value is no list. */
export function withLabels(selector: Selector, rows: LabelRow[]): Selector {
  const labels = rows
    .filter(([key]) => key)
    .map(([key, values]) => [key, values.length > 1 ? values : (values[0] ?? "")] as const);
  return tidy({ ...Object.fromEntries(labels), not: selector.not, process: selector.process }) as Selector;
}

export const exceptions = ({ not }: Selector): Selector[] => (not === undefined ? [] : [not].flat());

export function withExceptions(selector: Selector, list: Selector[]): Selector {
  return tidy({ ...selector, not: list.length > 1 ? list : list[0] }) as Selector;
}

/** "80, 8000-8080" as the list that stands in YAML, and back. */
export function portList(text: string): (string | number)[] {
  return text
    .split(",")
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => (/^\d{1,9}$/.test(one) ? Number(one) : one));
}

export const portText = (ports: (string | number)[] = []) => ports.join(", ");

export const WITH_PORTS = ["tcp", "udp", "sctp", "udplite"];
export const WITH_TYPES = ["icmp", "icmpv6"];
export type ServiceKind = "service" | "number" | "any" | string;

export function serviceKind(use: ServiceUse): ServiceKind {
  if (use.service !== undefined) return "service";
  return typeof use.proto === "number" ? "number" : String(use.proto ?? "tcp");
}

export function serviceOf(kind: ServiceKind, old: ServiceUse): ServiceUse {
  const program = old.process ? { process: old.process } : {};
  if (kind === "service") return { service: "", ...program };
  if (kind === "number") return { proto: 47, ...program };
  if (WITH_PORTS.includes(kind)) return { proto: kind, ...(old.ports ? { ports: old.ports } : {}), ...program };
  return { proto: kind, ...program };
}

const RULE_ORDER = ["name", "action", "scope", "expires", "from", "to", "services"];
const SERVICE_ORDER = ["service", "proto", "ports", "types"];
const LAST = ["not", "process"];

/** The same with its fields as people write them. */
function ordered<T extends object>(value: T, order: string[]): T {
  const rank = (key: string) => {
    if (LAST.includes(key)) return order.length + 1 + LAST.indexOf(key);
    return order.includes(key) ? order.indexOf(key) : order.length;
  };
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => rank(a) - rank(b))) as T;
}

/** An empty list of ports means all of them. */
const serviceSent = (use: ServiceUse) =>
  ordered(use.ports?.length === 0 ? tidy({ ...use, ports: undefined }) : use, SERVICE_ORDER);

/** As it is sent, and written as YAML. */
export function sent({ name, spec }: Draft): { spec: Spec } & Record<string, unknown> {
  const rules = spec.rules.map((rule) => ({
    ...ordered(rule, RULE_ORDER),
    from: rule.from.map((one) => ordered(one, [])),
    to: rule.to.map((one) => ordered(one, [])),
    services: rule.services.map(serviceSent),
  }));
  return { apiVersion: "ringwall/v1", kind: "RuleSet", metadata: { name }, spec: { ...spec, rules } };
}
