import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventParser, follow, type ServerEvent } from "../src/api/sse";
import { reachable } from "../src/state/reachable";

function parsed(...pieces: string[]): ServerEvent[] {
  const out: ServerEvent[] = [];
  const parser = new EventParser((event) => out.push(event));
  for (const piece of pieces) parser.push(piece);
  return out;
}

describe("server-sent events", () => {
  it("come whole, however they are cut", () => {
    const text =
      ': hello\n\nid: 7\nevent: flow\ndata: {"a":1}\n\nid: 8\r\nevent: flow\r\ndata: one\r\ndata: two\r\n\r\n';
    const whole = [
      { id: "7", type: "flow", data: '{"a":1}' },
      { id: "8", type: "flow", data: "one\ntwo" },
    ];
    expect(parsed(text)).toEqual(whole);
    expect(parsed(...text)).toEqual(whole);
  });
  it("are not given out before their end", () => {
    expect(parsed("id: 1\ndata: x\n")).toEqual([]);
  });
});

const answer = (...texts: string[]) =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    }),
    { status: 200, headers: { "Content-Type": "text/event-stream" } },
  );

describe("following", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("resumes behind the last event after the connection was lost", async () => {
    const asked: (string | undefined)[] = [];
    vi.stubGlobal(
      "fetch",
      vi.fn((_: string, init: { headers: Record<string, string> }) => {
        asked.push(init.headers["Last-Event-ID"]);
        if (asked.length === 2) return Promise.reject(new TypeError("connection refused"));
        return Promise.resolve(answer(`id: ${asked.length}\nevent: agent\ndata: {}\n\n`));
      }),
    );
    const seen: string[] = [];
    const opened: boolean[] = [];
    const stop = follow(
      "events",
      { event: (event) => seen.push(event.id), open: (again) => opened.push(again) },
      { resume: true, firstDelay: 10 },
    );
    await vi.advanceTimersByTimeAsync(100);
    stop();
    expect(seen.slice(0, 2)).toEqual(["1", "3"]);
    expect(opened.slice(0, 2)).toEqual([false, true]);
    expect(asked.slice(0, 3)).toEqual([undefined, "1", "1"]);
  });

  it("says that the controller is away, and that it is back", async () => {
    const states: boolean[] = [];
    const end = reachable.subscribe((value) => states.push(value));
    let turn = 0;
    vi.stubGlobal(
      "fetch",
      vi.fn(() => (turn++ < 2 ? Promise.reject(new TypeError("refused")) : new Promise(() => undefined))),
    );
    const stop = follow("events", { event: () => undefined }, { firstDelay: 10 });
    await vi.advanceTimersByTimeAsync(100);
    stop();
    end();
    expect(states).toContain(false);
  });

  it("gives up what is refused", async () => {
    const problem = {
      status: 400,
      code: "malformed",
      detail: "the parameter q is wrong at byte 0: a term",
      faults: [],
    };
    const fetched = vi.fn(() => Promise.resolve(new Response(JSON.stringify(problem), { status: 400 })));
    vi.stubGlobal("fetch", fetched);
    const states: string[] = [];
    follow("flows", { event: () => undefined, state: (state) => states.push(state) }, { firstDelay: 10 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(states).toEqual(["connecting", "refused"]);
    expect(fetched).toHaveBeenCalledTimes(1);
  });
});
