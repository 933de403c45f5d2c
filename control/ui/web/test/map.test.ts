import { describe, expect, it } from "vitest";
import type { MapAnswer, MapEdge, MapNode, Verdict } from "../src/api/types";
import { arrange } from "../src/map/groups/arrange";
import { edgeTerms, labelQuery, nodeTerms } from "../src/map/filter";
import { layout } from "../src/map/forces";
import { lanes, matches, totals } from "../src/map/model";
import { crowd, keep, kept, nodeSize, taskOf } from "../src/map/positions";
import { svg } from "../src/map/picture";
import { ruleText } from "../src/map/rule_text";
import { hash } from "../src/map/seed";

const node = (id: string, more: Partial<MapNode> = {}): MapNode => ({
  id,
  kind: "workloads",
  name: id,
  labels: { app: id },
  workloads: 1,
  ...more,
});
const edge = (source: string, destination: string, verdict: Verdict = "allowed", count = 1): MapEdge => ({
  id: `${source}|${destination}|${verdict}`,
  source,
  destination,
  verdict,
  count,
  first: "2026-11-28T00:00:00Z",
  last: "2026-11-28T00:00:00Z",
  services: [{ protocol: "tcp", port: 443 }],
  more_services: 0,
  kinds: 1,
});
const plainAnswer = (nodes: MapNode[], edges: MapEdge[]): MapAnswer => ({
  since: "s",
  until: "u",
  group_by: ["app"],
  nodes,
  edges,
  hidden: { nodes: 0, edges: 0 },
  warnings: [],
});

describe("lines between groups", () => {
  it("lie beside each other, none upon another", () => {
    const { between, within } = lanes([
      edge("a", "b"),
      edge("a", "b", "blocked"),
      edge("b", "a"),
      edge("c", "d"),
      edge("a", "a"),
      edge("a", "a", "blocked"),
    ]);
    const lane = (id: string) => between.find((one) => one.edge.id === id)?.lane;
    expect(lane("c|d|allowed")).toBe(0);
    // Lanes of the other direction lie on the other side.
    const places = [lane("a|b|allowed")!, lane("a|b|blocked")!, -lane("b|a|allowed")!];
    expect(new Set(places).size).toBe(3);
    expect(within.get("a")?.map((one) => one.verdict)).toEqual(["allowed", "blocked"]);
  });
  it("of one direction lie around the middle", () => {
    const { between } = lanes([edge("a", "b"), edge("a", "b", "blocked"), edge("a", "b", "unmatched")]);
    expect(between.map((one) => one.lane)).toEqual([-1, 0, 1]);
  });
  it("are drawn with the worst on top and counted", () => {
    const edges = [
      edge("a", "b", "blocked"),
      edge("c", "d"),
      edge("e", "f", "unmatched"),
      edge("g", "h", "would-block"),
    ];
    expect(lanes(edges).between.map((one) => one.edge.verdict)).toEqual([
      "unmatched",
      "allowed",
      "would-block",
      "blocked",
    ]);
    expect(totals({ edges })).toEqual({ allowed: 1, blocked: 1, unmatched: 1, "would-block": 1 });
  });
});

describe("the layout", () => {
  const nodes = ["a", "b", "c", "d", "e"].map((id) => node(id));
  const edges = [edge("a", "b"), edge("b", "c"), edge("a", "a")];
  it("is the same every time", () => {
    const task = () => taskOf({ nodes, edges }, new Map());
    expect(layout(task())).toEqual(layout(task()));
    for (const { x, y } of layout(task())) expect(Number.isFinite(x) && Number.isFinite(y)).toBe(true);
  });
  it("moves nothing that has its place", () => {
    const known = new Map([
      ["a", { x: 10, y: 20 }],
      ["b", { x: -30, y: 5 }],
    ]);
    const out = layout(taskOf({ nodes, edges }, known));
    expect(out.slice(0, 2)).toEqual([
      { x: 10, y: 20 },
      { x: -30, y: 5 },
    ]);
    expect(new Set(out.map(({ x, y }) => `${x} ${y}`)).size).toBe(5);
  });
  it("keeps groups apart", () => {
    const out = layout(taskOf({ nodes, edges }, new Map()));
    for (let one = 0; one < out.length; one += 1)
      for (let other = one + 1; other < out.length; other += 1)
        expect(Math.hypot(out[one]!.x - out[other]!.x, out[one]!.y - out[other]!.y)).toBeGreaterThan(0.5);
  });
  it("is kept, and spoiled places are forgotten", () => {
    keep("app", new Map([["a", { x: 1.23456, y: 2 }]]));
    expect(kept("app")).toEqual(new Map([["a", { x: 1.2, y: 2 }]]));
    localStorage.setItem("ringwall.map.app", '{"a":[1,null],"b":"x","c":[1,2]}');
    expect([...kept("app").keys()]).toEqual(["c"]);
  });
  it("parts names that are alike", () => {
    expect(hash("app=A1")).not.toBe(hash("app=A2"));
    expect(nodeSize(400, 1)).toBe(26);
    expect(crowd(2000)).toBeLessThan(0.2);
  });
});

