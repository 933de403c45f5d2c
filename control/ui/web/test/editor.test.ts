import { describe, expect, it } from "vitest";
import type { Fault, RuleSet } from "../src/api/types";
import { anchors, below, counted, placed } from "../src/policy/editor/faults";
import { labelsOf, programsOf } from "../src/policy/editor/known";
import {
  exceptions,
  kindOf,
  labelRows,
  newRule,
  ofKind,
  portList,
  portText,
  sent,
  serviceKind,
  serviceOf,
  withExceptions,
  withLabels,
  type Draft,
} from "../src/policy/editor/model";
import { parsed, unread } from "../src/policy/editor/parse";
import { differencesOf } from "../src/policy/editor/writing";
import { setYaml } from "../src/policy/proposal";
import { sentence } from "../src/policy/sentences";
import { offered, tokenOf, withToken } from "../src/ui/offers";

const draft: Draft = {
  name: "payments",
  spec: {
    scopes: [{ app: "Payments" }],
    rules: [
      {
        name: "web-to-app",
        action: "allow",
        from: [{ role: ["Web", "Batch"], process: { unit: "nginx.service" } }],
        to: [{ role: "App", not: { env: "Test" } }],
        services: [{ proto: "tcp", ports: [80, "8000-8080"] }],
      },
    ],
  },
};

const fault = (pointer: string, more: Partial<Fault> = {}): Fault => ({
  pointer,
  sentence: "s",
  warning: false,
  ...more,
});

describe("labels of a selector", () => {
  it("come apart and together again, with what stands beside them", () => {
    const [from] = draft.spec.rules[0]!.from;
    expect(labelRows(from!)).toEqual([["role", ["Web", "Batch"]]]);
    expect(withLabels(from!, labelRows(from!))).toEqual(from);
    expect(
      withLabels(from!, [
        ["role", ["Web"]],
        ["", ["x"]],
        ["env", [""]],
      ]),
    ).toEqual({
      role: "Web",
      env: "",
      process: { unit: "nginx.service" },
    });
  });

  it("have exceptions, one or several", () => {
    expect(exceptions({ not: { env: "Test" } })).toEqual([{ env: "Test" }]);
    expect(withExceptions({ role: "App" }, [{ env: "Test" }])).toEqual({ role: "App", not: { env: "Test" } });
    expect(withExceptions({ role: "App", not: { env: "Test" } }, [])).toEqual({ role: "App" });
  });

  it("give way to another kind; the program stays", () => {
    const process = { path: "/bin/a" };
    for (const kind of ["any", "all", "list", "workload", "labels"] as const)
      expect(kindOf(ofKind(kind, process))).toBe(kind);
    expect(ofKind("any", process)).toEqual({ any: true, process });
  });
});

describe("services", () => {
  it("take ports as they are typed", () => {
    expect(portList(" 80, 8000-8080,, x")).toEqual([80, "8000-8080", "x"]);
    expect(portText([80, "8000-8080"])).toBe("80, 8000-8080");
  });

  it("change their kind without what does not belong there", () => {
    expect(serviceOf("service", { proto: "tcp", ports: [1], process: { user: "a" } })).toEqual({
      service: "",
      process: { user: "a" },
    });
    expect(serviceOf("udp", { proto: "tcp", ports: [53] })).toEqual({ proto: "udp", ports: [53] });
    expect(serviceOf("icmp", { proto: "tcp", ports: [53] })).toEqual({ proto: "icmp" });
    expect(serviceKind({ proto: 47 })).toBe("number");
  });

  it("mean all ports without any", () => {
    const rules = [newRule([])];
    expect(JSON.stringify(sent({ name: "x", spec: { rules } }))).not.toContain("ports");
    expect(sentence(rules[0]!)).toBe("Every workload may connect to every workload, TCP on every port.");
    expect(newRule(rules).name).toBe("new-rule-2");
  });
});

