// What the fields offer: labels of the fleet, names of objects, programs that were seen.
import { get, pages, type Page } from "../../api/client";
import type { Agent, EdgeEnd, EdgeRow, Listener, ProcessFacts, Workload } from "../../api/types";
import { plural, service } from "../../format";
import { instant } from "../../query";
import type { Option } from "../../ui/offers";

type Named = { metadata: { name: string } };
export type Part = "path" | "unit" | "container" | "user" | "name" | "group" | "sha256";
export const PARTS: Part[] = ["unit", "path", "container", "user", "name", "group", "sha256"];

export interface Known {
  keys: Option[];
  values: Map<string, Option[]>;
  workloads: Option[];
  services: Option[];
  lists: Option[];
  groups: Option[];
  serving: Map<Part, Option[]>;
  connecting: Map<Part, Option[]>;
  /** By protocol. */
  ports: Map<string, Option[]>;
}

export const NOTHING: Known = {
  keys: [],
  values: new Map(),
  workloads: [],
  services: [],
  lists: [],
  groups: [],
  serving: new Map(),
  connecting: new Map(),
  ports: new Map(),
};

const MOST = 10_000;
/** Reports come one by one; so many are asked for. */
const REPORTS = 40;

/** What cannot be read, or not by this role, is not offered. */
export async function known(signal: AbortSignal): Promise<Known> {
  const list = <T>(path: string, query = {}) =>
    pages<T>(path, query, MOST, signal).then(
      ({ items }) => items,
      () => [] as T[],
    );
  const draft = { version: "draft" };
  const [workloads, services, lists, groups, edges] = await Promise.all([
    list<Workload>("workloads"),
    list<Named>("services", draft),
    list<Named>("address-lists", draft),
    list<Named>("label-groups", draft),
    get<Page<EdgeRow>>("edges", { since: instant("30d"), limit: 1000 }, signal).then(
      ({ items }) => items,
      () => [],
    ),
  ]);
  const listeners = await reports(workloads, signal);
  return {
    ...labelsOf(workloads),
    workloads: workloads.map(({ metadata, spec }) => ({
      value: metadata.name,
      hint: Object.values(spec.labels ?? {}).join(", "),
    })),
    services: names(services),
    lists: names(lists),
    groups: names(groups),
    ...programsOf(edges, listeners),
  };
}

const names = (items: Named[]): Option[] => items.map(({ metadata }) => ({ value: metadata.name }));

async function reports(workloads: Workload[], signal: AbortSignal): Promise<Listener[]> {
  const managed = workloads.filter(({ spec }) => spec.managed !== false && !spec.cgroup).slice(0, REPORTS);
  const found = await Promise.all(
    managed.map(({ metadata }) =>
      get<Agent>(`agents/${encodeURIComponent(metadata.name)}`, {}, signal).catch(() => undefined),
    ),
  );
  return found.flatMap((agent) => agent?.report?.listeners ?? []);
}

class Tally {
  private readonly counts = new Map<string, number>();
  add(value: string, more = 1) {
    this.counts.set(value, (this.counts.get(value) ?? 0) + more);
  }
  options(hint: (count: number) => string): Option[] {
    return [...this.counts]
      .sort(([a, one], [b, other]) => other - one || a.localeCompare(b))
      .map(([value, times]) => ({ value, hint: hint(times) }));
  }
}

export function labelsOf(workloads: Pick<Workload, "spec">[]): Pick<Known, "keys" | "values"> {
  const keys = new Tally();
  const values = new Map<string, Tally>();
  for (const { spec } of workloads)
    for (const [key, value] of Object.entries(spec.labels ?? {})) {
      keys.add(key);
      if (!values.has(key)) values.set(key, new Tally());
      values.get(key)!.add(value);
    }
  const words = (times: number) => plural(times, "workload");
  return {
    keys: keys.options(words),
    values: new Map([...values].map(([key, tally]) => [key, tally.options(words)])),
  };
}

type Seen = Map<string, Map<string, string>>;

export function programsOf(
  edges: Pick<EdgeRow, "source" | "destination" | "protocol" | "port">[],
  listeners: Pick<Listener, "protocol" | "port" | "process">[],
): Pick<Known, "serving" | "connecting" | "ports"> {
  const serving: Seen = new Map();
  const connecting: Seen = new Map();
  const ports: Seen = new Map();
  for (const { protocol, port, process } of listeners) {
    notice(serving, process, `listens on ${service(protocol, port)}`);
    if (port) put(ports, protocol, String(port), `${shown(process)} listens`);
  }
  for (const { source, destination, protocol, port } of edges) {
    notice(serving, factsOf(destination), `served ${service(protocol, port)}`);
    notice(connecting, factsOf(source), `connected to ${service(protocol, port)}`);
    if (port) put(ports, protocol, String(port), `${shown(factsOf(destination))} was reached`);
  }
  return { serving: offers(serving), connecting: offers(connecting), ports: offers(ports) };
}

const shown = (facts: ProcessFacts) => facts.unit ?? facts.container ?? facts.path ?? "a program not known";

const factsOf = ({ process, unit, container, user }: EdgeEnd): ProcessFacts => ({
  path: process,
  unit,
  container,
  user,
});

function notice(seen: Seen, facts: ProcessFacts, hint: string) {
  const path = facts.path;
  const all = { ...facts, name: path?.startsWith("/") ? path.split("/").pop() : facts.name };
  for (const part of PARTS) if (all[part]) put(seen, part, String(all[part]), hint);
}

function put(seen: Seen, group: string, value: string, hint: string) {
  if (!seen.has(group)) seen.set(group, new Map());
  const values = seen.get(group)!;
  if (!values.has(value)) values.set(value, hint);
}

const offers = <K extends string>(seen: Seen) =>
  new Map(
    [...seen].map(([group, values]) => [group as K, [...values].map(([value, hint]): Option => ({ value, hint }))]),
  ) as Map<K, Option[]>;
