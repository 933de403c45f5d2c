// The answer as sigma's graph.
import type { MultiDirectedGraph } from "graphology";
import type { MapEdge } from "../api/types";
import type { Drawn } from "./groups/arrange";
import { lanes, thickness } from "./model";
import { crowd, nodeSize, type Places } from "./positions";
import { nodeLabel } from "./view_label";

/** A single workload is drawn smaller than groups. */
const INSIDE = 0.6;

/** What is not there any more goes, the rest stays where it is. The lines that stay inside of a group come back. */
export function fill(graph: MultiDirectedGraph, answer: Drawn, places: Places): Map<string, MapEdge[]> {
  const nodes = new Map(answer.nodes.map((node) => [node.id, node]));
  const { between, within } = lanes(
    answer.edges.filter((edge) => nodes.has(edge.source) && nodes.has(edge.destination)),
  );
  const ids = new Set(between.map(({ edge }) => edge.id));
  graph.forEachEdge((id) => {
    if (!ids.has(id)) graph.dropEdge(id);
  });
  graph.forEachNode((id) => {
    if (!nodes.has(id)) graph.dropNode(id);
  });
  for (const node of answer.nodes)
    graph.mergeNode(node.id, {
      ...places.get(node.id),
      size: nodeSize(node.workloads, answer.nodes.length) * (node.parent ? INSIDE : 1),
      label: nodeLabel(node),
      of: node,
    });
  const thin = Math.max(0.35, crowd(answer.nodes.length));
  for (const { edge, lane } of between)
    graph.mergeDirectedEdgeWithKey(edge.id, edge.source, edge.destination, {
      size: thickness(edge.count) * thin,
      lane,
      of: edge,
    });
  return within;
}

/** What is folded and unfolded, to be compared. */
export function foldsOf({ nodes, hulls }: Drawn): string {
  const folded = nodes.filter((node) => node.folded).map(({ id }) => id);
  const open = hulls.filter(({ kind }) => kind === "group").map(({ id, members }) => `${id} ${members.length}`);
  return [...folded, "", ...open].join("\u0000");
}