describe("from a group to its flows", () => {
  it("names every key, also those it lacks", () => {
    const one = node("x", { labels: { app: "Pay ments" } });
    expect(nodeTerms(one, ["app", "env"], "from")).toBe('from.app="Pay ments" not from.env=*');
    expect(nodeTerms(node("l", { kind: "list", name: "office" }), ["app"], "to")).toBe("to.list=office");
    expect(nodeTerms(node("n", { kind: "network", name: "10.0.0.0/8" }), ["app"], "to")).toBe("to.address=10.0.0.0/8");
    expect(nodeTerms(node("i", { kind: "internet", name: "internet" }), ["app"], "from")).toBe("not from.workload=*");
    expect(nodeTerms(node("u", { kind: "unlabelled", name: "none", labels: {} }), ["app"], "")).toBe(
      "workload=* not app=*",
    );
  });
  it("names for edges what edges know", () => {
    const terms = (more: Partial<MapNode>) => edgeTerms(node("x", more), ["app", "env"], "from");
    expect(terms({ labels: { app: "A" } })).toBe("from.app=A not from.env=*");
    expect(terms({ kind: "list", name: "office" })).toBe("from.list=office");
    expect(terms({ kind: "network", name: "10.0.0.0/8" })).toBe("");
    expect(terms({ kind: "internet" })).toBe("");
    expect(terms({ kind: "unlabelled" })).toBe("not from.app=* not from.env=*");
  });
  it("quotes values of a label query", () => {
    expect(labelQuery(node("x", { labels: { app: "a,b", env: "Test" } }))).toBe('app="a,b",env=Test');
  });
  it("finds by name, label and id", () => {
    expect(matches(node("x", { name: "Payments, Production" }), "paym")).toBe(true);
    expect(matches(node("x", { labels: { app: "Billing" } }), "BILL")).toBe(true);
    expect(matches(node("x"), "nothing")).toBe(false);
  });
});

describe("the picture", () => {
  const colours = {
    verdict: { allowed: "#2e7d32", "would-block": "#f9a825", blocked: "#c62828", unmatched: "#757575" },
    node: { workloads: "#123456", unlabelled: "#1", list: "#2", network: "#3", internet: "#4" },
    text: "#000",
    back: "#fff",
    faded: "#ccc",
    accent: "#00f",
    hull: "#eef",
    hullInner: "#dde",
    hullLine: "#bbc",
  };
  const answer = (nodes: MapNode[], edges: MapEdge[]) =>
    arrange(plainAnswer(nodes, edges), { shut: [], open: new Map() });
  it("is well-formed, with names as text and lines by verdict", () => {
    const evil = node("a", { name: '<script>alert(1)</script>&"\u202e' });
    const out = svg(
      answer([evil, node("b")], [edge("a", "b", "blocked"), edge("a", "a", "would-block")]),
      new Map([
        ["a", { x: 0, y: 0 }],
        ["b", { x: 10, y: 0 }],
      ]),
      colours,
    );
    const parsed = new DOMParser().parseFromString(out, "image/svg+xml");
    expect(parsed.querySelector("script")).toBeNull();
    expect(out).not.toContain("<script");
    expect(out).not.toContain("\u202e");
    expect(out).toContain('stroke-dasharray="3 4"');
    expect(out).toContain('stroke-dasharray="9 5"');
    expect(out).not.toMatch(/NaN|Infinity|style=/);
  });
  it("of one group alone has finite numbers", () => {
    expect(svg(answer([node("a")], []), new Map([["a", { x: 5, y: 5 }]]), colours)).not.toMatch(/NaN|Infinity/);
  });
});

describe("a rule for a connection", () => {
  const row = (more: object = {}) =>
    ({
      source: { kind: "workloads", name: "Web", labels: { role: "Web Server", env: "no" } },
      destination: {
        kind: "workloads",
        name: "App",
        labels: { role: "App" },
        process: "/usr/bin/python3",
        shown: "echo.service",
      },
      protocol: "tcp",
      port: 8080,
      ...more,
    }) as never;
  it("names both ends, the service and its program, and quotes what YAML would misread", () => {
    expect(ruleText(row())).toBe(
      '- name: web-server-to-app-8080\n  action: allow\n  scope: extra\n  from: [{role: "Web Server", env: "no"}]\n  to: [{role: App}]\n  services: [{proto: tcp, ports: [8080], process: {unit: echo.service}}]\n',
    );
  });
  it("is not offered for what no rule names tightly", () => {
    expect(ruleText(row({ source: { kind: "internet", name: "internet" } }))).toBeUndefined();
    expect(ruleText(row({ source: { kind: "list", name: "office" } }))).toContain("from: [{list: office}]");
  });
});
