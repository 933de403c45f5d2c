import { render } from "preact";
import { afterEach, describe, expect, it } from "vitest";
import type { EdgeRow, RecordedImpact } from "../src/api/types";
import { Recorded } from "../src/policy/recorded";

let root: HTMLElement;
function shown(answer: RecordedImpact) {
  root = document.createElement("div");
  document.body.append(root);
  render(<Recorded answer={answer} />, root);
  return root.textContent!;
}

afterEach(() => root.remove());

const edge: EdgeRow = {
  source: { kind: "workloads", name: "<b>Web</b>\u202e", labels: { role: "Web" }, process: "/usr/bin/curl" },
  destination: { kind: "list", name: "office" },
  protocol: "tcp",
  port: 443,
  verdict: "allowed",
  count: 7,
  first: "2026-11-28T00:00:00Z",
  last: "2026-11-28T00:00:00Z",
};
const answer = (more: Partial<RecordedImpact>): RecordedImpact => ({
  items: [],
  total: 0,
  since: "s",
  until: "u",
  edges: 1,
  totals: { same: 5, newly_blocked: 0, newly_allowed: 0, not_judged: 0, unsure: 0 },
  warnings: [],
  ...more,
});
const blocked = (unsure: boolean): RecordedImpact =>
  answer({
    items: [
      {
        change: "newly-blocked",
        edge,
        active: { verdict: "allowed", end: "source", rule: "web/out" },
        draft: { verdict: "blocked", end: "destination", reason: "no rule matches" },
        unsure,
      },
    ],
    total: 3,
    totals: { same: 5, newly_blocked: 7, newly_allowed: 0, not_judged: 2, unsure: unsure ? 7 : 0 },
  });

describe("the impact on recorded flows", () => {
  it("names both ends as text, and the rules of both policies", () => {
    const text = shown(blocked(false));
    expect(root.querySelector("tbody b")).toBeNull();
    for (const wanted of ["<b>Web</b>⟨U+202E⟩", "/usr/bin/curl", "office", "TCP 443", "newly blocked"])
      expect(text).toContain(wanted);
    expect([...root.querySelectorAll("tbody a")].map((one) => one.getAttribute("href"))).toEqual([
      "#/policy/rules?set=web",
    ]);
    expect(text).toContain("no rule matchesat the destination");
    expect(text).toContain("2 that no workload would judge");
    expect(text).toContain("The first 1 of 3 kinds of connection");
  });
  it("marks what is unsure, and says why", () => {
    expect(shown(blocked(false))).not.toContain("unsure");
    root.remove();
    shown(blocked(true));
    expect(root.querySelector("tbody td")!.textContent).toBe("newly blockedunsure");
    expect(root.textContent).toContain("7 of them are unsure: a rule names a single workload");
  });
  it("says so where nothing changes", () => {
    expect(shown(answer({}))).toContain("The draft would judge no recorded flow otherwise.");
  });
});
