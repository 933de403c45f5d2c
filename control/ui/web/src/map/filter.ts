// From a group or an edge of the map to the filter that means the same flows.
import type { MapNode } from "../api/types";
import { both, labelTerm, quoted, term, type End } from "../query";

type Any = MapNode & { folded?: unknown; workload?: string };

export function nodeTerms(node: Any, keys: string[], end: End): string {
  if (node.workload !== undefined) return term(end, "workload", node.workload);
  // A folded app is of the first label only.
  const groupBy = node.folded ? keys.slice(0, 1) : keys;
  const dotted = end ? `${end}.` : "";
  switch (node.kind) {
    case "list":
      return term(end, "list", node.name);
    case "network":
      return `${dotted}address=${quoted(node.name)}`;
    case "internet":
      return `not ${dotted}workload=*`;
    case "unlabelled":
      return both(`${dotted}workload=*`, ...groupBy.map((key) => `not ${labelAny(end, key)}`));
    default:
      return both(
        ...groupBy.map((key) => {
          const value = node.labels?.[key];
          return value === undefined ? `not ${labelAny(end, key)}` : labelTerm(end, key, value);
        }),
      );
  }
}

/** The same for filters of edges, which know neither workloads nor addresses. */
export function edgeTerms(node: Any, groupBy: string[], end: End): string {
  if (node.kind === "network" || node.kind === "internet") return "";
  if (node.kind === "unlabelled") return both(...groupBy.map((key) => `not ${labelAny(end, key)}`));
  return nodeTerms(node, groupBy, end);
}

const labelAny = (end: End, key: string) => labelTerm(end, key, "x").replace(/x$/, "*");

/** Keys of the grouping that the group has not are to be absent. */
export function labelQuery(node: MapNode, groupBy: string[] = []): string {
  const labels = Object.entries(node.labels ?? {}).map(
    ([key, value]) => `${key}=${/[,()"]|^\s|\s$/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value}`,
  );
  const absent = groupBy.filter((key) => node.labels?.[key] === undefined).map((key) => `!${key}`);
  return [...labels, ...absent].join(",");
}
