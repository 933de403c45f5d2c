import { get } from "../../api/client";
import type { Activity } from "../../api/insight";
import { instant } from "../../query";
import { param, setParams } from "../../router";
import { useData } from "../../ui/use_data";
import { useTicks } from "../../ui/use_settled";
import { visible } from "../../text";
import { useNews } from "../use_news";
import type { Asked } from "../state";
import { Strip } from "./strip";
import { parseWindow, windowText } from "./window";

const BUCKETS = 120;
const PAUSE = 5000;

/** Follows the period, not the window; `seen` changes when the map has news. */
export function Timeline({ asked, seen }: { asked: Asked; seen: unknown }) {
  const { q, period, moves } = asked;
  const minutes = useTicks(60_000);
  const loaded = useData(
    `activity ${JSON.stringify([q, period.since, period.until, moves && asked.live ? minutes : 0])}`,
    (signal) =>
      get<Activity>(
        "map/activity",
        { q, since: instant(period.since), until: instant(period.until), buckets: BUCKETS },
        signal,
      ),
  );
  useNews(asked.live, seen, loaded.reload, PAUSE);
  const { data, problem } = loaded;
  // A controller that does not have it, or a filter that is told of elsewhere.
  if (!data && (problem?.status === 404 || problem?.status === 400)) return null;
  if (!data) return <p class="timeline quiet">{problem ? visible(problem.detail) : "Loading the activity…"}</p>;
  return (
    <Strip
      activity={data}
      window={parseWindow(param("win"))}
      moves={moves}
      change={(window) => setParams({ win: windowText(window), pick: undefined })}
    />
  );
}
