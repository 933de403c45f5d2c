// The hull of points, and where those lie that have no place yet.
import type { Places } from "../positions";
import { hash, type Point } from "../seed";
import type { Drawn } from "./arrange";

/** Andrew's monotone chain; counter-clockwise, of one or two points these. */
export function convexHull(points: Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  if (sorted.length < 3) return sorted;
  const half = (list: Point[]) => {
    const out: Point[] = [];
    for (const point of list) {
      while (out.length > 1 && turn(out[out.length - 2]!, out[out.length - 1]!, point) <= 0) out.pop();
      out.push(point);
    }
    out.pop();
    return out;
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

const turn = (a: Point, b: Point, c: Point) => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);

/** A folded app lies amid its groups, unfolded workloads around where their group is: nobody else moves. */
export function seats(drawn: Drawn, places: Places): Places {
  const out = new Map(places);
  for (const node of drawn.nodes) {
    if (out.has(node.id) || !node.folded) continue;
    const known = node.folded.map(({ id }) => places.get(id));
    const at = middle(known.filter((one) => one !== undefined));
    if (at) out.set(node.id, at);
  }
  for (const hull of drawn.hulls) if (hull.kind === "group") around(hull.id, hull.members, places, out);
  return out;
}

function middle(points: Point[]): Point | undefined {
  if (!points.length) return undefined;
  const sum = points.reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }));
  return { x: sum.x / points.length, y: sum.y / points.length };
}

const GOLDEN = Math.PI * (3 - Math.sqrt(5));

/** A sunflower in the space that the group has for itself. */
function around(group: string, members: string[], places: Places, out: Places) {
  const at = places.get(group);
  if (!at) return;
  const wide = room(group, at, places);
  const start = (hash(group) / 2 ** 32) * 2 * Math.PI;
  members.forEach((id, turn) => {
    if (out.has(id)) return;
    const far = members.length > 1 ? wide * Math.sqrt((turn + 0.5) / members.length) : 0;
    out.set(id, { x: at.x + Math.cos(start + turn * GOLDEN) * far, y: at.y + Math.sin(start + turn * GOLDEN) * far });
  });
}

const CLOSE = 12;
const FAR = 80;

function room(group: string, at: Point, places: Places): number {
  let nearest = Infinity;
  for (const [id, other] of places)
    if (id !== group && !/^(workload|more|fold):/.test(id))
      nearest = Math.min(nearest, Math.hypot(other.x - at.x, other.y - at.y));
  return Math.max(CLOSE, Math.min(FAR, nearest * 0.42));
}
