// What the map shows: from the address to the answer, again when flows come in.
import { useEffect, useState } from "preact/hooks";
import { get, Problem } from "../api/client";
import { follow, type StreamState } from "../api/sse";
import type { MapAnswer } from "../api/types";
import { instant } from "../query";
import { param } from "../router";
import { changed } from "../state/live";
import { returns } from "../state/reachable";
import { useData } from "../ui/use_data";
import { useSettled, useTicks } from "../ui/use_settled";
import { throttled } from "./throttle";
import { windowBounds } from "./timeline/window";

export const GROUPINGS: [string, string][] = [
  ["app,env", "application and environment"],
  ["app,env,role", "application, environment, role"],
  ["app,role", "application, role"],
  ["env", "environment"],
  ["loc", "location"],
  ["role", "role"],
];
/**
 * Whose verdicts the picture shows: those that both ends told, those that the draft would give, or those that the hosts
 * report of the draft that is staged.
 */
export const VIEWS = ["reported", "draft", "staged"] as const;
export type MapVerdicts = (typeof VIEWS)[number];

export const USUAL_SINCE = "1h";
/** Answers at most this often while it is live. */
const PAUSE = 500;

export interface Asked {
  q: string;
  /** Of the window, where there is one; else of the period. */
  since: string;
  until: string;
  period: { since: string; until: string };
  /** The period ends now. */
  moves: boolean;
  groupBy: string;
  verdicts: MapVerdicts;
  live: boolean;
}

export function asked(): Asked {
  const period = { since: param("since") || USUAL_SINCE, until: param("until") };
  const { since, until } = windowBounds(param("win")) ?? period;
  const moves = !period.until;
  return {
    q: param("q"),
    since,
    until,
    period,
    moves,
    groupBy: param("by") || "app,env",
    verdicts: VIEWS.find((one) => one === param("verdicts")) ?? "reported",
    live: param("live") !== "0" && !until,
  };
}

/** The draft's verdicts change with the draft, the staged one's with what is staged. */
function editsOf(verdicts: MapVerdicts): number {
  if (verdicts === "draft") return changed.change.value + changed.version.value;
  return verdicts === "staged" ? changed.staging.value + changed.version.value : 0;
}

export function useMap({ q, since, until, groupBy, verdicts, live }: Asked) {
  const [stream, setStream] = useState<StreamState | "off">("off");
  // What fell out of the time goes, also when nothing comes in.
  const minutes = useTicks(60_000);
  const edits = useSettled(editsOf(verdicts), PAUSE);
  const key = JSON.stringify([q, since, until, groupBy, verdicts, edits, live ? minutes : 0]);
  const loaded = useData<MapAnswer>(key, (signal) =>
    get<MapAnswer>(
      "map",
      {
        q,
        since: instant(since),
        until: instant(until),
        group_by: groupBy,
        view: verdicts === "reported" ? undefined : verdicts,
        nodes: 300,
        edges: 2000,
      },
      signal,
    ),
  );
  useEffect(() => {
    if (!live) return;
    const load = throttled(loaded.reload, PAUSE);
    const stop = follow(
      "flows",
      {
        event: load.call,
        open: (again) => again && load.call(),
        state: (state, problem?: Problem) => setStream(problem ? "refused" : state),
      },
      { query: { q, follow: true } },
    );
    return () => {
      stop();
      load.cancel();
      setStream("off");
    };
  }, [q, live, returns.value]);
  return { ...loaded, stream };
}
