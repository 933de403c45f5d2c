// The map as SVG and PNG: drawn anew from the data, sharp at every size.
import type { MapAnswer, MapEdge } from "../api/types";
import type { Drawn, Hull } from "./groups/arrange";
import { convexHull } from "./groups/hull_shape";
import { shortened, visible } from "../text";
import { LINES, type Paint } from "./lines";
import { lanes, thickness } from "./model";
import { nodeSize, type Places } from "./positions";
import { nodeLabel } from "./view_label";

const WIDTH = 1600;
const HEIGHT = 1000;
const EDGE = 120;

const escaped = (text: string) => visible(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const round = (value: number) => Math.round(value * 10) / 10;

export function svg(answer: Drawn, places: Places, colours: Paint): string {
  const at = fitted(answer, places);
  const { between, within } = lanes(answer.edges);
  const hulls = answer.hulls.map((hull) => hullPath(hull, at, colours));
  const lines = between.map(({ edge, lane }) => line(edge, lane, at, colours));
  const loops = [...within].flatMap(([id, edges]) =>
    edges.map((edge, turn) => loop(edge, at.get(id), answer, turn, colours)),
  );
  const nodes = answer.nodes.map((node) => {
    const { x, y } = at.get(node.id) ?? { x: 0, y: 0 };
    const size = nodeSize(node.workloads, answer.nodes.length);
    return (
      `<circle cx="${round(x)}" cy="${round(y)}" r="${round(size)}" fill="${colours.node[node.kind]}"/>` +
      `<text x="${round(x + size + 5)}" y="${round(y + 5)}" fill="${colours.text}">${escaped(nodeLabel(node))}</text>`
    );
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="15">` +
    `<rect width="100%" height="100%" fill="${colours.back}"/>${hulls.join("")}${lines.join("")}${loops.join("")}${nodes.join("")}` +
    `<text x="16" y="${HEIGHT - 16}" fill="${colours.text}">${escaped(`${answer.since} – ${answer.until}, by ${answer.group_by.join(", ")}${hidden(answer)}`)}</text></svg>`
  );
}

function hullPath({ name, kind, members }: Hull, at: Places, colours: Paint): string {
  const points = convexHull(members.map((id) => at.get(id)).filter((one) => one !== undefined));
  if (!points.length) return "";
  const path = `M${points.map(({ x, y }) => `${round(x)},${round(y)}`).join("L")}Z`;
  const pad = kind === "app" ? 34 : 18;
  const drawn = (wide: number, colour: string) =>
    `<path d="${path}" fill="${colour}" stroke="${colour}" stroke-width="${wide}" stroke-linejoin="round" stroke-linecap="round"/>`;
  const middle = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const top = Math.min(...points.map(({ y }) => y)) - pad;
  return (
    drawn(2 * pad + 2, colours.hullLine) +
    drawn(2 * pad, kind === "app" ? colours.hull : colours.hullInner) +
    `<text x="${round(middle)}" y="${round(top - 6)}" text-anchor="middle" font-weight="bold" fill="${colours.text}">${escaped(shortened(name, 40))}</text>`
  );
}

function hidden({ hidden: { nodes, edges } }: MapAnswer): string {
  return nodes || edges ? `; not shown: ${nodes} groups, ${edges} connections` : "";
}

function line(edge: MapEdge, lane: number, at: Places, colours: Paint): string {
  const from = at.get(edge.source);
  const to = at.get(edge.destination);
  if (!from || !to) return "";
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const along = { x: (to.x - from.x) / length, y: (to.y - from.y) / length };
  const aside = { x: along.y * lane * 7, y: -along.x * lane * 7 };
  const point = (far: number, off: number) =>
    `${round(from.x + aside.x + along.x * far - along.y * off)},${round(from.y + aside.y + along.y * far + along.x * off)}`;
  const colour = colours.verdict[edge.verdict];
  const tip = length * 0.6;
  return (
    `<path d="M${point(0, 0)}L${point(length, 0)}" fill="none" stroke="${colour}" stroke-width="${round(thickness(edge.count))}"${dashes(edge)}/>` +
    `<path d="M${point(tip + 7, 0)}L${point(tip - 6, 6)}L${point(tip - 6, -6)}Z" fill="${colour}"/>`
  );
}

function loop(
  edge: MapEdge,
  at: { x: number; y: number } | undefined,
  answer: MapAnswer,
  turn: number,
  colours: Paint,
): string {
  if (!at) return "";
  const size = nodeSize(answer.nodes.find((node) => node.id === edge.source)?.workloads, answer.nodes.length);
  const radius = Math.max(6, size * 0.8) + turn * 4;
  return `<circle cx="${round(at.x)}" cy="${round(at.y - size - radius * 0.7)}" r="${round(radius)}" fill="none" stroke="${colours.verdict[edge.verdict]}" stroke-width="2"${dashes(edge)}/>`;
}

const dashes = (edge: MapEdge) =>
  LINES[edge.verdict].dash.length ? ` stroke-dasharray="${LINES[edge.verdict].dash.join(" ")}"` : "";

/** Into the picture, y downwards as on the screen. */
function fitted(answer: MapAnswer, places: Places): Places {
  const known = answer.nodes.map((node) => places.get(node.id) ?? { x: 0, y: 0 });
  const [left, right] = range(known.map(({ x }) => x));
  const [low, high] = range(known.map(({ y }) => y));
  const scale = Math.min((WIDTH - 2 * EDGE) / (right - left || 1), (HEIGHT - 2 * EDGE) / (high - low || 1));
  const put = ({ x, y }: { x: number; y: number }) => ({
    x: WIDTH / 2 + (x - (left + right) / 2) * scale,
    y: HEIGHT / 2 - (y - (low + high) / 2) * scale,
  });
  return new Map(answer.nodes.map((node, index) => [node.id, put(known[index]!)]));
}

function range(values: number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}

export async function png(source: string): Promise<Blob> {
  const url = URL.createObjectURL(new Blob([source], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    canvas.getContext("2d")?.drawImage(image, 0, 0);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture could not be made"))), "image/png"),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
