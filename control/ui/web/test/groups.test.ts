import { describe, expect, it } from "vitest";
import type { Flow, MapAnswer, MapEdge, MapNode, Verdict, Workload } from "../src/api/types";
import { arrange, appsOf, foldedId, MOST_OPEN } from "../src/map/groups/arrange";
import { expansions, groupId, moreId, workloadId } from "../src/map/groups/expansion";
import { listed } from "../src/map/groups/folds";
import { convexHull, seats } from "../src/map/groups/hull_shape";
import { labelQuery, nodeTerms } from "../src/map/filter";
import { matches } from "../src/map/model";

const group = (app: string, role: string, workloads = 3): MapNode => ({
  id: `app=${app},role=${role}`,
  kind: "workloads",
  name: `${app}, ${role}`,
  labels: { app, role },
  workloads,
});

const edge = (source: MapNode, destination: MapNode, verdict: Verdict = "allowed", count = 1): MapEdge => ({
  id: `${source.id} ${destination.id} ${verdict}`,
  source: source.id,
  destination: destination.id,
  verdict,
  count,
  first: "2026-11-28T08:00:00Z",
  last: "2026-11-28T08:30:00Z",
  services: [{ protocol: "tcp", port: 443 }],
  more_services: 0,
  kinds: 1,
});

const web = group("Pay", "Web");
const app = group("Pay", "App");
const crm = group("CRM", "Web");
const list: MapNode = { id: "list:office", kind: "list", name: "office" };

const answer: MapAnswer = {
  since: "",
  until: "",
  group_by: ["app", "role"],
  nodes: [web, app, crm, list],
  edges: [edge(list, web, "allowed", 4), edge(web, app), edge(crm, app), edge(crm, web), edge(crm, web, "blocked")],
  hidden: { nodes: 0, edges: 0 },
  warnings: [],
};
const NONE = { shut: [], open: new Map() };

describe("apps with several groups", () => {
  it("have a hull, those with one group have none", () => {
    expect([...appsOf(answer)]).toEqual([["Pay", 2]]);
    expect(arrange(answer, NONE).hulls).toEqual([
      { id: "app Pay", name: "Pay", kind: "app", members: [web.id, app.id] },
    ]);
    expect(arrange({ ...answer, group_by: ["app"] }, NONE).hulls).toEqual([]);
  });

  it("fold to one node, whose lines are the sums of theirs", () => {
    const drawn = arrange(answer, { ...NONE, shut: ["Pay", "nobody"] });
    const id = foldedId("Pay");
    expect(drawn.nodes.map((node) => node.id)).toEqual([crm.id, list.id, id]);
    expect(drawn.nodes[2]).toMatchObject({ name: "Pay", workloads: 6, labels: { app: "Pay" } });
    expect(drawn.edges.map(({ source, destination, verdict, count }) => [source, destination, verdict, count])).toEqual(
      [
        [list.id, id, "allowed", 4],
        [id, id, "allowed", 1],
        [crm.id, id, "allowed", 2],
        [crm.id, id, "blocked", 1],
      ],
    );
    expect(drawn.edges[2]!.services).toHaveLength(1);
    expect(drawn.hulls).toEqual([]);
    expect(matches(drawn.nodes[2]!, "pay, app")).toBe(true);
    expect(nodeTerms(drawn.nodes[2]!, answer.group_by, "to")).toBe("to.app=Pay");
  });
});

const workload = (name: string): Workload => ({ metadata: { name }, spec: { labels: { app: "Pay", role: "App" } } });

const flow = (from: object, to: object, more: Partial<Flow> = {}): Flow =>
  ({
    id: "1",
    started: "2026-11-28T08:00:00Z",
    time: "2026-11-28T08:01:00Z",
    count: 2,
    verdict: "allowed",
    reason: "",
    rules: [],
    direction: "outbound",
    protocol: "tcp",
    port: 8080,
    source: { address: "10.0.0.1", ...from },
    destination: { address: "10.0.1.5", ...to },
    subject: "",
    ...more,
  }) as Flow;

const WEB = { workload: "web-1", labels: { app: "Pay", role: "Web", env: "P" } };
const APP = { workload: "app-1", labels: { app: "Pay", role: "App" } };
const APP9 = { ...APP, workload: "app-9" };

const open = (flows: Flow[], more: object = {}) =>
  expansions(
    [
      {
        node: app,
        workloads: { items: [workload("app-1"), workload("app-2")], total: 5 },
        flows: { items: flows, ...more },
      },
    ],
    answer,
  );

