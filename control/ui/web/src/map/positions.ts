// Where groups lie, kept in this browser for each grouping so that the map does not jump.
import type { MapAnswer } from "../api/types";
import { load, save } from "../state/store";
import { layout, type LayoutTask } from "./forces";
import type { Point } from "./seed";

export type Places = Map<string, Point>;
type Kept = Record<string, [number, number]>;

const MOST = 5000;
const key = (groupBy: string) => `map.${groupBy}`;

export function kept(groupBy: string): Places {
  const stored = load<Kept>(key(groupBy), {});
  const good = ([, at]: [string, unknown]) =>
    Array.isArray(at) && at.length === 2 && at.every((one) => Number.isFinite(one));
  return new Map(
    Object.entries(stored ?? {})
      .filter(good)
      .map(([id, [x, y]]) => [id, { x, y }]),
  );
}

export function keep(groupBy: string, places: Places): void {
  const newest = [...places].slice(-MOST);
  save(
    key(groupBy),
    Object.fromEntries(newest.map(([id, { x, y }]) => [id, [Math.round(x * 10) / 10, Math.round(y * 10) / 10]])),
  );
}

export function forget(groupBy: string): void {
  save(key(groupBy), undefined);
}

/** As strongly is drawn together what shares a hull. */
const TOGETHER = 40;

type Laid = Pick<MapAnswer, "nodes" | "edges"> & { hulls?: { members: string[] }[] };

export function taskOf(answer: Laid, places: Places): LayoutTask {
  const index = new Map(answer.nodes.map((node, at) => [node.id, at]));
  const links = new Map<string, [number, number, number]>();
  for (const edge of answer.edges) {
    const from = index.get(edge.source);
    const to = index.get(edge.destination);
    if (from === undefined || to === undefined || from === to) continue;
    links.set(`${Math.min(from, to)} ${Math.max(from, to)}`, [from, to, 1 + Math.log10(edge.count + 1)]);
  }
  for (const { members } of answer.hulls ?? [])
    for (const id of members.slice(1)) {
      const from = index.get(members[0]!);
      const to = index.get(id);
      if (from !== undefined && to !== undefined)
        links.set(`${Math.min(from, to)} ${Math.max(from, to)}`, [from, to, TOGETHER]);
    }
  return {
    nodes: answer.nodes.map(({ id, workloads }) => ({ id, size: nodeSize(workloads), at: places.get(id) })),
    edges: [...links.values()],
  };
}

/** Pixels; the more groups there are, the smaller each. */
export function nodeSize(workloads = 1, groups = 1): number {
  return Math.min(26, 9 + Math.sqrt(workloads) * 1.6) * crowd(groups);
}

export function crowd(groups: number): number {
  return Math.max(0.15, Math.min(1, Math.sqrt(50 / (groups || 1))));
}

/** New ones find a place, known ones stay. */
export async function place(answer: Laid, places: Places): Promise<Places> {
  const task = taskOf(answer, places);
  if (task.nodes.every((node) => node.at)) return places;
  const found = await inWorker(task).catch(() => layout(task));
  const out = new Map(places);
  answer.nodes.forEach(({ id }, at) => out.set(id, found[at]!));
  return out;
}

function inWorker(task: LayoutTask): Promise<Point[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./layout_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<Point[]>) => {
      worker.terminate();
      resolve(event.data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      reject(new Error("the layout failed"));
    };
    worker.postMessage(task);
  });
}
