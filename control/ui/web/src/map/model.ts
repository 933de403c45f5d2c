// What the map draws, from what the controller says.
import type { MapAnswer, MapEdge, MapNode, Verdict } from "../api/types";
import { RANK } from "./lines";

export interface DrawnEdge {
  edge: MapEdge;
  lane: number;
}

/** Lines between the same two groups lie beside each other; inside one group they are loops. */
export function lanes(edges: MapEdge[]): { between: DrawnEdge[]; within: Map<string, MapEdge[]> } {
  const within = new Map<string, MapEdge[]>();
  const pairs = new Map<string, MapEdge[]>();
  for (const edge of [...edges].sort((a, b) => RANK[a.verdict] - RANK[b.verdict] || (a.id < b.id ? -1 : 1))) {
    if (edge.source === edge.destination) push(within, edge.source, edge);
    else push(pairs, [edge.source, edge.destination].sort().join("\u0000"), edge);
  }
  return { between: [...pairs.values()].flatMap(beside), within };
}

function push<T>(into: Map<string, T[]>, key: string, value: T) {
  const list = into.get(key);
  if (list) list.push(value);
  else into.set(key, [value]);
}

/** Each direction keeps to its own side; one alone lies in the middle. */
function beside(edges: MapEdge[]): DrawnEdge[] {
  if (edges.length === 1) return [{ edge: edges[0]!, lane: 0 }];
  const oneWay = edges.every((edge) => edge.source === edges[0]!.source);
  const used = new Map<string, number>();
  return edges.map((edge) => {
    const turn = used.get(edge.source) ?? 0;
    used.set(edge.source, turn + 1);
    return { edge, lane: oneWay ? turn - (edges.length - 1) / 2 : turn + 0.6 };
  });
}

export function thickness(count: number): number {
  return Math.min(5, 1.8 + Math.log10(count + 1) * 0.6);
}

/** What is folded into a node is found in it. */
export function matches(node: MapNode & { folded?: MapNode[] }, text: string): boolean {
  const wanted = text.toLowerCase();
  if (node.folded?.some((one) => matches(one, text))) return true;
  return [node.name, node.id, ...Object.values(node.labels ?? {})].some((one) => one.toLowerCase().includes(wanted));
}

export function totals(answer: Pick<MapAnswer, "edges">): Record<Verdict, number> {
  const out: Record<Verdict, number> = { allowed: 0, "would-block": 0, blocked: 0, unmatched: 0 };
  for (const edge of answer.edges) out[edge.verdict] += 1;
  return out;
}
