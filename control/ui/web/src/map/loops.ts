// Connections inside a group: a circle beside it, in the colour and line of each verdict.
import type Sigma from "sigma";
import type { MapEdge, Verdict } from "../api/types";
import { cleared } from "./layer";
import { LINES, type Paint } from "./lines";

export class Loops {
  within = new Map<string, MapEdge[]>();

  constructor(
    private readonly sigma: Sigma,
    private readonly canvas: HTMLCanvasElement,
  ) {}

  draw(colours: Paint): void {
    const { width, height } = this.sigma.getDimensions();
    const context = cleared(this.canvas, width, height);
    if (!context) return;
    const paths = new Map<Verdict, Path2D>();
    for (const [id, edges] of this.within) {
      const data = this.sigma.getNodeDisplayData(id);
      if (!data || data.hidden) continue;
      const at = this.sigma.framedGraphToViewport(data);
      if (at.x < -60 || at.y < -60 || at.x > width + 60 || at.y > height + 60) continue;
      const size = this.sigma.scaleSize(data.size);
      edges.forEach((edge, turn) => circle(pathOf(paths, edge.verdict), at, size, turn));
    }
    context.lineWidth = 2;
    for (const [verdict, path] of paths) {
      context.strokeStyle = colours.verdict[verdict];
      context.setLineDash(LINES[verdict].dash);
      context.stroke(path);
    }
  }
}

function pathOf(paths: Map<Verdict, Path2D>, verdict: Verdict): Path2D {
  let path = paths.get(verdict);
  if (!path) paths.set(verdict, (path = new Path2D()));
  return path;
}

function circle(path: Path2D, at: { x: number; y: number }, size: number, turn: number) {
  const radius = Math.max(3, size * 0.8) + turn * 4;
  const x = at.x;
  const y = at.y - size - radius * 0.7;
  path.moveTo(x + radius, y);
  path.arc(x, y, radius, 0, Math.PI * 2);
}
