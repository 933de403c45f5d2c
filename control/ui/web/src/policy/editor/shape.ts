// Is what stands in the YAML something that the form can show? What is wrong with it otherwise is the controller's to say.
import { visible } from "../../text";
import type { Draft, Spec } from "./model";

const object = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const objects = (value: unknown) => Array.isArray(value) && value.every(object);

/** The draft, or a sentence. */
export function draftOf(document: unknown): Draft | string {
  if (!object(document)) return "A rule set is a mapping with apiVersion, kind, metadata and spec.";
  const { apiVersion, kind, metadata, spec, ...rest } = document;
  const [odd] = Object.keys(rest);
  if (odd !== undefined) return `Unknown field "${visible(odd)}" beside apiVersion, kind, metadata and spec.`;
  if (apiVersion !== "ringwall/v1") return "apiVersion must be ringwall/v1.";
  if (kind !== "RuleSet") return "kind must be RuleSet: one rule set is edited here.";
  if (!object(metadata) || typeof metadata.name !== "string") return "metadata must be {name: …}.";
  if (Object.keys(metadata).some((key) => key !== "name")) return "metadata has only a name here.";
  if (!object(spec)) return "spec must be a mapping with rules.";
  const wrong = specWrong(spec);
  return wrong || { name: metadata.name, spec: spec as unknown as Spec };
}

function specWrong({ scopes, rules }: Record<string, unknown>): string {
  if (scopes !== undefined && !objects(scopes)) return "scopes must be a list of mappings of labels.";
  if (!Array.isArray(rules)) return "rules must be a list.";
  for (const [at, rule] of rules.entries()) {
    const place = `rule ${at + 1}`;
    if (!object(rule)) return `${place} must be a mapping.`;
    if (typeof rule.name !== "string") return `${place} needs a name that is text.`;
    if (typeof rule.action !== "string") return `${place} needs an action.`;
    for (const list of ["from", "to", "services"])
      if (!objects(rule[list])) return `${list} of ${place} must be a list of mappings.`;
    const parts = [...(rule.from as object[]), ...(rule.to as object[]), ...(rule.services as object[])];
    if (parts.some((part) => !wellFormed(part as Record<string, unknown>)))
      return `process, not, ports or types in ${place} are not of the form that they have.`;
  }
  return "";
}

function wellFormed({ process, not, ports, types }: Record<string, unknown>): boolean {
  const list = (value: unknown) => value === undefined || Array.isArray(value);
  return (
    (process === undefined || object(process)) &&
    (not === undefined || object(not) || objects(not)) &&
    list(ports) &&
    list(types)
  );
}