describe("YAML", () => {
  it("says the same there and back", async () => {
    const text = setYaml({ metadata: { name: draft.name }, spec: draft.spec });
    expect(await parsed(text)).toEqual(draft);
  });

  it("holds what would act as an escape, and no rules as an empty list", async () => {
    const odd: Draft = { name: "x", spec: { rules: [], scopes: [{ app: "\u202egnp \u{e0041} no" }] } };
    const text = setYaml({ metadata: { name: odd.name }, spec: odd.spec });
    expect(text).toContain('"\\u202Egnp \\U000E0041 no"');
    expect(text).toContain("rules: []");
    expect(await parsed(text)).toEqual(odd);
  });

  it("tells the line, or what is missing", async () => {
    expect(await parsed("apiVersion: [\n")).toMatchObject({ line: 2 });
    const none = await parsed(
      "apiVersion: ringwall/v1\nkind: RuleSet\nmetadata: {name: a}\nspec: {rules: [{name: b}]}\n",
    );
    expect(unread(none) && none.sentence).toBe("rule 1 needs an action.");
    for (const text of ["", "a", "kind: RuleSet", "- a"]) expect(unread(await parsed(text))).toBe(true);
    const times = await parsed(
      setYaml({
        metadata: { name: "t" },
        spec: { rules: [{ ...draft.spec.rules[0]!, expires: "2026-12-01T12:00:00Z" }] },
      }),
    );
    expect(!unread(times) && times.spec.rules[0]!.expires).toBe("2026-12-01T12:00:00Z");
  });
});

describe("faults", () => {
  it("stand at the deepest field that there is", () => {
    const faults = placed(
      [
        fault("/spec/rules/0/from/0/role/1"),
        fault("/spec/rules/web-to-app/services/0/ports"),
        fault("/spec/rules/7/name"),
        fault("/spec/labels", { kind: "Workload", name: "w" }),
      ],
      draft,
    );
    expect([...faults.keys()].sort()).toEqual(["", "/spec/rules/0/from/0", "/spec/rules/0/services/0"]);
    expect(below(faults, "/spec/rules/0")).toHaveLength(2);
    expect(anchors(draft).has("/spec/scopes/0")).toBe(true);
    expect(counted("/spec/rules/nobody/to", draft.spec.rules)).toBe("/spec/rules/nobody/to");
  });
});

describe("what changed meanwhile", () => {
  it("is told rule by rule", () => {
    const after: RuleSet["spec"] = { rules: [{ ...draft.spec.rules[0]!, action: "deny" }, newRule([])] };
    expect(differencesOf(draft.spec, after).map(({ pointer, kind }) => [pointer, kind])).toEqual([
      ["/spec/scopes", "removed"],
      ["/spec/rules/web-to-app", "changed"],
      ["/spec/rules/new-rule", "added"],
    ]);
    expect(differencesOf(after, after)).toEqual([]);
  });
});

describe("offers", () => {
  it("are what begins so, then what holds it, then what is said of it", () => {
    const options = [{ value: "a-web" }, { value: "Web" }, { value: "x", hint: "web" }, { value: "y" }];
    expect(offered(options, "we").items.map(({ value }) => value)).toEqual(["Web", "a-web", "x"]);
    expect(offered(options, "Web").items).toEqual([]);
    expect(
      offered(
        Array.from({ length: 50 }, (_, at) => ({ value: `v${at}` })),
        "",
      ),
    ).toMatchObject({ more: 20 });
    expect(withToken("80, 44", "443")).toBe("80, 443");
    expect(tokenOf("80, 44")).toBe("44");
  });

  it("come from the fleet", () => {
    const { keys, values } = labelsOf([
      { spec: { labels: { role: "Web" } } },
      { spec: { labels: { role: "Web", env: "P" } } },
    ]);
    expect(keys.map(({ value }) => value)).toEqual(["role", "env"]);
    expect(values.get("role")).toEqual([{ value: "Web", hint: "2 workloads" }]);
    const seen = programsOf(
      [
        {
          source: { kind: "workloads", name: "", process: "/usr/bin/curl", user: "web" },
          destination: { kind: "workloads", name: "", unit: "echo.service" },
          protocol: "tcp",
          port: 8080,
        },
      ],
      [{ protocol: "udp", port: 53, process: { path: "/usr/sbin/named" } }],
    );
    expect(seen.connecting.get("user")).toEqual([{ value: "web", hint: "connected to TCP 8080" }]);
    expect(seen.serving.get("unit")).toEqual([{ value: "echo.service", hint: "served TCP 8080" }]);
    expect(seen.serving.get("name")).toEqual([{ value: "named", hint: "listens on UDP 53" }]);
    expect(seen.ports.get("udp")?.[0]?.value).toBe("53");
  });
});
