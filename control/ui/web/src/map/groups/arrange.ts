// What is drawn of an answer: groups of one app folded to one node, groups unfolded to their workloads.
import type { MapAnswer, MapEdge, MapNode } from "../../api/types";
import { RANK } from "../lines";
import type { Expansion } from "./expansion";

export interface DrawnNode extends MapNode {
  /** A folded app stands for these. */
  folded?: MapNode[];
  /** The group that a single workload was unfolded from. */
  parent?: string;
  workload?: string;
}

export interface DrawnEdge extends MapEdge {
  /** Made of flows of single workloads: /edges does not know it. */
  ofFlows?: boolean;
}

export interface Hull {
  /** Unique among hulls. */
  id: string;
  name: string;
  /** An app, or a group that is unfolded. */
  kind: "app" | "group";
  members: string[];
}

export interface Drawn extends MapAnswer {
  nodes: DrawnNode[];
  edges: DrawnEdge[];
  hulls: Hull[];
  /** Apps with more than one group, folded or not. */
  apps: { app: string; groups: number }[];
  /** What of the unfolded is not drawn, in words. */
  cut: string[];
}

export interface Folds {
  shut: string[];
  open: Map<string, Expansion>;
}

/** So many groups are unfolded at once. */
export const MOST_OPEN = 8;

export const foldedId = (app: string) => `fold:${app}`;

const FULL = `${MOST_OPEN} groups are unfolded, as many as there can be: one more puts the first of them together`;

export function arrange(answer: MapAnswer, { shut, open }: Folds): Drawn {
  const [key = ""] = answer.group_by;
  const apps = appsOf(answer);
  const folded = new Set(shut.filter((app) => apps.has(app)));
  const appOf = (node: MapNode) => (apps.has(node.labels?.[key] ?? "") ? node.labels?.[key] : undefined);
  const unfolded = new Map(
    [...open].filter(([id]) => {
      const node = answer.nodes.find((one) => one.id === id);
      return node && !folded.has(appOf(node) ?? "\u0000");
    }),
  );
  const nodes = answer.nodes.flatMap((node): DrawnNode[] => unfolded.get(node.id)?.nodes ?? [node]);
  const edges: DrawnEdge[] = answer.edges.filter(
    (edge) => !unfolded.has(edge.source) && !unfolded.has(edge.destination),
  );
  const present = new Set(nodes.map(({ id }) => id));
  const known = (edge: MapEdge) => present.has(edge.source) && present.has(edge.destination);
  for (const { edges: more } of unfolded.values()) edges.push(...more.filter(known));
  return {
    ...answer,
    ...fold(
      nodes,
      dedupe(edges),
      (node) => {
        const app = appOf(node);
        return app !== undefined && folded.has(app) ? app : undefined;
      },
      key,
    ),
    hulls: hullsOf(nodes, appOf, folded, unfolded, answer),
    apps: [...apps].map(([app, groups]) => ({ app, groups })),
    cut: [...unfolded.values()].flatMap(({ cut }) => cut).concat(open.size < MOST_OPEN ? [] : FULL),
  };
}

/** Values of the first label that several groups share. */
export function appsOf({ group_by, nodes }: Pick<MapAnswer, "group_by" | "nodes">): Map<string, number> {
  const counts = new Map<string, number>();
  const [key = "", second] = group_by;
  if (second === undefined) return counts;
  for (const { kind, labels } of nodes) {
    const value = labels?.[key];
    if (kind === "workloads" && value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return new Map([...counts].filter(([, count]) => count > 1).sort(([a], [b]) => a.localeCompare(b)));
}

/** A line between two unfolded groups is found from both. */
const dedupe = (edges: DrawnEdge[]) => [...new Map(edges.map((edge) => [edge.id, edge])).values()];

function fold(nodes: DrawnNode[], edges: DrawnEdge[], into: (node: MapNode) => string | undefined, key: string) {
  const target = new Map<string, string>();
  const made = new Map<string, DrawnNode>();
  const rest: DrawnNode[] = [];
  for (const node of nodes) {
    const app = into(node);
    if (app === undefined) {
      rest.push(node);
      continue;
    }
    const id = foldedId(app);
    target.set(node.id, id);
    const old = made.get(id) ?? { id, kind: "workloads", name: app, labels: { [key]: app }, workloads: 0, folded: [] };
    made.set(id, {
      ...old,
      workloads: (old.workloads ?? 0) + (node.workloads ?? 0),
      folded: [...(old.folded ?? []), node],
    });
  }
  return { nodes: [...rest, ...made.values()], edges: target.size ? merged(edges, target) : edges };
}

function merged(edges: DrawnEdge[], target: Map<string, string>): DrawnEdge[] {
  const out = new Map<string, DrawnEdge>();
  for (const edge of edges) {
    const source = target.get(edge.source) ?? edge.source;
    const destination = target.get(edge.destination) ?? edge.destination;
    const same = source === edge.source && destination === edge.destination;
    const id = same ? edge.id : `fold ${source}\u0000${destination}\u0000${edge.verdict}`;
    const old = out.get(id);
    out.set(id, old ? joined(old, edge) : { ...edge, id, source, destination });
  }
  return [...out.values()];
}

/** Two lines as one. */
export function joined(a: DrawnEdge, b: DrawnEdge): DrawnEdge {
  const services = [...a.services];
  for (const one of b.services)
    if (!services.some((other) => other.protocol === one.protocol && other.port === one.port)) services.push(one);
  return {
    ...a,
    count: a.count + b.count,
    kinds: a.kinds + b.kinds,
    bytes:
      a.bytes && b.bytes
        ? {
            to_destination: a.bytes.to_destination + b.bytes.to_destination,
            to_source: a.bytes.to_source + b.bytes.to_source,
          }
        : (a.bytes ?? b.bytes),
    first: a.first < b.first ? a.first : b.first,
    last: a.last > b.last ? a.last : b.last,
    services: services.slice(0, 10),
    more_services: a.more_services + b.more_services + Math.max(0, services.length - 10),
  };
}

function hullsOf(
  nodes: DrawnNode[],
  appOf: (node: MapNode) => string | undefined,
  folded: Set<string>,
  unfolded: Map<string, Expansion>,
  answer: MapAnswer,
): Hull[] {
  const members = new Map<string, string[]>();
  for (const node of nodes) {
    const app = node.kind === "workloads" ? appOf(node) : undefined;
    if (app === undefined || folded.has(app)) continue;
    if (!members.has(app)) members.set(app, []);
    members.get(app)!.push(node.id);
  }
  const apps = [...members].map(([app, ids]): Hull => ({ id: `app ${app}`, name: app, kind: "app", members: ids }));
  const groups = [...unfolded].map(([id, { nodes: inside }]): Hull => {
    const name = answer.nodes.find((node) => node.id === id)?.name ?? id;
    return { id, name, kind: "group", members: inside.map((node) => node.id) };
  });
  return [...apps, ...groups];
}

export const worse = (a: MapEdge["verdict"], b: MapEdge["verdict"]) => (RANK[a] >= RANK[b] ? a : b);
