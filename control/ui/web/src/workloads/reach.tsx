import { get, Problem } from "../api/client";
import type { CompiledRule, WorkloadRules } from "../api/insight";
import { RuleLink } from "../flows/detail";
import { plural, time } from "../format";
import { changed } from "../state/live";
import { Failure, Loading } from "../ui/states";
import { Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { useSettled } from "../ui/use_settled";

const MOST = 200;

/** What may reach the workload and what it may reach, by the version in force; nothing where the controller has none. */
export function Reachable({ name }: { name: string }) {
  const turn = useSettled(changed.version.value + changed.change.value, 1000);
  const loaded = useData(`rules of ${name} ${turn}`, (signal) =>
    get<WorkloadRules>(`workloads/${encodeURIComponent(name)}/rules`, {}, signal).catch((problem) => {
      if (problem instanceof Problem && problem.status === 404) return undefined;
      throw problem;
    }),
  );
  const { data, problem } = loaded;
  if (!data)
    return problem ? (
      <Failure problem={problem} retry={loaded.reload} />
    ) : loaded.loading ? (
      <Loading what="what may reach it" />
    ) : null;
  return (
    <div class="cards">
      <Direction title="What may reach it" rows={data.inbound} otherwise={data.otherwise.inbound} data={data} />
      <Direction title="What it may reach" rows={data.outbound} otherwise={data.otherwise.outbound} data={data} />
    </div>
  );
}

interface Props {
  title: string;
  rows: CompiledRule[];
  otherwise: string;
  data: WorkloadRules;
}

function Direction({ title, rows, otherwise, data }: Props) {
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      <p class="quiet">
        By version {data.version}, in mode {data.mode}
      </p>
      {rows.length > 0 && (
        <ul class="rules">
          {rows.slice(0, MOST).map((row, at) => (
            <Row key={at} row={row} />
          ))}
        </ul>
      )}
      {rows.length > MOST && <p class="quiet">{plural(rows.length - MOST, "more rule")}</p>}
      <p class="otherwise">
        <Whole value={otherwise} />
      </p>
    </section>
  );
}

function Row({ row }: { row: CompiledRule }) {
  const here = row.processes.length ? `here: ${row.processes.join(" or ")}` : "";
  const there = row.peer_processes.length ? `there: ${row.peer_processes.join(" or ")}` : "";
  const programs = [here, there].filter(Boolean).join("; ");
  return (
    <li class={`rule rule-${row.action}`}>
      <p>
        <Whole value={row.words} />
      </p>
      <p class="quiet">
        <RuleLink rule={row.rule} />
        {programs && (
          <>
            {" "}
            · programs <Whole value={programs} />
          </>
        )}
        {row.expires && ` · until ${time(row.expires)}`}
      </p>
    </li>
  );
}
