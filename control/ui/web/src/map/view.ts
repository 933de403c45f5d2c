// The drawn map: sigma for groups and lines, a canvas over it for what stays inside a group.
import { MultiDirectedGraph } from "graphology";
import Sigma from "sigma";
import type { Settings } from "sigma/settings";
import type { EdgeDisplayData, NodeDisplayData } from "sigma/types";
import type { MapEdge } from "../api/types";
import { listenToClicks, TWICE } from "./clicks";
import { allowDragging, freeze } from "./dragging";
import type { Drawn, DrawnNode, Hull } from "./groups/arrange";
import { Hulls } from "./groups/hulls";
import { LineProgram } from "./edge_program";
import { drawHover } from "./hover";
import { LINES, RANK, type Paint } from "./lines";
import { Loops } from "./loops";
import { fill, foldsOf } from "./fill";
import { matches } from "./model";
import type { Places } from "./positions";

export type Picked = { node: string } | { edge: string } | undefined;

export interface Handlers {
  pick: (what: Picked) => void;
  moved: (id: string, at: { x: number; y: number }) => void;
  /** The name of a hull was clicked, or a group twice. */
  fold: (hull: Hull) => void;
  unfold: (id: string) => void;
  lost: () => void;
}

export class MapView {
  readonly graph = new MultiDirectedGraph();
  readonly sigma: Sigma;
  private readonly loops: Loops;
  private readonly hulls: Hulls;
  private found = new Set<string>();
  private searching = false;
  private hovered: string | undefined;
  private picked: Picked;
  private killed = false;
  private forget = () => {};
  private shown = { grouping: "", folds: "" };

  constructor(
    container: HTMLElement,
    layers: { loops: HTMLCanvasElement; hulls: HTMLCanvasElement },
    private colours: Paint,
    private readonly handlers: Handlers,
  ) {
    this.sigma = new Sigma(this.graph, container, this.settings());
    this.loops = new Loops(this.sigma, layers.loops);
    this.hulls = new Hulls(this.sigma, layers.hulls);
    // Only then are its matrices those of this frame.
    this.sigma.on("afterRender", () => {
      this.hulls.draw(this.colours);
      this.loops.draw(this.colours);
    });
    this.listen(container);
    allowDragging(this.sigma, { moving: () => this.hulls.stale(), moved: handlers.moved });
  }

  private settings(): Partial<Settings> {
    return {
      allowInvalidContainer: true,
      enableEdgeEvents: true,
      zIndex: true,
      defaultEdgeType: "line",
      edgeProgramClasses: { line: LineProgram },
      doubleClickTimeout: TWICE,
      labelColor: { color: this.colours.text },
      labelFont: "system-ui, sans-serif",
      labelSize: 13,
      labelRenderedSizeThreshold: 2.5,
      labelDensity: 1,
      labelGridCellSize: 80,
      stagePadding: 70,
      minCameraRatio: 0.02,
      maxCameraRatio: 4,
      defaultDrawNodeHover: (context, data, settings) => drawHover(context, data, settings, this.colours),
      nodeReducer: (id, data) => this.node(id, data as NodeDisplayData),
      edgeReducer: (id, data) => this.edge(id, data as EdgeDisplayData),
    };
  }

  private listen(container: HTMLElement) {
    this.forget = listenToClicks(this.sigma, this.hulls, this.handlers);
    const pointer = (name: string) => () => {
      container.style.cursor = name;
    };
    this.sigma.on("enterNode", ({ node }) => {
      this.hovered = node;
      pointer("pointer")();
    });
    this.sigma.on("leaveNode", () => {
      this.hovered = undefined;
      pointer("")();
    });
    this.sigma.on("enterEdge", pointer("pointer"));
    this.sigma.on("leaveEdge", pointer(""));
    for (const canvas of Object.values(this.sigma.getCanvases()))
      canvas.addEventListener("webglcontextlost", (event) => {
        event.preventDefault();
        if (!this.killed) this.handlers.lost();
      });
  }

  /** Draws this; what stays keeps its place, and folding moves nothing else. */
  show(answer: Drawn, places: Places): void {
    const grouping = answer.group_by.join();
    const folds = foldsOf(answer);
    if (grouping !== this.shown.grouping) this.sigma.setCustomBBox(null);
    else if (folds !== this.shown.folds) freeze(this.sigma);
    this.shown = { grouping, folds };
    this.loops.within = fill(this.graph, answer, places);
    this.hulls.set(answer.hulls);
    this.sigma.refresh();
  }

  private node(id: string, data: NodeDisplayData & { of?: DrawnNode }): Partial<NodeDisplayData> {
    const faded = this.searching && !this.found.has(id);
    const chosen = this.picked && "node" in this.picked && this.picked.node === id;
    return {
      ...data,
      color: faded ? this.colours.faded : this.colours.node[data.of?.kind ?? "workloads"],
      label: faded ? null : data.label,
      highlighted: Boolean(chosen),
      zIndex: chosen ? 2 : faded ? 0 : 1,
      forceLabel: this.searching && !faded && this.found.size < 30,
    };
  }

  private edge(id: string, data: EdgeDisplayData & { of?: MapEdge }): Partial<EdgeDisplayData> {
    const { of } = data;
    if (!of) return data;
    const faded = this.searching && !this.found.has(of.source) && !this.found.has(of.destination);
    const chosen = this.picked && "edge" in this.picked && this.picked.edge === id;
    const drawing = { style: LINES[of.verdict].style };
    return {
      ...data,
      ...drawing,
      color: faded ? this.colours.faded : this.colours.verdict[of.verdict],
      zIndex: faded ? 0 : 1 + RANK[of.verdict],
      size: chosen ? data.size + 3 : data.size,
    };
  }

  search(text: string): number {
    this.searching = text !== "";
    this.found = new Set(text ? this.graph.filterNodes((_, { of }) => matches(of as DrawnNode, text)) : []);
    this.sigma.refresh({ skipIndexation: true });
    return this.found.size;
  }

  /** To the first that was found. */
  goToFound(): string | undefined {
    const [first] = [...this.found].sort();
    const at = first === undefined ? undefined : this.sigma.getNodeDisplayData(first);
    if (at) void this.sigma.getCamera().animate({ x: at.x, y: at.y, ratio: 0.4 }, { duration: 250 });
    return first;
  }

  pick(what: Picked): void {
    this.picked = what;
    this.sigma.refresh({ skipIndexation: true });
  }

  recolour(colours: Paint): void {
    this.colours = colours;
    this.sigma.setSetting("labelColor", { color: colours.text });
    this.sigma.refresh({ skipIndexation: true });
  }

  zoom(factor: number): void {
    const camera = this.sigma.getCamera();
    void camera.animate({ ratio: camera.getBoundedRatio(camera.ratio * factor) }, { duration: 150 });
  }

  reset(): void {
    this.sigma.setCustomBBox(null);
    this.sigma.refresh();
    void this.sigma.getCamera().animatedReset({ duration: 200 });
  }

  get hoveredNode() {
    return this.hovered;
  }

  kill(): void {
    this.killed = true;
    this.forget();
    this.sigma.kill();
  }
}
