import type Sigma from "sigma";
import type { Hulls } from "./groups/hulls";
import type { Handlers } from "./view";

/** Milliseconds within which two clicks are one double click. */
export const TWICE = 260;

/** Once opens, twice unfolds; the name of a hull folds. What is returned forgets a click that waits. */
export function listenToClicks(sigma: Sigma, hulls: Hulls, handlers: Handlers): () => void {
  let click: ReturnType<typeof setTimeout> | undefined;
  const forget = () => clearTimeout(click);
  // What opens at a click makes the map narrower: a second click would miss the node.
  sigma.on("clickNode", ({ node }) => {
    forget();
    click = setTimeout(() => handlers.pick({ node }), TWICE);
  });
  sigma.on("doubleClickNode", ({ node, event }) => {
    event.preventSigmaDefault();
    forget();
    handlers.unfold(node);
  });
  sigma.on("clickEdge", ({ edge }) => handlers.pick({ edge }));
  sigma.on("clickStage", ({ event }) => {
    const hull = hulls.named(event);
    if (hull) handlers.fold(hull);
    else handlers.pick(undefined);
  });
  return forget;
}
