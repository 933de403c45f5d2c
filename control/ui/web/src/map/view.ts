// The drawn map: sigma for groups and lines, a canvas over it for what stays inside a group.
import { MultiDirectedGraph } from "graphology";
import Sigma from "sigma";
import type { Settings } from "sigma/settings";
import type { EdgeDisplayData, NodeDisplayData } from "sigma/types";
import type { MapAnswer, MapEdge, MapNode } from "../api/types";
import { LineProgram } from "./edge_program";
import { drawHover } from "./hover";
import { LINES, RANK, type Paint } from "./lines";
import { Loops } from "./loops";
import { lanes, matches, thickness } from "./model";
import { crowd, nodeSize, type Places } from "./positions";
import { nodeLabel } from "./view_label";

export type Picked = { node: string } | { edge: string } | undefined;

interface Handlers {
  pick: (what: Picked) => void;
  moved: (id: string, at: { x: number; y: number }) => void;
  lost: () => void;
}

export class MapView {
  readonly graph = new MultiDirectedGraph();
  readonly sigma: Sigma;
  private readonly loops: Loops;
  private found = new Set<string>();
  private searching = false;
  private hovered: string | undefined;
  private picked: Picked;
  private killed = false;

  constructor(
    container: HTMLElement,
    overlay: HTMLCanvasElement,
    private colours: Paint,
    private readonly handlers: Handlers,
  ) {
    this.sigma = new Sigma(this.graph, container, this.settings());
    this.loops = new Loops(this.sigma, overlay);
    this.sigma.on("afterRender", () => this.loops.draw(this.colours));
    this.listen(container);
    this.allowDragging();
  }

  private settings(): Partial<Settings> {
    return {
      allowInvalidContainer: true,
      enableEdgeEvents: true,
      zIndex: true,
      defaultEdgeType: "line",
      edgeProgramClasses: { line: LineProgram },
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
    this.sigma.on("clickNode", ({ node }) => this.handlers.pick({ node }));
    this.sigma.on("clickEdge", ({ edge }) => this.handlers.pick({ edge }));
    this.sigma.on("clickStage", () => this.handlers.pick(undefined));
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

  private allowDragging() {
    let dragged: string | undefined;
    this.sigma.on("downNode", ({ node }) => {
      dragged = node;
      if (!this.sigma.getCustomBBox()) this.sigma.setCustomBBox(this.sigma.getBBox());
    });
    this.sigma.on("moveBody", ({ event }) => {
      if (!dragged) return;
      const at = this.sigma.viewportToGraph(event);
      this.graph.mergeNodeAttributes(dragged, at);
      event.preventSigmaDefault();
      event.original.preventDefault();
    });
    const drop = () => {
      if (dragged && this.graph.hasNode(dragged))
        this.handlers.moved(dragged, {
          x: this.graph.getNodeAttribute(dragged, "x"),
          y: this.graph.getNodeAttribute(dragged, "y"),
        });
      dragged = undefined;
    };
    this.sigma.on("upNode", drop);
    this.sigma.on("upStage", drop);
  }

  /** Draws this; what stays keeps its place. */
  show(answer: MapAnswer, places: Places): void {
    const nodes = new Map(answer.nodes.map((node) => [node.id, node]));
    const { between, within } = lanes(
      answer.edges.filter((edge) => nodes.has(edge.source) && nodes.has(edge.destination)),
    );
    const ids = new Set(between.map(({ edge }) => edge.id));
    this.graph.forEachEdge((id) => {
      if (!ids.has(id)) this.graph.dropEdge(id);
    });
    this.graph.forEachNode((id) => {
      if (!nodes.has(id)) this.graph.dropNode(id);
    });
    for (const node of answer.nodes)
      this.graph.mergeNode(node.id, {
        ...places.get(node.id),
        size: nodeSize(node.workloads, answer.nodes.length),
        label: nodeLabel(node),
        of: node,
      });
    const thin = Math.max(0.35, crowd(answer.nodes.length));
    for (const { edge, lane } of between)
      this.graph.mergeDirectedEdgeWithKey(edge.id, edge.source, edge.destination, {
        size: thickness(edge.count) * thin,
        lane,
        of: edge,
      });
    this.loops.within = within;
    this.sigma.refresh();
  }

  private node(id: string, data: NodeDisplayData & { of?: MapNode }): Partial<NodeDisplayData> {
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
    this.found = new Set(text ? this.graph.filterNodes((_, { of }) => matches(of as MapNode, text)) : []);
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
    this.sigma.kill();
  }
}
