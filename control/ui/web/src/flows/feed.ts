// The flows that are shown: pages from the controller, and what comes in while they are followed.
import { useCallback, useEffect, useReducer, useRef, useState } from "preact/hooks";
import { get, Problem, type Page } from "../api/client";
import { follow, type StreamState } from "../api/sse";
import type { Fault, Flow } from "../api/types";
import { instant } from "../query";
import { returns } from "../state/reachable";

export const MOST = 5000;

export interface Feed {
  rows: Flow[];
  /** Came in while the first page was under way. */
  came: Flow[];
  next?: string;
  dropped: number;
  loading: boolean;
  stream: StreamState | "off";
  problem?: Problem;
  warnings?: Fault[];
}

export const EMPTY: Feed = { rows: [], came: [], dropped: 0, loading: true, stream: "off" };

export type Action =
  | { type: "begin" }
  | { type: "page"; page: Page<Flow>; fresh: boolean }
  | { type: "came"; flows: Flow[] }
  | { type: "stream"; state: StreamState | "off" }
  | { type: "failed"; problem: Problem };

export function reduce(feed: Feed, action: Action): Feed {
  if (action.type === "begin") return { ...feed, came: [], loading: true, problem: undefined };
  if (action.type === "failed")
    return { ...feed, loading: false, problem: action.problem, rows: action.problem.status === 400 ? [] : feed.rows };
  if (action.type === "stream") return { ...feed, stream: action.state };
  if (action.type === "came") {
    const came = feed.loading ? [...feed.came, ...action.flows].slice(-MOST) : [];
    return { ...feed, came, ...limited(merged(action.flows, feed.rows), feed.dropped) };
  }
  const { page, fresh } = action;
  const rows = fresh ? merged(feed.came, page.items) : appended(feed.rows, page.items);
  return {
    ...feed,
    rows,
    came: [],
    next: page.next,
    loading: false,
    problem: undefined,
    warnings: page.warnings,
    dropped: fresh ? 0 : feed.dropped,
  };
}

/** Newest first; a flow that is told again takes the place of what was known of it. */
export function merged(came: Flow[], rows: Flow[]): Flow[] {
  const newest = new Map<string, Flow>();
  for (const flow of came) {
    newest.delete(flow.id);
    newest.set(flow.id, flow);
  }
  return [...[...newest.values()].reverse(), ...rows.filter((row) => !newest.has(row.id))];
}

function appended(rows: Flow[], more: Flow[]): Flow[] {
  const known = new Set(rows.map((row) => row.id));
  return [...rows, ...more.filter((row) => !known.has(row.id))];
}

function limited(rows: Flow[], dropped: number) {
  return { rows: rows.slice(0, MOST), dropped: dropped + Math.max(0, rows.length - MOST) };
}

export interface Asked {
  q: string;
  since: string;
  until: string;
  live: boolean;
}

export function useFlows(asked: Asked): Feed & { more: () => void; reload: () => void } {
  const [feed, act] = useReducer(reduce, EMPTY);
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((old) => old + 1), []);
  const loading = useRef(new AbortController());
  const back = returns.value;
  useEffect(() => {
    const stop = (loading.current = new AbortController());
    act({ type: "begin" });
    load(asked, undefined, stop.signal, act);
    return () => stop.abort();
  }, [asked.q, asked.since, asked.until, turn, back]);
  useEffect(
    () => (asked.live && !asked.until ? tail(asked.q, act, reload) : undefined),
    [asked.q, asked.live, asked.until],
  );
  const more = () => load(asked, feed.next, loading.current.signal, act);
  return { ...feed, more, reload };
}

function load(asked: Asked, after: string | undefined, signal: AbortSignal, act: (action: Action) => void) {
  get<Page<Flow>>(
    "flows",
    { q: asked.q, since: instant(asked.since), until: instant(asked.until), after, limit: 300 },
    signal,
  ).then(
    (page) => !signal.aborted && act({ type: "page", page, fresh: after === undefined }),
    (problem) => !signal.aborted && problem instanceof Problem && act({ type: "failed", problem }),
  );
}

/** Drawn at most once a frame, however many come. */
function tail(q: string, act: (action: Action) => void, reload: () => void): () => void {
  let waiting: Flow[] = [];
  let frame = 0;
  const flush = () => {
    frame = 0;
    act({ type: "came", flows: waiting });
    waiting = [];
  };
  const stop = follow(
    "flows",
    {
      event: (event) => {
        if (event.type !== "flow") return;
        waiting.push(JSON.parse(event.data) as Flow);
        if (waiting.length > MOST) waiting = waiting.slice(-MOST);
        frame ||= window.setTimeout(flush, 100);
      },
      // What came before the stream stood, and while it did not.
      open: reload,
      state: (state, problem) => {
        act({ type: "stream", state });
        if (problem) act({ type: "failed", problem });
      },
    },
    { query: { q, follow: true } },
  );
  return () => {
    stop();
    clearTimeout(frame);
    act({ type: "stream", state: "off" });
  };
}
