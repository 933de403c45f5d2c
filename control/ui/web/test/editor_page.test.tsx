import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Rule } from "../src/api/types";
import { EditorPage } from "../src/policy/editor/page";
import { hash } from "../src/router";
import { identity } from "../src/state/session";

const rule = (name: string): Rule => ({
  name,
  action: "allow",
  from: [{ role: "Web" }],
  to: [{ role: "App" }],
  services: [{ proto: "tcp", ports: [8080] }],
});

let root: HTMLElement;
let there: { revision: number; rules: Rule[] };
let written: { headers: Record<string, string>; body: { spec: { rules: Rule[] } } }[];

/** A controller with one rule set, that takes a change only on top of what it has. */
function controller(url: string, init: RequestInit): [number, unknown] {
  if (!url.includes("rule-sets/payments")) return [404, { code: "not_found", detail: "no" }];
  const document = { metadata: { name: "payments", revision: there.revision }, spec: { rules: there.rules } };
  if (init.method === "GET") return [200, document];
  const headers = init.headers as Record<string, string>;
  if (headers["If-Match"] !== `"${there.revision}"`) return [412, { code: "stale", detail: "it is another revision" }];
  const body = JSON.parse(String(init.body));
  if (!url.includes("dry_run")) {
    written.push({ headers, body });
    there = { revision: there.revision + 1, rules: body.spec.rules };
  }
  const edit = { kind: "RuleSet", name: "payments", outcome: "changed", revision: there.revision, differences: [] };
  return [200, { edits: [edit], warnings: [] }];
}

beforeEach(() => {
  there = { revision: 7, rules: [rule("a")] };
  written = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const [status, body] = controller(url, init);
    return new Response(JSON.stringify(body), { status });
  });
  identity.value = { name: "e", role: "editor", rights: ["read", "edit"] };
  hash.value = "#/policy/edit/payments";
  root = document.createElement("div");
  document.body.append(root);
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
  identity.value = null;
  vi.unstubAllGlobals();
});

const settle = (pause = 20) => act(() => new Promise((done) => setTimeout(done, pause)));
const TRIED = 500;

function click(name: string) {
  const button = [...root.querySelectorAll("button")].find((one) => one.textContent?.includes(name));
  expect(button, name).toBeTruthy();
  act(() => button!.click());
}

async function opened() {
  act(() => render(<EditorPage />, root));
  await settle();
  await settle();
}

describe("the editor", () => {
  it("writes on top of what was read, and goes on from what it wrote", async () => {
    await opened();
    click("Add a rule");
    await settle(TRIED);
    expect(root.textContent).toContain("Would be changed.");
    click("Save into the draft");
    await settle();
    expect(written[0]!.headers["If-Match"]).toBe('"7"');
    expect(written[0]!.body.spec.rules.map(({ name }) => name)).toEqual(["a", "new-rule"]);
    expect(root.textContent).toContain("Saved.");
    click("Add a rule");
    await settle(TRIED);
    click("Save into the draft");
    await settle();
    expect(written[1]!.headers["If-Match"]).toBe('"8"');
  });

  it("tells what another one changed, writes nothing meanwhile, and keeps what is wanted", async () => {
    await opened();
    there = { revision: 9, rules: [rule("a"), rule("theirs")] };
    click("Add a rule");
    await settle(TRIED);
    await settle();
    expect(root.textContent).toContain("Somebody else changed this rule set meanwhile.");
    expect(root.textContent).toContain("rules › theirs added");
    const save = [...root.querySelectorAll("button")].find((one) => one.textContent === "Save into the draft")!;
    expect(save.disabled).toBe(true);
    expect(written).toEqual([]);
    click("Keep mine");
    await settle(TRIED);
    click("Save into the draft");
    await settle();
    expect(written[0]!.headers["If-Match"]).toBe('"9"');
    expect(written[0]!.body.spec.rules.map(({ name }) => name)).toEqual(["a", "new-rule"]);
  });

  it("is not there for who may not edit", async () => {
    identity.value = { name: "v", role: "viewer", rights: ["read"] };
    await opened();
    expect(root.textContent).toContain("Your role may read rules, not change them.");
    expect(root.querySelector("input, textarea, button")).toBeNull();
  });
});
