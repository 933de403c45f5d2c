import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import type { Activity } from "../src/api/insight";
import { Strip } from "../src/map/timeline/strip";
import {
  heights,
  moved,
  parseWindow,
  scaleOf,
  spanOf,
  windowBounds,
  windowOf,
  windowText,
  type Window,
} from "../src/map/timeline/window";

const began = Date.parse("2026-11-28T08:00:00Z");
const activity: Activity = {
  since: "2026-11-28T08:00:00Z",
  until: "2026-11-28T09:00:00Z",
  buckets: Array.from({ length: 12 }, (_, at) => ({
    from: new Date(began + at * 300_000).toISOString(),
    allowed: at,
    unmatched: 0,
    would_block: at === 3 ? 2 : 0,
    blocked: at === 11 ? 1 : 0,
  })),
};
const scale = scaleOf(activity);

describe("a window of time", () => {
  it("is text in the address", () => {
    for (const text of ["15m", "2026-11-28T08:05:00Z_2026-11-28T08:10:00Z"])
      expect(windowText(parseWindow(text))).toBe(text);
    for (const text of ["", "x", "15", "2026-11-28T08:10:00Z_2026-11-28T08:05:00Z"])
      expect(parseWindow(text)).toBeUndefined();
    expect(windowBounds("15m")).toEqual({ since: "15m", until: "" });
  });

  it("moves with now where it reaches the end of what goes on", () => {
    expect(windowOf({ first: 9, end: 12 }, scale, true)).toEqual({ last: 900_000 });
    expect(windowOf({ first: 9, end: 12 }, scale, false)).toEqual({
      from: began + 2_700_000,
      until: began + 3_600_000,
    });
    expect(windowOf({ first: 0, end: 12 }, scale, true)).toBeUndefined();
    expect(spanOf({ last: 900_000 }, scale)).toEqual({ first: 9, end: 12 });
  });

  it("stays inside, and is never empty", () => {
    expect(moved({ first: 3, end: 5 }, "first", 9, 12)).toEqual({ first: 4, end: 5 });
    expect(moved({ first: 3, end: 5 }, "end", -9, 12)).toEqual({ first: 3, end: 4 });
    expect(moved({ first: 3, end: 5 }, "both", 99, 12)).toEqual({ first: 10, end: 12 });
    expect(spanOf({ from: 0, until: 1 }, scale)).toEqual({ first: 0, end: 1 });
  });

  it("shows what is little beside much", () => {
    const tall = heights({ from: "", allowed: 100_000, unmatched: 0, would_block: 0, blocked: 1 }, 100_001, 50);
    expect(tall.blocked).toBe(2);
    expect(tall.allowed + tall.blocked).toBeLessThanOrEqual(50);
  });
});

describe("the strip", () => {
  const root = document.createElement("div");
  document.body.append(root);
  afterEach(() => act(() => render(null, root)));

  const shown = (window: Window, change: (window: Window) => void = () => undefined) =>
    act(() => render(<Strip activity={activity} window={window} moves change={change} />, root));

  it("tells the counts of the window in words", () => {
    shown({ from: began + 900_000, until: began + 1_200_000 });
    expect(root.textContent).toContain("3 allowed, 0 without a rule, 2 would be blocked, 0 blocked");
    shown(undefined);
    expect(root.textContent).toContain("now: 66 allowed");
  });

  it("is moved with keys", () => {
    let told: Window;
    shown({ last: 900_000 }, (window) => {
      told = window;
    });
    const sliders = [...root.querySelectorAll('[role="slider"]')];
    expect(sliders.map((one) => one.getAttribute("aria-valuenow"))).toEqual(["9", "9", "12"]);
    for (const one of sliders) expect(one.getAttribute("tabindex")).toBe("0");
    const press = (at: number, key: string) =>
      sliders[at]!.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    press(0, "ArrowLeft");
    expect(told).toEqual({ from: began + 2_400_000, until: began + 3_300_000 });
    press(1, "ArrowLeft");
    expect(told).toEqual({ last: 1_200_000 });
    press(1, "Home");
    expect(told).toBeUndefined();
  });
});