describe("a group unfolded", () => {
  it("has its workloads, and one for those that are not drawn one by one", () => {
    const drawn = arrange(answer, { shut: [], open: open([]) });
    expect(drawn.nodes.map((node) => node.id)).toEqual([
      web.id,
      workloadId("app-1"),
      workloadId("app-2"),
      moreId(app.id),
      crm.id,
      list.id,
    ]);
    expect(drawn.cut).toEqual(["Pay, App: 2 workloads of 5 drawn one by one"]);
    expect(drawn.hulls.map(({ kind, members }) => [kind, members.length])).toEqual([
      ["app", 4],
      ["group", 3],
    ]);
    expect(nodeTerms(drawn.nodes[1]!, answer.group_by, "from")).toBe("from.workload=app-1");
  });

  it("tells when no more fit beside it", () => {
    const seven = new Map([...Array(MOST_OPEN - 1).keys()].map((i) => [`app=${i}`, { nodes: [], edges: [], cut: [] }]));
    expect(arrange(answer, { shut: [], open: seven }).cut).toEqual([]);
    seven.set("app=7", { nodes: [], edges: [], cut: [] });
    expect(arrange(answer, { shut: [], open: seven }).cut).toEqual([expect.stringContaining("8 groups are unfolded")]);
  });

  it("has lines of flows: each connection once, the worse of what both ends said", () => {
    const flows = [
      flow(WEB, APP),
      flow(WEB, APP, { direction: "inbound", verdict: "blocked" }),
      flow(WEB, APP9),
      flow({ lists: ["office"] }, APP, { port: 22 }),
      flow({ address: "192.0.2.1" }, APP),
      flow(WEB, { workload: "x", labels: { app: "CRM", role: "Web" } }),
    ];
    const drawn = arrange(answer, { shut: [], open: open(flows, { next: "more" }) });
    const lines = drawn.edges.filter((one) => one.ofFlows);
    expect(lines.map(({ source, destination, verdict, count }) => [source, destination, verdict, count])).toEqual([
      [web.id, workloadId("app-1"), "blocked", 2],
      [web.id, moreId(app.id), "allowed", 2],
      [list.id, workloadId("app-1"), "allowed", 2],
    ]);
    expect(drawn.cut[1]).toBe("Pay, App: lines of the newest 6 flows");
    expect(drawn.edges.some((one) => one.source === app.id || one.destination === app.id)).toBe(false);
  });

  it("is hidden in its app when that is folded", () => {
    const drawn = arrange(answer, { shut: ["Pay"], open: open([flow(WEB, APP)]) });
    expect(drawn.nodes.map((node) => node.id)).toEqual([crm.id, list.id, foldedId("Pay")]);
    expect(drawn.edges.every((one) => !one.ofFlows)).toBe(true);
  });

  it("is asked for by labels, absent ones too", () => {
    expect(labelQuery({ ...app, labels: { app: "Pay" } }, ["app", "role"])).toBe("app=Pay,!role");
    expect(groupId({ role: "Web", app: "Pay" }, ["app", "role"])).toBe(web.id);
    expect(groupId({}, ["app"])).toBe("unlabelled");
  });
});

describe("places", () => {
  it("of what was there stay; what comes lies where it came from", () => {
    const places = new Map([
      [web.id, { x: 0, y: 0 }],
      [app.id, { x: 100, y: 0 }],
      [crm.id, { x: 0, y: 100 }],
      [list.id, { x: -100, y: 0 }],
    ]);
    const folded = seats(arrange(answer, { ...NONE, shut: ["Pay"] }), places);
    expect(folded.get(foldedId("Pay"))).toEqual({ x: 50, y: 0 });
    const unfolded = seats(arrange(answer, { shut: [], open: open([]) }), places);
    for (const [id, at] of places) expect(unfolded.get(id)).toEqual(at);
    for (const id of [workloadId("app-1"), moreId(app.id)]) {
      const { x, y } = unfolded.get(id)!;
      expect(Math.hypot(x - 100, y)).toBeLessThan(45);
    }
  });

  it("have the hull of those at the rim", () => {
    const square = [
      { x: 0, y: 0 },
      { x: 4, y: 0 },
      { x: 4, y: 4 },
      { x: 0, y: 4 },
    ];
    expect(convexHull([...square, { x: 2, y: 2 }, { x: 2, y: 0 }])).toEqual(square);
    expect(convexHull([{ x: 1, y: 1 }])).toEqual([{ x: 1, y: 1 }]);
  });
});

describe("the address", () => {
  it("may hold anything", () => {
    expect(listed('["a","b,c"]')).toEqual(["a", "b,c"]);
    for (const text of ["", "x", "{}", "[1]"]) expect(listed(text)).toEqual([]);
  });
});
