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

export const GROUPINGS: [string, string][] = [
  ["app,env", "application and environment"],
  ["app,env,role", "application, environment, role"],
  ["env", "environment"],
  ["loc", "location"],
  ["role", "role"],
];
/** Whose verdicts the picture shows: those that both ends told, or those that the draft would give. */
export type MapVerdicts = "reported" | "draft";

export const USUAL_SINCE = "1h";
/** Answers at most this often while it is live. */
const PAUSE = 500;

export interface Asked {
  q: string;
  since: string;
  until: string;
  groupBy: string;
  verdicts: MapVerdicts;
  live: boolean;
}

export function asked(): Asked {
  return {
    q: param("q"),
    since: param("since") || USUAL_SINCE,
    until: param("until"),
    groupBy: param("by") || "app,env",
    verdicts: param("verdicts") === "draft" ? "draft" : "reported",
    live: param("live") !== "0" && !param("until"),
  };
}

export function useMap({ q, since, until, groupBy, verdicts, live }: Asked) {
  const [stream, setStream] = useState<StreamState | "off">("off");
  // What fell out of the time goes, also when nothing comes in.
  const minutes = useTicks(60_000);
  // The draft's verdicts change with the draft.
  const edits = useSettled(verdicts === "draft" ? changed.change.value + changed.version.value : 0, PAUSE);
  const key = JSON.stringify([q, since, until, groupBy, verdicts, edits, live ? minutes : 0]);
  const loaded = useData<MapAnswer>(key, (signal) =>
    get<MapAnswer>(
      "map",
      {
        q,
        since: instant(since),
        until: instant(until),
        group_by: groupBy,
        view: verdicts === "draft" ? verdicts : undefined,
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
