import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ExposurePart, words } from "../src/progress/exposure";
import { identity } from "../src/state/session";
import { Reachable } from "../src/workloads/reach";
import { SuggestionsPart } from "../src/workloads/suggestions";

const EVIL = "<img src=x onerror=alert(1)>\u202e";
let root: HTMLElement;
let asked: { url: string; init: RequestInit }[];
let answers: Record<string, (init: RequestInit) => [number, unknown]>;

beforeEach(() => {
  asked = [];
  answers = {};
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    const key = `${init.method} ${url.replace("/api/v1/", "")}`;
    const [status, body] = answers[key]?.(init) ?? [404, { code: "not_found", detail: "there is no such page" }];
    return new Response(JSON.stringify(body), { status });
  });
  root = document.createElement("div");
  document.body.append(root);
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
  identity.value = null;
  vi.unstubAllGlobals();
});

const settle = () => act(() => new Promise((done) => setTimeout(done, 10)));

async function shown(what: preact.VNode) {
  act(() => render(what, root));
  await settle();
}

async function click(name: string) {
  const button = [...root.querySelectorAll("button")].find((one) => one.textContent?.includes(name));
  expect(button, name).toBeTruthy();
  act(() => button!.click());
  await settle();
}

describe("what may reach a workload", () => {
  const rule = {
    rule: "payments/web-to-app",
    action: "allow",
    peers: { words: "role=Web", workloads: 1 },
    services: ["tcp 8080"],
    processes: ["echo.service"],
    peer_processes: [],
    words: `Web (1 workload) may reach tcp 8080 of ${EVIL} here`,
  };

  it("is said in words, with what happens to everything else", async () => {
    answers["GET workloads/app%201/rules"] = () => [
      200,
      {
        workload: "app 1",
        mode: "full",
        version: 3,
        inbound: [rule],
        outbound: [],
        otherwise: { inbound: "Nothing else may reach it.", outbound: "It may reach nothing else." },
      },
    ];
    await shown(<Reachable name="app 1" />);
    expect(root.querySelector("img")).toBeNull();
    expect(root.textContent).toContain("By version 3, in mode full");
    expect(root.textContent).toContain("programs here: echo.service");
    expect(root.textContent).toContain("It may reach nothing else.");
    expect(root.querySelector(".rule-allow a")?.getAttribute("href")).toContain("set=payments");
  });

  it("is left out where the controller does not tell it", async () => {
    await shown(<Reachable name="app-1" />);
    expect(root.textContent).toBe("");
  });
});

describe("suggested labels", () => {
  const suggestion = {
    workload: "dns-9",
    kind: "unlabelled",
    labels: {},
    suggested: { role: "DNS" },
    score: 0.839,
    like: 4,
    evidence: [`named listens on udp 53 ${EVIL}`],
  };
  const workload = { metadata: { name: "dns-9", revision: 17 }, spec: { labels: { env: "P" }, mode: "full" } };
  const editor = () => {
    identity.value = { name: "e", role: "editor", rights: ["read", "edit"] };
    answers["GET suggestions"] = () => [200, { items: [suggestion], considered: 9, hidden: 2 }];
    answers["GET workloads/dns-9"] = () => [200, workload];
  };

  it("come with evidence, and no button for who may not set them", async () => {
    editor();
    identity.value = { name: "v", role: "viewer", rights: ["read"] };
    await shown(<SuggestionsPart />);
    expect(root.textContent).toContain("3 suggestions of labels, from 9 workloads compared");
    expect(root.textContent).toContain("83 % alike to 4 workloads");
    expect(root.querySelector("img, button")).toBeNull();
  });

  it("are set after a question, only on top of what was seen, beside the labels that are there", async () => {
    editor();
    answers["PUT workloads/dns-9"] = () => [200, { edits: [], warnings: [] }];
    await shown(<SuggestionsPart />);
    await click("Set these labels…");
    expect(asked.some(({ init }) => init.method === "PUT")).toBe(false);
    expect(root.textContent).toContain("Its labels have changed meanwhile");
    await click("Set the labels");
    const { init } = asked.find((one) => one.init.method === "PUT")!;
    expect((init.headers as Record<string, string>)["If-Match"]).toBe('"17"');
    expect(JSON.parse(String(init.body)).spec).toEqual({ labels: { env: "P", role: "DNS" }, mode: "full" });
    expect(root.textContent).toContain("The labels are set.");
  });

  it("are not set where somebody was faster", async () => {
    editor();
    answers["PUT workloads/dns-9"] = () => [412, { code: "stale", detail: "it is revision 18" }];
    await shown(<SuggestionsPart />);
    await click("Set these labels…");
    await click("Set the labels");
    expect(root.textContent).toContain("nothing was set");
    expect(root.textContent).not.toContain("Set the labels");
  });
});

describe("exposure", () => {
  const reach = { workloads: 8, ports: 14, open: 98, now: 80, enforced: 6 };
  const answer = { version: 7, items: [{ app: EVIL, ...reach }], total: reach, unknown: 1 };

  it("is numbers and bars, for what is in force and for the draft", async () => {
    answers["GET exposure?version=active"] = () => [200, answer];
    answers["GET exposure?version=draft"] = () => [200, { ...answer, total: { ...reach, enforced: 5 } }];
    await shown(<ExposurePart />);
    expect(root.querySelector("img")).toBeNull();
    expect(root.textContent).toContain("98 open, 80 now (18 % closed), 6 enforced (93 % closed)");
    expect(root.textContent).toContain("5 enforced");
    expect(root.textContent).toContain("1 workload not counted");
    expect(root.querySelectorAll("svg")).toHaveLength(3);
  });

  it("is left out where the controller does not tell it, and told of nothing", async () => {
    await shown(<ExposurePart />);
    expect(root.textContent).toBe("");
    expect(words({ ...reach, open: 0 })).toBe("nothing listens that another workload could reach");
  });
});
