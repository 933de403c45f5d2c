// What is made of the proposed rules: which are ticked, their YAML, and how they come into the draft.
import type { Evidence, Proposal, Rule, RuleSet } from "../api/types";
import { entry, flow } from "../yaml";

export interface ProposedRule extends Evidence {
  set: RuleSet;
  body: Rule;
}

/** The rules with their evidence, in the order of the answer. */
export function proposedRules({ rules, rule_sets }: Pick<Proposal, "rules" | "rule_sets">): ProposedRule[] {
  const bodies = new Map(
    rule_sets.flatMap((set) => set.spec.rules.map((body) => [ruleId(set, body), { set, body }] as const)),
  );
  return rules.flatMap((evidence) => {
    const found = bodies.get(evidence.rule);
    return found ? [{ ...evidence, ...found }] : [];
  });
}

const ruleId = (set: RuleSet, rule: Rule) => `${set.metadata.name}/${rule.name}`;

/** The rule sets with the ticked rules only. */
export function ticked(sets: RuleSet[], without: Set<string>): RuleSet[] {
  return sets
    .map((set) => ({
      ...set,
      spec: { ...set.spec, rules: set.spec.rules.filter((rule) => !without.has(ruleId(set, rule))) },
    }))
    .filter((set) => set.spec.rules.length);
}

export function yamlOf(sets: RuleSet[]): string {
  return sets.map(setYaml).join("");
}

/** Everything of it that may be written, in the order that it has. */
export function setYaml({ metadata, spec }: Pick<RuleSet, "metadata" | "spec">): string {
  const { rules, ...rest } = spec;
  const others = Object.entries(rest)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && !value.length))
    .map(([key, value]) => `  ${flow(key)}: ${flow(value)}\n`)
    .join("");
  const list = rules.length ? `\n${rules.map((rule) => entry(rule, "  ")).join("")}` : " []\n";
  return `---\napiVersion: ringwall/v1\nkind: RuleSet\nmetadata: ${flow({ name: metadata.name })}\nspec:\n${others}  rules:${list}`;
}

/** Never more than it is: 99.99 % are not 100 %, and something is not 0 %. */
export function percent(part: number, whole: number): string {
  if (!whole || !part) return "0 %";
  const exact = (part / whole) * 100;
  return exact < 1 ? "under 1 %" : `${Math.floor(exact)} %`;
}

/** As /apply takes it: a rule set that the draft has keeps its own rules and gets those that it lacks. */
export function intoDraft(proposed: RuleSet[], draft: RuleSet[]): object[] {
  const there = new Map(draft.map((set) => [set.metadata.name, set]));
  return proposed.map((set) => {
    const name = free(set.metadata.name, (one) => {
      const other = there.get(one);
      return Boolean(other) && !same(other!.spec.scopes ?? [], set.spec.scopes ?? []);
    });
    const old = there.get(name);
    return {
      apiVersion: "ringwall/v1",
      kind: "RuleSet",
      metadata: { name, revision: old?.metadata.revision ?? 0 },
      spec: { ...(old ?? set).spec, rules: old ? merged(old.spec.rules, set.spec.rules) : set.spec.rules },
    };
  });
}

function merged(old: Rule[], proposed: Rule[]): Rule[] {
  const out = [...old];
  for (const rule of proposed) {
    if (out.some((one) => same(nameless(one), nameless(rule)))) continue;
    out.push({ ...rule, name: free(rule.name, (name) => out.some((one) => one.name === name)) });
  }
  return out;
}

const nameless = (rule: Rule) => ({ scope: "intra", ...rule, name: "" });

function free(name: string, taken: (name: string) => boolean): string {
  let out = name;
  for (let turn = 2; taken(out); turn += 1) out = `${name}-${turn}`;
  return out;
}

const same = (a: unknown, b: unknown) => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, ordered(one)]),
  );
}
