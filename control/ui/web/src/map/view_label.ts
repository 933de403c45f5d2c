import type { MapNode } from "../api/types";
import { shortened, visible } from "../text";

export function nodeLabel(node: MapNode): string {
  const name = shortened(visible(node.name), 40);
  return node.workloads && node.workloads > 1 ? `${name} (${node.workloads})` : name;
}
