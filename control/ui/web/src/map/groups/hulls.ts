// A layer below the map: the hull around what belongs together, with its name.
import type Sigma from "sigma";
import { shortened, visible } from "../../text";
import { cleared } from "../layer";
import type { Paint } from "../lines";
import type { Point } from "../seed";
import type { Hull } from "./arrange";
import { convexHull } from "./hull_shape";

interface Shape {
  hull: Hull;
  points: Point[];
  name: string;
  /** Of its name, once measured. */
  wide?: number;
}

interface Outline {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

type Place = (point: Point) => Point;
type Near = (hull: Outline, pad: number) => boolean;

interface Box {
  hull: Hull;
  left: number;
  top: number;
  width: number;
}

const PAD: Record<Hull["kind"], number> = { app: 30, group: 15 };
const FONT = "600 12px system-ui, sans-serif";
const NAME = 18;
/** Smaller ones on the screen have no name. */
const NAMED = 46;
/** More than these have no outline, and so many of them names: a frame has its limits. */
const OUTLINED = 100;
const NAMES = 60;

export class Hulls {
  private shapes: Shape[] = [];
  private hulls: Hull[] = [];
  private boxes: Box[] = [];
  private fresh = false;

  constructor(
    private readonly sigma: Sigma,
    private readonly canvas: HTMLCanvasElement,
  ) {}

  set(hulls: Hull[]): void {
    // What is inside of another one is drawn on it.
    this.hulls = [...hulls].sort((a, b) => Number(a.kind === "group") - Number(b.kind === "group"));
    this.fresh = false;
  }

  /** Something moved: the shapes are made anew at the next frame. */
  stale(): void {
    this.fresh = false;
  }

  /** The hull whose name is there. */
  named(at: Point): Hull | undefined {
    const hit = ({ left, top, width }: Box) =>
      at.x >= left && at.x <= left + width && at.y >= top && at.y <= top + NAME;
    return [...this.boxes].reverse().find(hit)?.hull;
  }

  draw(colours: Paint): void {
    if (!this.hulls.length && !this.boxes.length) return;
    if (!this.fresh) this.shape();
    const { width, height } = this.sigma.getDimensions();
    const context = cleared(this.canvas, width, height);
    this.boxes = [];
    if (!context) return;
    context.lineJoin = context.lineCap = "round";
    context.font = FONT;
    const place = affine(this.sigma);
    const near = (hull: Outline, pad: number) =>
      hull.right >= -pad && hull.bottom >= -pad && hull.left <= width + pad && hull.top <= height + pad;
    if (this.shapes.length > OUTLINED) this.crowd(context, place, colours, near);
    else this.each(context, place, colours, near);
  }

  private each(context: CanvasRenderingContext2D, place: Place, colours: Paint, near: Near) {
    for (const shape of this.shapes) {
      const pad = PAD[shape.hull.kind];
      const path = new Path2D();
      const hull = outline(shape.points, place, path);
      if (!near(hull, pad)) continue;
      context.lineWidth = 2 * pad + 2;
      context.strokeStyle = colours.hullLine;
      context.stroke(path);
      paintHull(context, path, pad, shape.hull.kind === "app" ? colours.hull : colours.hullInner);
      this.name(context, shape, hull, pad, colours);
    }
  }

  /** Very many at once, without outlines; the largest have names. */
  private crowd(context: CanvasRenderingContext2D, place: Place, colours: Paint, near: Near) {
    const named: [Shape, Outline][] = [];
    for (const [kind, back] of [
      ["app", colours.hull],
      ["group", colours.hullInner],
    ] as const) {
      const path = new Path2D();
      for (const shape of this.shapes) {
        if (shape.hull.kind !== kind) continue;
        const hull = outline(shape.points, place, path);
        if (near(hull, PAD[kind])) named.push([shape, hull]);
      }
      paintHull(context, path, PAD[kind], back);
    }
    named.sort(([a], [b]) => b.hull.members.length - a.hull.members.length);
    for (const [shape, hull] of named.slice(0, NAMES))
      if (!this.covered(hull, PAD[shape.hull.kind])) this.name(context, shape, hull, PAD[shape.hull.kind], colours);
  }

  private shape() {
    const graph = this.sigma.getGraph();
    this.shapes = this.hulls.map((hull) => {
      const points = hull.members
        .filter((id) => graph.hasNode(id))
        .map((id) => ({ x: graph.getNodeAttribute(id, "x") as number, y: graph.getNodeAttribute(id, "y") as number }));
      return { hull, points: convexHull(points), name: `− ${shortened(visible(hull.name), 32)}` };
    });
    this.fresh = true;
  }

  /** Another name is there already. */
  private covered({ left, right, top }: Outline, pad: number): boolean {
    const middle = (left + right) / 2;
    return this.boxes.some(
      (box) =>
        Math.abs(box.left + box.width / 2 - middle) < box.width && Math.abs(box.top + NAME / 2 - top + pad) < NAME,
    );
  }

  private name(context: CanvasRenderingContext2D, shape: Shape, hull: Outline, pad: number, colours: Paint) {
    if (hull.right - hull.left + 2 * pad < NAMED) return;
    const middle = (hull.left + hull.right) / 2;
    const top = hull.top - pad;
    const wide = (shape.wide ??= context.measureText(shape.name).width + 12);
    const box = { hull: shape.hull, left: middle - wide / 2, top: top - NAME / 2, width: wide };
    this.boxes.push(box);
    context.fillStyle = colours.hullLine;
    context.fillRect(box.left - 1, box.top - 1, wide + 2, NAME + 2);
    context.fillStyle = colours.back;
    context.fillRect(box.left, box.top, wide, NAME);
    context.fillStyle = colours.text;
    context.fillText(shape.name, box.left + 6, box.top + 13);
  }
}

/** What sigma's own conversion does to every point of this frame, without its matrices. */
function affine(sigma: Sigma): Place {
  const zero = sigma.graphToViewport({ x: 0, y: 0 });
  const east = sigma.graphToViewport({ x: 1, y: 0 });
  const north = sigma.graphToViewport({ x: 0, y: 1 });
  const [xx, xy] = [east.x - zero.x, east.y - zero.y];
  const [yx, yy] = [north.x - zero.x, north.y - zero.y];
  return ({ x, y }) => ({ x: zero.x + x * xx + y * yx, y: zero.y + x * xy + y * yy });
}

function paintHull(context: CanvasRenderingContext2D, path: Path2D, pad: number, colour: string) {
  context.lineWidth = 2 * pad;
  context.strokeStyle = colour;
  context.stroke(path);
  context.fillStyle = colour;
  context.fill(path);
}

/** Into the path; the box around it comes back. */
function outline(points: Point[], place: Place, path: Path2D): Outline {
  const out = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  points.forEach((point, at) => {
    const { x, y } = place(point);
    if (at) path.lineTo(x, y);
    else path.moveTo(x, y);
    if (x < out.left) out.left = x;
    if (x > out.right) out.right = x;
    if (y < out.top) out.top = y;
    if (y > out.bottom) out.bottom = y;
  });
  if (points.length === 1) path.lineTo(out.left + 0.1, out.top);
  if (points.length) path.closePath();
  return out;
}
