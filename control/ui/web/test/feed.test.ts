import { describe, expect, it } from "vitest";
import type { Flow } from "../src/api/types";
import { Problem } from "../src/api/client";
import { EMPTY, MOST, merged, reduce } from "../src/flows/feed";

const flow = (id: string, count = 1) => ({ id, count }) as Flow;
const ids = (rows: Flow[]) => rows.map((row) => row.id);

describe("the list of flows", () => {
  it("has the newest first, and each once", () => {
    expect(ids(merged([flow("b"), flow("c")], [flow("a")]))).toEqual(["c", "b", "a"]);
    const told = merged([flow("a", 2)], [flow("b"), flow("a", 1)]);
    expect(told.map(({ id, count }) => [id, count])).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
  });
  it("appends older pages without repeating", () => {
    const first = reduce(EMPTY, { type: "page", page: { items: [flow("c"), flow("b")], next: "x" }, fresh: true });
    const second = reduce(first, { type: "page", page: { items: [flow("b"), flow("a")] }, fresh: false });
    expect(ids(second.rows)).toEqual(["c", "b", "a"]);
    expect(second.next).toBeUndefined();
  });
  it("loses nothing that comes in while a page is loaded", () => {
    const begun = reduce(EMPTY, { type: "begin" });
    const came = reduce(begun, { type: "came", flows: [flow("z")] });
    const feed = reduce(came, { type: "page", page: { items: [flow("b"), flow("a")] }, fresh: true });
    expect(ids(feed.rows)).toEqual(["z", "b", "a"]);
    expect(ids(reduce(feed, { type: "came", flows: [flow("y")] }).rows)).toEqual(["y", "z", "b", "a"]);
  });
  it("says how many it left out", () => {
    const many = Array.from({ length: MOST + 30 }, (_, at) => flow(String(at)));
    const feed = reduce(EMPTY, { type: "came", flows: many });
    expect([feed.rows.length, feed.dropped, feed.rows[0]?.id]).toEqual([MOST, 30, String(MOST + 29)]);
  });
  it("keeps what it has when the controller is away, and drops it for a filter that is wrong", () => {
    const full = reduce(EMPTY, { type: "page", page: { items: [flow("a")] }, fresh: true });
    expect(reduce(full, { type: "failed", problem: new Problem(0, "unreachable", "") }).rows).toHaveLength(1);
    expect(reduce(full, { type: "failed", problem: new Problem(400, "malformed", "") }).rows).toHaveLength(0);
  });
});
