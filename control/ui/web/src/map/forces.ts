// ForceAtlas2 on plain arrays; runs in a worker, and in tests. What is fixed does not move.
import iterate from "graphology-layout-forceatlas2/iterate";
import defaults from "graphology-layout-forceatlas2/defaults";
import { seeded, type Point } from "./seed";

export interface LayoutTask {
  nodes: { id: string; size: number; at?: Point }[];
  edges: [from: number, to: number, weight: number][];
}

const PER_NODE = 10;
const PER_EDGE = 3;

export function layout(task: LayoutTask): Point[] {
  const { nodes, edges } = task;
  const places = starts(task);
  const matrix = new Float32Array(nodes.length * PER_NODE);
  const degree = new Float32Array(nodes.length).fill(1);
  for (const [from, to] of edges) {
    degree[from]! += 1;
    degree[to]! += 1;
  }
  nodes.forEach((node, at) => {
    const { x, y } = places[at]!;
    matrix.set([x, y, 0, 0, 0, 0, degree[at]!, 1, node.size, node.at ? 1 : 0], at * PER_NODE);
  });
  const links = new Float32Array(edges.length * PER_EDGE);
  edges.forEach(([from, to, weight], at) => links.set([from * PER_NODE, to * PER_NODE, weight], at * PER_EDGE));
  const settings = {
    ...defaults,
    barnesHutOptimize: nodes.length > 500,
    strongGravityMode: true,
    gravity: 0.05,
    scalingRatio: 10,
    slowDown: 1 + Math.log(Math.max(2, nodes.length)),
    edgeWeightInfluence: 0.3,
  };
  if (nodes.some((node) => !node.at))
    for (let turn = turns(nodes.length); turn > 0; turn -= 1) iterate(settings, matrix, links);
  return nodes.map((node, at) => node.at ?? { x: matrix[at * PER_NODE]!, y: matrix[at * PER_NODE + 1]! });
}

const turns = (nodes: number) => Math.max(60, Math.min(500, Math.round(100_000 / (nodes + 1))));

/** Where it was; else beside those it talks to; else where its name puts it. */
function starts({ nodes, edges }: LayoutTask): Point[] {
  const radius = 30 * Math.sqrt(nodes.length + 1);
  const near = nodes.map(() => ({ x: 0, y: 0, known: 0 }));
  const add = (to: number, at: Point | undefined) => {
    const sum = near[to]!;
    if (!at) return;
    sum.x += at.x;
    sum.y += at.y;
    sum.known += 1;
  };
  for (const [from, to] of edges) {
    add(to, nodes[from]?.at);
    add(from, nodes[to]?.at);
  }
  return nodes.map((node, at) => {
    if (node.at) return node.at;
    const { x, y, known } = near[at]!;
    if (!known) return seeded(node.id, radius);
    const aside = seeded(node.id, 40);
    return { x: x / known + aside.x, y: y / known + aside.y };
  });
}
