// A group unfolded: its workloads, and the lines that the newest flows give them.
import { get, pages, type Page } from "../../api/client";
import type { Flow, Labels, MapAnswer, MapNode, Party, Workload } from "../../api/types";
import { count, plural } from "../../format";
import { shortened, visible } from "../../text";
import { both, instant } from "../../query";
import { labelQuery, nodeTerms } from "../filter";
import type { Asked } from "../state";
import { joined, worse, type DrawnEdge, type DrawnNode } from "./arrange";

export interface Expansion {
  nodes: DrawnNode[];
  edges: DrawnEdge[];
  /** What is not drawn of it, in words. */
  cut: string[];
}

/** More are not told apart. */
export const MOST_WORKLOADS = 60;
export const MOST_FLOWS = 1000;

export const workloadId = (name: string) => `workload:${name}`;
export const moreId = (group: string) => `more:${group}`;

export async function loadMembers(node: MapNode, groupBy: string[], signal: AbortSignal): Promise<Page<Workload>> {
  return pages<Workload>("workloads", { labels: labelQuery(node, groupBy) }, MOST_WORKLOADS, signal);
}

export async function loadFlows(
  node: MapNode,
  asked: Asked,
  groupBy: string[],
  signal: AbortSignal,
): Promise<Page<Flow>> {
  const q = both(asked.q, nodeTerms(node, groupBy, ""));
  const query = { q, since: instant(asked.since), until: instant(asked.until), limit: MOST_FLOWS };
  return get<Page<Flow>>("flows", query, signal);
}

/** As the controller names groups. */
export function groupId(labels: Labels | undefined, groupBy: string[]): string {
  const parts = groupBy.filter((key) => labels?.[key] !== undefined).map((key) => `${key}=${labels![key]}`);
  return parts.join(",") || "unlabelled";
}

/** Workloads with the numbers of those that there are, and of flows those that were read. */
export interface Members {
  node: MapNode;
  workloads: Page<Workload>;
  flows: Page<Flow>;
}

/** All that are unfolded, seen together: a line may run between two of them. */
export function expansions(all: Members[], answer: MapAnswer): Map<string, Expansion> {
  const place = placer(all, answer);
  return new Map(all.map((one) => [one.node.id, expansion(one, place)]));
}

function expansion({ node, workloads, flows }: Members, place: (party: Party) => string | undefined): Expansion {
  const total = workloads.total ?? workloads.items.length;
  const beyond = Math.max(0, total - workloads.items.length);
  const nodes = workloads.items.map(({ metadata, spec }): DrawnNode => ({
    id: workloadId(metadata.name),
    kind: "workloads",
    name: metadata.name,
    labels: spec.labels,
    workloads: 1,
    parent: node.id,
    workload: metadata.name,
  }));
  if (beyond)
    nodes.push({
      id: moreId(node.id),
      kind: "workloads",
      name: `${count(beyond)} more`,
      workloads: beyond,
      labels: node.labels,
      parent: node.id,
    });
  const own = new Set(nodes.map(({ id }) => id));
  const edges = lines(flows.items, place).filter((edge) => own.has(edge.source) || own.has(edge.destination));
  const cut: string[] = [];
  const name = shortened(visible(node.name), 60);
  if (beyond) cut.push(`${name}: ${plural(workloads.items.length, "workload")} of ${count(total)} drawn one by one`);
  if (flows.next) cut.push(`${name}: lines of the newest ${count(flows.items.length)} flows`);
  return { nodes, edges, cut };
}

/** Where a party of a flow lies on the map. */
function placer(all: Members[], answer: MapAnswer): (party: Party) => string | undefined {
  const drawn = new Map(
    all.flatMap(({ workloads }) => workloads.items.map(({ metadata: { name } }) => [name, workloadId(name)] as const)),
  );
  const unfolded = new Set(all.map(({ node }) => node.id));
  const known = new Set(answer.nodes.map(({ id }) => id));
  return (party) => {
    if (party.workload !== undefined) {
      const id = groupId(party.labels, answer.group_by);
      return drawn.get(party.workload) ?? (unfolded.has(id) ? moreId(id) : known.has(id) ? id : undefined);
    }
    const candidates = [...(party.lists ?? []).map((name) => `list:${name}`), network(party.address), "internet"];
    return candidates.find((id) => known.has(id));
  };
}

/** The prefix that the controller puts addresses of networks into. */
const network = (address: string) => address.replace(/^(\d+\.\d+\.\d+)\.\d+$/, "$1.0/24");

/** Each end of a connection may have recorded it; the worse of both is the line's. */
function lines(flows: Flow[], place: (party: Party) => string | undefined): DrawnEdge[] {
  const seen = new Map<string, { inbound?: DrawnEdge; outbound?: DrawnEdge }>();
  for (const flow of flows) {
    const source = place(flow.source);
    const destination = place(flow.destination);
    if (source === undefined || destination === undefined) continue;
    const key = [source, destination, flow.protocol, flow.port].join("\u0000");
    const ends = seen.get(key) ?? {};
    const edge = edgeOf(flow, source, destination);
    const old = ends[flow.direction];
    ends[flow.direction] = old ? { ...joined(old, edge), verdict: worse(old.verdict, edge.verdict) } : edge;
    seen.set(key, ends);
  }
  const out = new Map<string, DrawnEdge>();
  for (const { inbound, outbound } of seen.values()) {
    const one = either(inbound, outbound);
    const id = `flows ${one.source}\u0000${one.destination}\u0000${one.verdict}`;
    const old = out.get(id);
    out.set(id, old ? joined(old, one) : { ...one, id });
  }
  return [...out.values()];
}

function either(a: DrawnEdge | undefined, b: DrawnEdge | undefined): DrawnEdge {
  if (!a || !b) return (a ?? b)!;
  const more = a.count >= b.count ? a : b;
  return { ...more, verdict: worse(a.verdict, b.verdict) };
}

function edgeOf(flow: Flow, source: string, destination: string): DrawnEdge {
  return {
    id: "",
    source,
    destination,
    verdict: flow.verdict,
    count: flow.count,
    bytes: flow.bytes,
    first: flow.started,
    last: flow.time,
    services: [{ protocol: flow.protocol, port: flow.port }],
    more_services: 0,
    kinds: 1,
    ofFlows: true,
  };
}
