import { useState } from "preact/hooks";
import { get, Problem } from "../api/client";
import type { Suggestion, Suggestions } from "../api/insight";
import { count, plural } from "../format";
import { href } from "../router";
import { changed } from "../state/live";
import { may } from "../state/session";
import { LabelChips, Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { useSettled } from "../ui/use_settled";
import { SetLabels } from "./set_labels";

const MOST = 50;

/** Labels that workloads probably should have. Nothing is set by itself. */
export function SuggestionsPart() {
  const turn = useSettled(changed.change.value, 10_000);
  const loaded = useData(`suggestions ${turn}`, (signal) =>
    get<Suggestions>("suggestions", {}, signal).catch((problem) => {
      if (problem instanceof Problem && [403, 404].includes(problem.status)) return undefined;
      throw problem;
    }),
  );
  const [kept, setKept] = useState<Suggestions>();
  if (loaded.data && loaded.data !== kept) setKept(loaded.data);
  const data = loaded.data ?? kept;
  if (loaded.problem && !data)
    return (
      <p class="warnings" role="status">
        Labels cannot be suggested now: <Whole value={loaded.problem.detail} />
      </p>
    );
  if (!data?.items.length) return null;
  const beyond = Math.max(0, data.items.length - MOST) + (data.hidden ?? 0);
  return (
    <details class="card suggestions">
      <summary>
        {plural(data.items.length + (data.hidden ?? 0), "suggestion")} of labels, from{" "}
        {plural(data.considered, "workload")} compared
      </summary>
      <ul class="plain-list" aria-label="Suggested labels">
        {data.items.slice(0, MOST).map((one) => (
          <One key={one.workload} one={one} done={loaded.reload} />
        ))}
      </ul>
      {beyond > 0 && <p class="quiet">{count(beyond)} more, less sure ones, are not shown.</p>}
    </details>
  );
}

function One({ one, done }: { one: Suggestion; done: () => void }) {
  return (
    <li class="suggestion">
      <p>
        <a href={href(`workloads/${encodeURIComponent(one.workload)}`)}>
          <Whole value={one.workload} />
        </a>{" "}
        {one.kind === "unlabelled" ? "lacks labels" : "is probably labelled wrongly"}: has{" "}
        <LabelChips labels={one.labels} max={60} />, should have <LabelChips labels={one.suggested} max={60} />
      </p>
      <p class="quiet">
        {Math.floor(one.score * 100)} % alike to {plural(one.like, "workload")} with these labels
      </p>
      <ul class="evidence">
        {one.evidence.map((sentence, at) => (
          <li key={at}>
            <Whole value={sentence} />
          </li>
        ))}
      </ul>
      {may("edit") && <SetLabels workload={one.workload} labels={one.suggested} expected={one.labels} done={done} />}
    </li>
  );
}
