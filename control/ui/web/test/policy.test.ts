import { describe, expect, it } from "vitest";
import type { Agent, Mode, Rule, Workload } from "../src/api/types";
import { differenceWords } from "../src/policy/differences";
import { scopeWords, sentence, useWords } from "../src/policy/sentences";
import { progress, step, wouldBlock } from "../src/progress/apps";

const rule = (more: Partial<Rule>): Rule => ({
  name: "r",
  action: "allow",
  from: [{ role: "Web" }],
  to: [{ role: "Database" }],
  services: [{ proto: "tcp", ports: [5432] }],
  ...more,
});

describe("a rule as a sentence", () => {
  it("says who may reach whom, on what, served by which program", () => {
    const one = rule({
      services: [
        { proto: "tcp", ports: [5432], process: { path: "/usr/lib/postgresql/15/bin/postgres", user: "postgres" } },
      ],
    });
    expect(sentence(one, [{ app: "Payments", env: "Production" }])).toBe(
      "Role Web in Payments Production may connect to role Database, TCP 5432, served by /usr/lib/postgresql/15/bin/postgres, user postgres.",
    );
  });
  it("says what is denied, and how strongly", () => {
    expect(sentence(rule({ action: "deny", from: [{ any: true }] }))).toBe(
      "Every address may not connect to role Database, TCP 5432.",
    );
    expect(sentence(rule({ action: "override-deny", to: [{ all: true }], services: [{ proto: "any" }] }))).toBe(
      "Role Web may never connect to every workload, any protocol.",
    );
  });
  it("knows every selector and service", () => {
    const from = [
      { role: ["Web", "App"], not: { env: "Test" } },
      { list: "office" },
      { workload: "db-1", process: { unit: "psql.service" } },
      { group: "pci" },
    ];
    expect(
      sentence(
        rule({ from, services: [{ service: "dns" }, { proto: "udp" }, { proto: "icmp", types: [8] }, { proto: 47 }] }),
      ),
    ).toBe(
      "Role Web or App except env Test or the addresses of office or workload db-1 running unit psql.service or group pci may connect to role Database, service dns or UDP on every port or ICMP 8 or protocol 47.",
    );
  });
  it("says when it ends and where it holds", () => {
    expect(sentence(rule({ expires: "2026-12-01T12:00:00Z" }))).toContain(", until 2026-12-01T12:00:00Z.");
    expect(scopeWords([{ app: "A" }, { app: "B", env: "Test" }])).toBe("A, or B Test");
    expect(sentence(rule({ scope: "extra" }), [{ app: "A" }])).not.toContain("in A");
  });
});

describe("the use of a rule", () => {
  const use = { rule: "a/b", edges: 1, findings: [] };
  it("is told with its last time, and also where there was none", () => {
    const now = Date.parse("2026-11-28T12:00:00Z");
    expect(useWords({ ...use, hits: 1200, last: "2026-11-28T09:00:00Z" }, now)).toBe(
      "decided 1,200 connections in the last 30 days, the last 3 h ago",
    );
    expect(useWords({ ...use, hits: 0 }, now)).toBe("decided nothing in the last 30 days");
  });
});

describe("a difference", () => {
  it("is read field by field, rules as sentences", () => {
    expect(
      differenceWords({ pointer: "/spec/rules/web~1a/action", kind: "changed", before: "allow", after: "deny" }),
    ).toEqual({ field: "rules › web/a › action", before: "allow", after: "deny" });
    expect(differenceWords({ pointer: "/spec/rules/r", kind: "added", after: rule({}) }).after).toBe(
      "Role Web may connect to role Database, TCP 5432.",
    );
    expect(differenceWords({ pointer: "/spec/scopes", kind: "reordered" }).after).toBe("in another order");
  });
});

describe("progress", () => {
  const workload = (name: string, mode: Mode, app?: string): Workload => ({
    metadata: { name },
    spec: { mode, labels: app ? { app } : {} },
  });
  const agent = (name: string, presence: Agent["presence"] = "online") => ({ name, presence }) as Agent;
  it("counts modes by application and names what blocks", () => {
    const apps = progress(
      [
        workload("a", "full", "Pay"),
        workload("b", "visibility", "Pay"),
        workload("c", "full", "Done"),
        workload("d", "idle"),
      ],
      [agent("a"), agent("b", "silent"), agent("c"), agent("d")],
      {
        wouldBlock: new Map([
          ["Pay", 3],
          ["Done", 2],
        ]),
      },
    );
    expect(apps.map(({ app }) => app)).toEqual(["Done", "Pay", ""]);
    expect(apps[1]).toMatchObject({
      workloads: 2,
      modes: { full: 1, visibility: 1 },
      blockers: ["1 without an agent that is online", "3 connections of the last day would be blocked"],
    });
    expect(apps[0]?.blockers).toEqual([]);
    expect(apps[2]?.blockers).toEqual(["they have no app label"]);
    expect(apps.map(({ modes }) => step(modes))).toEqual(["done", "next: selective or full", "next: visibility"]);
  });
  it("counts an edge inside an application once", () => {
    const nodes = [{ id: "x", labels: { app: "A" } }, { id: "y", labels: { app: "B" } }, { id: "z" }];
    const edge = (source: string, destination: string) => ({ source, destination, count: 5 }) as never;
    expect(wouldBlock([edge("x", "x"), edge("x", "y"), edge("z", "y")], nodes)).toEqual(
      new Map([
        ["A", 10],
        ["B", 10],
      ]),
    );
  });
});
