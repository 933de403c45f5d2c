import { render } from "preact";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Problem } from "../src/api/client";
import { QueryBox } from "../src/ui/query_box";
import { Failure } from "../src/ui/states";
import { Table, type Column } from "../src/ui/table";
import { LabelChips, Text } from "../src/ui/text";

let root: HTMLElement;
function shown(what: preact.VNode) {
  root = document.createElement("div");
  document.body.append(root);
  render(what, root);
  return root;
}

afterEach(() => root.remove());

const EVIL = "<img src=x onerror=alert(1)>\u202e";

describe("text from outside", () => {
  it("is text, with the whole of it on demand", () => {
    const long = EVIL + "x".repeat(4096);
    const element = shown(<Text value={long} max={20} />).querySelector("bdi")!;
    expect(root.querySelector("img")).toBeNull();
    expect([...element.textContent!]).toHaveLength(20);
    expect(element.title).toContain("⟨U+202E⟩xxx");
  });
  it("in labels is text on both sides", () => {
    shown(<LabelChips labels={{ [EVIL]: EVIL }} />);
    expect(root.querySelector("img")).toBeNull();
    expect(root.textContent).toContain("onerror");
  });
  it("in problems is text", () => {
    shown(<Failure problem={new Problem(422, "invalid", EVIL, [{ pointer: "", sentence: EVIL, warning: false }])} />);
    expect(root.querySelector("img")).toBeNull();
    expect(root.textContent).not.toContain("\u202e");
  });
});

describe("the filter's input", () => {
  it("marks the place of a mistake", () => {
    const problem = new Problem(400, "malformed", "the parameter q is wrong at byte 9: a number or a range");
    shown(<QueryBox value="a=b port=http x=y" apply={() => undefined} problem={problem} />);
    expect(root.querySelector("mark")?.textContent).toBe("http");
    expect(root.querySelector("#query")?.getAttribute("aria-invalid")).toBe("true");
    expect(root.querySelector("#query-wrong")?.textContent).toContain("a number or a range");
  });
  it("gives on what was typed, trimmed, when it is applied", () => {
    const apply = vi.fn();
    shown(<QueryBox value="" apply={apply} />);
    const input = root.querySelector<HTMLInputElement>("#query")!;
    input.value = "  app=x ";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    root.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    expect(apply).toHaveBeenCalledWith("app=x");
  });
});

describe("a long table", () => {
  const columns: Column<number>[] = [
    { id: "n", title: "Number", width: "80px", text: (row) => row, cell: (row) => String(row) },
  ];
  it("draws only what is in view and says how many there are", () => {
    const rows = Array.from({ length: 10_000 }, (_, at) => at);
    shown(<Table label="Numbers" columns={columns} rows={rows} rowKey={String} open={() => undefined} />);
    expect(root.querySelectorAll("tr[data-row]").length).toBeLessThan(60);
    expect(root.querySelector("table")?.getAttribute("aria-rowcount")).toBe("10001");
  });
  it("opens what is clicked", () => {
    const open = vi.fn();
    shown(<Table label="Numbers" columns={columns} rows={[5, 6]} rowKey={String} open={open} />);
    root.querySelector<HTMLElement>('tr[data-row="1"]')!.click();
    expect(open).toHaveBeenCalledWith(6);
  });
});
