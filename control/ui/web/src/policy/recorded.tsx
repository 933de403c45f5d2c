import { get } from "../api/client";
import type { RecordedImpact, RecordedOpinion, RecordedRow } from "../api/types";
import { count, plural, service, time } from "../format";
import { instant } from "../query";
import { href, param, setParams } from "../router";
import { changed } from "../state/live";
import { QueryBox } from "../ui/query_box";
import { Since } from "../ui/since";
import { Empty, Failure, Loading, Warnings } from "../ui/states";
import { Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { useSettled } from "../ui/use_settled";
import { Change } from "./change";
import { EndName } from "./uncovered";

/** The draft held against what was recorded: nothing has to be staged for it. */
export function RecordedImpactPart() {
  const q = param("q");
  const since = param("since") || "24h";
  const until = param("until");
  const turn = useSettled(changed.change.value + changed.version.value, 500);
  const loaded = useData(`recorded ${JSON.stringify([q, since, until])} ${turn}`, (signal) =>
    get<RecordedImpact>("impact/recorded", { q, since: instant(since), until: instant(until), limit: 500 }, signal),
  );
  const { data, problem } = loaded;
  const wrongFilter = problem?.status === 400;
  return (
    <section class="stack" aria-label="Recorded flows">
      <h2>Recorded flows</h2>
      <QueryBox
        value={q}
        apply={(text) => setParams({ q: text }, false)}
        problem={problem}
        label="Filter of recorded flows"
        placeholder="to.app=Payments"
      />
      <div class="toolbar">
        <Since value={since} />
      </div>
      {wrongFilter && <Empty>The filter is not understood; see above.</Empty>}
      {problem && !wrongFilter && !data && <Failure problem={problem} retry={loaded.reload} />}
      {loaded.loading && !data && <Loading what="what was recorded" />}
      {data && !wrongFilter && <Recorded answer={data} />}
    </section>
  );
}

export function Recorded({ answer }: { answer: RecordedImpact }) {
  const { totals, items, total } = answer;
  return (
    <>
      <Warnings faults={answer.warnings} />
      <div class="card" role="status">
        <p>
          Connections by the draft: <strong>{count(totals.newly_blocked)} newly blocked</strong>,{" "}
          {count(totals.newly_allowed)} newly allowed, {count(totals.same)} the same
          {totals.not_judged > 0 && `, ${count(totals.not_judged)} that no workload would judge`}. Judged as between
          workloads in full.
        </p>
        {totals.unsure > 0 && (
          <p>
            {count(totals.unsure)} of them are unsure: a rule names a single workload, or a program that is not known,
            so that only the agents can tell.
          </p>
        )}
      </div>
      {items.length ? <RecordedTable rows={items} /> : <Empty>The draft would judge no recorded flow otherwise.</Empty>}
      {total > items.length && (
        <p class="quiet">
          The first {count(items.length)} of {plural(total, "kind of connection", "kinds of connection")} are shown;
          narrow the filter.
        </p>
      )}
    </>
  );
}

function RecordedTable({ rows }: { rows: RecordedRow[] }) {
  return (
    <div class="table-scroll card" tabIndex={0} role="region" aria-label="Impact on recorded flows">
      <table class="small">
        <thead>
          <tr>
            <th scope="col">Would be</th>
            <th scope="col">Source</th>
            <th scope="col">Destination</th>
            <th scope="col">Service</th>
            <th scope="col">By the draft</th>
            <th scope="col">In force</th>
            <th scope="col" class="number">
              Count
            </th>
            <th scope="col">Last seen</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ change, edge, draft, active, unsure }, at) => (
            <tr key={at}>
              <td>
                <Change value={change} />
                {unsure && <p class="quiet">unsure</p>}
              </td>
              <td>
                <EndName end={edge.source} />
              </td>
              <td>
                <EndName end={edge.destination} />
              </td>
              <td>{service(edge.protocol, edge.port)}</td>
              <td>
                <Opinion value={draft} version="draft" />
              </td>
              <td>
                <Opinion value={active} />
              </td>
              <td class="number">{count(edge.count)}</td>
              <td>{time(edge.last)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Opinion({ value: { rule, reason, end }, version }: { value: RecordedOpinion; version?: string }) {
  return (
    <>
      {rule ? (
        <a href={href("policy/rules", { version, set: rule.split("/")[0] })}>
          <Whole value={rule} />
        </a>
      ) : (
        <Whole value={reason} />
      )}
      <p class="quiet">at the {end}</p>
    </>
  );
}
