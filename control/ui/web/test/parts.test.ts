import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ago, bytes, duration, failures, service, sortedLabels } from "../src/format";
import { throttled } from "../src/map/throttle";
import { load, save } from "../src/state/store";
import { csv } from "../src/ui/export";
import { local } from "../src/ui/since";
import { rowsInView } from "../src/ui/window";

describe("CSV", () => {
  it("quotes what needs it and disarms formulas", () => {
    expect(
      csv(
        ["a", "b"],
        [
          ['x"y', 1],
          ["=HYPERLINK(1)", undefined],
          ["line\nbreak", 2],
          ["-5", 3],
        ],
      ),
    ).toBe('a,b\r\n"x""y",1\r\n\'=HYPERLINK(1),\r\n"line\nbreak",2\r\n\'-5,3\r\n');
  });
});

describe("numbers in words", () => {
  it("are as people read them", () => {
    expect([bytes(0), bytes(1023), bytes(1536), bytes(5 * 1024 ** 3)]).toEqual(["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
    expect([duration(59.6), duration(125), duration(-3)]).toEqual(["1 min 0 s", "2 min 5 s", "0 s"]);
    expect(ago("2026-11-28T11:59:30Z", Date.parse("2026-11-28T12:00:00Z"))).toBe("30 s ago");
    expect([service("tcp", 443), service("icmp"), service("udp", 0)]).toEqual(["TCP 443", "ICMP", "UDP 0"]);
  });
  it("have labels in the usual order", () => {
    expect(sortedLabels({ zone: "z", env: "e", app: "a", role: "r" }).map(([key]) => key)).toEqual([
      "role",
      "app",
      "env",
      "zone",
    ]);
  });
});

describe("rows in view", () => {
  it("are those of the scroll position and some around", () => {
    expect(rowsInView(0, 340, 34, 1000)).toEqual({ first: 0, last: 20 });
    expect(rowsInView(3400, 340, 34, 1000)).toEqual({ first: 90, last: 120 });
    expect(rowsInView(34_000, 340, 34, 1000)).toEqual({ first: 990, last: 1000 });
    expect(rowsInView(99_999, 340, 34, 3)).toEqual({ first: 3, last: 3 });
    expect(rowsInView(0, 340, 34, 0)).toEqual({ first: 0, last: 0 });
  });
});

describe("throttled", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  it("acts at once, then once per pause, and never loses the last", () => {
    const action = vi.fn();
    const load = throttled(action, 500);
    for (let turn = 0; turn < 10; turn += 1) load.call();
    expect(action).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(500);
    expect(action).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(5000);
    expect(action).toHaveBeenCalledTimes(2);
    load.call();
    load.call();
    load.cancel();
    vi.advanceTimersByTime(5000);
    expect(action).toHaveBeenCalledTimes(3);
  });
});

describe("what a browser keeps", () => {
  it("may be spoiled or full", () => {
    localStorage.setItem("ringwall.x", "{");
    expect(load("x", 7)).toBe(7);
    save("x", { a: 1 });
    expect(load("x", {})).toEqual({ a: 1 });
    save("x", undefined);
    expect(load("x", 7)).toBe(7);
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
    } as unknown as Storage;
    expect(() => save("x", 1, full)).not.toThrow();
  });
});

describe("a time in the reader's zone", () => {
  it("goes into the input and comes back", () => {
    const text = "2026-11-28T04:05:06.000Z";
    expect(new Date(local(text)).toISOString()).toBe(text);
    expect([local("24h"), local(""), local("soon")]).toEqual(["", "", ""]);
  });
});

it("tells failures where there are some", () => {
  expect(failures({ refused: 2, timed_out: 1, reset: 0 })).toBe("2 refused, 1 timed out");
  expect(failures({ refused: 0, timed_out: 0, reset: 0 })).toBeUndefined();
  expect(failures(undefined)).toBeUndefined();
});
