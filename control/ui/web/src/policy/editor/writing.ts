// The draft on the controller: read, tried, written. Only on top of the revision that was seen.
import { get, Problem, request } from "../../api/client";
import type { Difference, Edited, Rule, RuleSet } from "../../api/types";
import { same } from "./kept";
import { sent, type Draft } from "./model";

export interface Read {
  revision: number;
  draft: Draft;
}

const at = (name: string) => `rule-sets/${encodeURIComponent(name)}`;

export async function readDraft(name: string, signal?: AbortSignal): Promise<Read | undefined> {
  try {
    const { metadata, spec } = await get<RuleSet>(at(name), { version: "draft" }, signal);
    return { revision: metadata.revision ?? 0, draft: { name: metadata.name, spec } };
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return undefined;
    throw problem;
  }
}

/** A revision of 0 is written only where there is nothing yet. */
const only = (revision: number): Record<string, string> =>
  revision ? { "If-Match": `"${revision}"` } : { "If-None-Match": "*" };

export interface Write {
  draft: Draft;
  revision: number;
  dryRun?: boolean;
  key?: string;
  signal?: AbortSignal;
}

export function write({ draft, revision, dryRun, key, signal }: Write): Promise<Edited> {
  return request<Edited>(at(draft.name), {
    method: "PUT",
    body: sent(draft),
    query: { dry_run: dryRun || undefined },
    headers: { ...only(revision), ...(key ? { "Idempotency-Key": key } : {}) },
    signal,
  });
}

export function remove(name: string, revision: number): Promise<unknown> {
  return request(at(name), { method: "DELETE", headers: only(revision) });
}

export const isStale = (problem: Problem | undefined) => problem?.status === 412;

/** What is different, rule by rule. */
export function differencesOf(before: Draft["spec"], after: Draft["spec"]): Difference[] {
  const out: Difference[] = [];
  const add = (pointer: string, one: unknown, other: unknown) => {
    if (same(one, other)) return;
    const kind = one === undefined ? "added" : other === undefined ? "removed" : "changed";
    out.push({ pointer, kind, before: one, after: other });
  };
  const { rules: old, ...oldRest } = before;
  const { rules: now, ...nowRest } = after;
  for (const key of new Set([...Object.keys(oldRest), ...Object.keys(nowRest)]))
    add(`/spec/${key}`, (oldRest as Record<string, unknown>)[key], (nowRest as Record<string, unknown>)[key]);
  const named = (rules: Rule[]) => new Map(rules.map((rule) => [rule.name, rule]));
  const [a, b] = [named(old), named(now)];
  for (const name of new Set([...a.keys(), ...b.keys()])) add(`/spec/rules/${name}`, a.get(name), b.get(name));
  return out;
}
