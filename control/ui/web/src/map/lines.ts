// How a verdict is drawn: colour and line, in WebGL, on canvas and in SVG alike.
import type { Verdict } from "../api/types";

export interface Line {
  /** For the shader. */
  style: number;
  /** Lengths in pixels, on and off. */
  dash: number[];
}

export const LINES: Record<Verdict, Line> = {
  allowed: { style: 0, dash: [] },
  "would-block": { style: 1, dash: [9, 5] },
  blocked: { style: 2, dash: [3, 4] },
  unmatched: { style: 3, dash: [11, 4, 2, 4] },
};

/** The worst comes last, so that it is drawn on top. */
export const RANK: Record<Verdict, number> = { unmatched: 0, allowed: 1, "would-block": 2, blocked: 3 };

export interface Paint {
  verdict: Record<Verdict, string>;
  node: Record<string, string>;
  text: string;
  back: string;
  faded: string;
  accent: string;
  hull: string;
  hullInner: string;
  hullLine: string;
}

/** The colours of the page as it is now. */
export function paint(element: Element = document.documentElement): Paint {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(`--${name}`).trim() || "#888888";
  return {
    verdict: {
      allowed: read("allowed"),
      "would-block": read("would-block"),
      blocked: read("blocked"),
      unmatched: read("unmatched"),
    },
    node: {
      workloads: read("node-workloads"),
      unlabelled: read("node-unlabelled"),
      list: read("node-list"),
      network: read("node-network"),
      internet: read("node-internet"),
    },
    text: read("text"),
    back: read("surface"),
    faded: read("line"),
    accent: read("accent"),
    hull: read("hull"),
    hullInner: read("hull-inner"),
    hullLine: read("hull-line"),
  };
}
