// Rules as they are said: "Role Web in Payments may connect to role Database, TCP 5432, served by …".
import type { ProcessFacts, Rule, RuleUse, Selector, ServiceUse } from "../api/types";
import { ago, plural, sortedLabels } from "../format";

const VERBS: Record<Rule["action"], string> = {
  allow: "may connect to",
  deny: "may not connect to",
  "override-deny": "may never connect to",
};

export function sentence(rule: Rule, scopes: Record<string, string>[] = []): string {
  const source = alternatives(rule.from, "every workload");
  const destination = alternatives(rule.to, "every workload");
  const services = rule.services.map(service).join(" or ") || "on no service";
  const end = rule.expires ? `, until ${rule.expires}` : "";
  return `${capital(source)}${scoped(scopes, rule)} ${VERBS[rule.action] ?? rule.action} ${destination}, ${services}${end}.`;
}

/** How often a rule decided. */
export function useWords({ hits, last }: RuleUse, now = Date.now()): string {
  if (!hits) return "decided nothing in the last 30 days";
  return `decided ${plural(hits, "connection")} in the last 30 days, the last ${ago(last, now)}`;
}

/** Where a rule set holds. */
export function scopeWords(scopes: Record<string, string>[] = []): string {
  if (!scopes.length) return "everywhere";
  return scopes
    .map((scope) =>
      sortedLabels(scope)
        .map(([, value]) => value)
        .join(" "),
    )
    .join(", or ");
}

function scoped(scopes: Record<string, string>[], rule: Rule): string {
  if (!scopes.length || rule.scope === "extra") return "";
  return ` in ${scopeWords(scopes)}`;
}

function alternatives(selectors: Selector[], everyone: string): string {
  return selectors.map((one) => selector(one, everyone)).join(" or ") || "nobody";
}

export function selector(one: Selector, everyone = "every workload"): string {
  const program = one.process ? ` running ${process(one.process)}` : "";
  return who(one, everyone) + program;
}

function who(one: Selector, everyone: string): string {
  if (one.any) return "every address";
  if (one.all) return everyone;
  if (one.workload) return `workload ${one.workload}`;
  if (one.list) return `the addresses of ${one.list}`;
  const labels = Object.entries(one).filter(([key]) => !["group", "not", "process"].includes(key));
  const parts = labels.map(([key, value]) => `${key} ${values(value)}`);
  if (one.group) parts.push(`group ${one.group}`);
  const said = parts.join(" and ") || everyone;
  const not = one.not ? [one.not].flat() : [];
  return not.length ? `${said} except ${not.map((each) => who(each, everyone)).join(" and ")}` : said;
}

const values = (value: unknown) => (Array.isArray(value) ? value.join(" or ") : String(value));

export function service(use: ServiceUse): string {
  const served = use.process ? `, served by ${process(use.process)}` : "";
  if (use.service) return `service ${use.service}${served}`;
  if (use.proto === "any") return `any protocol${served}`;
  const proto = typeof use.proto === "number" ? `protocol ${use.proto}` : String(use.proto).toUpperCase();
  const which = use.ports ?? use.types;
  return `${proto}${which?.length ? ` ${which.join(", ")}` : use.proto === "tcp" || use.proto === "udp" ? " on every port" : ""}${served}`;
}

const WORDS: [keyof ProcessFacts, string][] = [
  ["path", ""],
  ["name", "a program named "],
  ["unit", "unit "],
  ["container", "container "],
  ["user", "user "],
  ["group", "group "],
  ["sha256", "SHA-256 "],
];

export function process(facts: ProcessFacts): string {
  return WORDS.filter(([part]) => facts[part] !== undefined)
    .map(([part, word]) => word + String(facts[part]))
    .join(", ");
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
