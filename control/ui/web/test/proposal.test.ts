import { describe, expect, it } from "vitest";
import type { Rule, RuleSet } from "../src/api/types";
import { intoDraft, percent, proposedRules, ticked, yamlOf } from "../src/policy/proposal";

const rule = (name: string, port = 8080): Rule => ({
  name,
  action: "allow",
  scope: "intra",
  from: [{ role: "Web" }],
  to: [{ role: "App Server" }],
  services: [{ proto: "tcp", ports: [port], process: { unit: "echo.service" } }],
});
const set = (name: string, rules: Rule[], app = "Payments", revision?: number): RuleSet => ({
  metadata: { name, ...(revision === undefined ? {} : { revision }) },
  spec: { scopes: [{ app, env: "Production" }], rules },
});
const written = (sets: object[]) => sets as (RuleSet & { apiVersion: string; kind: string })[];

describe("proposed rules", () => {
  const sets = [set("proposed-a", [rule("one"), rule("two")]), set("proposed-b", [rule("one")])];
  it("come with their evidence, in the order of the answer", () => {
    const evidence = (name: string) => ({
      rule: name,
      connections: 3,
      edges: 1,
      first_seen: "f",
      last: "l",
      risks: ["seen once only"],
    });
    const rules = ["proposed-b/one", "proposed-a/two", "nobody/knows"].map(evidence);
    const found = proposedRules({ rules, rule_sets: sets });
    expect(found.map((one) => [one.rule, one.set.metadata.name, one.body.name])).toEqual([
      ["proposed-b/one", "proposed-b", "one"],
      ["proposed-a/two", "proposed-a", "two"],
    ]);
  });
  it("are left out one by one, with the set that becomes empty", () => {
    const left = ticked(sets, new Set(["proposed-a/one", "proposed-b/one"]));
    expect(left.map((one) => [one.metadata.name, one.spec.rules.map(({ name }) => name)])).toEqual([
      ["proposed-a", ["two"]],
    ]);
  });
  it("are YAML that quotes what has to be quoted", () => {
    expect(yamlOf([set("proposed-a", [rule("one")], 'P: "x"\n')])).toBe(
      [
        "---",
        "apiVersion: ringwall/v1",
        "kind: RuleSet",
        "metadata: {name: proposed-a}",
        "spec:",
        '  scopes: [{app: "P: \\"x\\"\\n", env: Production}]',
        "  rules:",
        "  - name: one",
        "    action: allow",
        "    scope: intra",
        "    from: [{role: Web}]",
        '    to: [{role: "App Server"}]',
        "    services: [{proto: tcp, ports: [8080], process: {unit: echo.service}}]",
        "",
      ].join("\n"),
    );
  });
});

describe("coverage", () => {
  it("is never told higher than it is, nor as nothing", () => {
    expect([
      percent(0, 10),
      percent(0, 0),
      percent(1, 1000),
      percent(1, 3),
      percent(99_999, 100_000),
      percent(7, 7),
    ]).toEqual(["0 %", "0 %", "under 1 %", "33 %", "99 %", "100 %"]);
  });
});

describe("into the draft", () => {
  it("comes what is new, and only where nobody has written meanwhile", () => {
    const [one] = written(intoDraft([set("proposed-a", [rule("one")])], []));
    expect(one).toMatchObject({ apiVersion: "ringwall/v1", kind: "RuleSet" });
    expect(one!.metadata).toEqual({ name: "proposed-a", revision: 0 });
    expect(one!.spec.rules).toEqual([rule("one")]);
  });
  it("keeps what the draft's set has, and adds no rule twice", () => {
    const { scope: _, ...usual } = rule("mine");
    const draft = [set("proposed-a", [usual, rule("one", 1)], "Payments", 17)];
    const [one] = written(intoDraft([set("proposed-a", [rule("one"), rule("one-2", 9)])], draft));
    expect(one!.metadata.revision).toBe(17);
    expect(one!.spec.rules.map(({ name, services }) => [name, services[0]!.ports])).toEqual([
      ["mine", [8080]],
      ["one", [1]],
      ["one-2", [9]],
    ]);
  });
  it("renames a rule whose name has another meaning there", () => {
    const draft = [set("proposed-a", [rule("one", 1)], "Payments", 17)];
    const [one] = written(intoDraft([set("proposed-a", [rule("one")])], draft));
    expect(one!.spec.rules.map(({ name }) => name)).toEqual(["one", "one-2"]);
  });
  it("leaves a set of another scope alone", () => {
    const draft = [set("proposed-a", [rule("one")], "Billing", 3)];
    const [one] = written(intoDraft([set("proposed-a", [rule("one")])], draft));
    expect(one!.metadata).toEqual({ name: "proposed-a-2", revision: 0 });
  });
});
