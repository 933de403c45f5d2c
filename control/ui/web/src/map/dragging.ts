import type Sigma from "sigma";

interface Told {
  moving: () => void;
  moved: (id: string, at: { x: number; y: number }) => void;
}

/** Groups are dragged; the frame of the picture stays meanwhile. */
export function allowDragging(sigma: Sigma, { moving, moved }: Told): void {
  const graph = sigma.getGraph();
  let dragged: string | undefined;
  sigma.on("downNode", ({ node }) => {
    dragged = node;
    freeze(sigma);
  });
  sigma.on("moveBody", ({ event }) => {
    if (!dragged || !graph.hasNode(dragged)) return;
    graph.mergeNodeAttributes(dragged, sigma.viewportToGraph(event));
    moving();
    event.preventSigmaDefault();
    event.original.preventDefault();
  });
  const drop = () => {
    if (dragged && graph.hasNode(dragged))
      moved(dragged, { x: graph.getNodeAttribute(dragged, "x"), y: graph.getNodeAttribute(dragged, "y") });
    dragged = undefined;
  };
  sigma.on("upNode", drop);
  sigma.on("upStage", drop);
}

/** What comes and goes from now on moves nothing else. */
export function freeze(sigma: Sigma): void {
  if (!sigma.getCustomBBox() && sigma.getGraph().order) sigma.setCustomBBox(sigma.getBBox());
}
