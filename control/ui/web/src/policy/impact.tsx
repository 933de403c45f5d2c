import { get, Problem, request } from "../api/client";
import type { ImpactAnswer, ImpactRow, Staging } from "../api/types";
import { ago, count, plural, service, time } from "../format";
import { href, param, setParams } from "../router";
import { changed } from "../state/live";
import { may } from "../state/session";
import { processName } from "../ui/process";
import { Empty, Failure, Loading } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { Text, Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { useSettled } from "../ui/use_settled";
import { Change } from "./change";
import { RecordedImpactPart } from "./recorded";

interface Found {
  staging: Staging;
  impact: ImpactAnswer;
}

async function read(change: string, signal: AbortSignal): Promise<Found | undefined> {
  try {
    const staging = await get<Staging>("staging", {}, signal);
    return { staging, impact: await get<ImpactAnswer>("impact", { change, limit: 1000 }, signal) };
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return undefined;
    throw problem;
  }
}

const peer = ({ peer: one }: ImpactRow) => one.workload ?? one.lists?.[0] ?? one.address;
const reason = (one: { reason: string; rules: string[] }) => one.rules[0] ?? one.reason;

const COLUMNS: Column<ImpactRow>[] = [
  {
    id: "change",
    title: "Would be",
    width: "136px",
    text: (row) => row.change,
    cell: (row) => <Change value={row.change} />,
  },
  {
    id: "workload",
    title: "Workload",
    width: "140px",
    text: (row) => row.subject.workload,
    cell: (row) => <Text value={row.subject.workload} max={30} class="strong" />,
  },
  { id: "direction", title: "Direction", width: "96px", text: (row) => row.direction, cell: (row) => row.direction },
  { id: "peer", title: "Peer", width: "140px", text: peer, cell: (row) => <Text value={peer(row)} max={30} /> },
  {
    id: "service",
    title: "Service",
    width: "100px",
    text: (row) => service(row.protocol, row.port),
    cell: (row) => service(row.protocol, row.port),
  },
  {
    id: "program",
    title: "Program",
    width: "160px",
    text: (row) => processName(row.process),
    cell: (row) => <Text value={processName(row.process)} max={30} />,
  },
  {
    id: "draft",
    title: "By the draft",
    width: "150px",
    text: (row) => reason(row.draft),
    cell: (row) => <Text value={reason(row.draft)} max={30} />,
  },
  {
    id: "active",
    title: "In force",
    width: "150px",
    text: (row) => reason(row.active),
    cell: (row) => <Text value={reason(row.active)} max={30} />,
  },
  {
    id: "count",
    title: "Count",
    width: "72px",
    number: true,
    text: (row) => row.count,
    cell: (row) => count(row.count),
  },
  { id: "last", title: "Last seen", width: "100px", text: (row) => row.last, cell: (row) => time(row.last) },
];

/** Of what is staged, as agents judge it; and of what was recorded, as the controller does. */
export function ImpactPage() {
  return (
    <>
      <StagedImpact />
      <RecordedImpactPart />
    </>
  );
}

function StagedImpact() {
  const change = param("change");
  const turn = useSettled(changed.staging.value, 500);
  const loaded = useData(`impact ${change} ${turn}`, (signal) => read(change, signal));
  if (loaded.problem && !loaded.data) return <Failure problem={loaded.problem} retry={loaded.reload} />;
  if (!loaded.data)
    return loaded.loading ? (
      <Loading what="the impact" />
    ) : (
      <Empty>
        Nothing is staged. Under <a href={href("policy/changes")}>pending changes</a>, agents can be asked to judge by
        the draft without enforcing it.
      </Empty>
    );
  return <Impact {...loaded.data} reload={loaded.reload} />;
}

function Impact({ staging, impact, reload }: Found & { reload: () => void }) {
  const { totals } = impact;
  const takeOff = () => request("staging", { method: "DELETE" }).finally(reload);
  return (
    <>
      <section class="card">
        <h2>
          Staged {ago(staging.since)} by <Text value={staging.actor} max={40} />
        </h2>
        {staging.note && (
          <p>
            <Whole value={staging.note} />
          </p>
        )}
        <p>
          {plural(totals.agents_reporting, "agent")} of {totals.agents_concerned} have reported. Connections:{" "}
          <strong>{count(totals.newly_blocked)} newly blocked</strong>, {count(totals.newly_allowed)} newly allowed,{" "}
          {count(totals.same)} the same
          {totals.omitted > 0 && `, ${count(totals.omitted)} beyond the rows that are kept`}.
        </p>
        {staging.agents.some((agent) => agent.refused) && (
          <ul class="warnings">
            {staging.agents
              .filter((agent) => agent.refused)
              .map((agent) => (
                <li key={agent.name}>
                  <Whole value={`${agent.name}: ${agent.refused}`} />
                </li>
              ))}
          </ul>
        )}
        <p class="buttons">
          <button type="button" onClick={reload}>
            Ask again
          </button>
          {may("provision") && (
            <button type="button" onClick={takeOff}>
              Take it off
            </button>
          )}
        </p>
      </section>
      <div class="toolbar">
        <label class="field">
          <span>Show</span>
          <select value={param("change")} onChange={(event) => setParams({ change: event.currentTarget.value })}>
            <option value="">all that changes</option>
            <option value="newly-blocked">newly blocked</option>
            <option value="newly-allowed">newly allowed</option>
          </select>
        </label>
      </div>
      {impact.items.length ? (
        <div class="fixed-table">
          <Table label="Impact" columns={COLUMNS} rows={impact.items} rowKey={(row) => row.id} />
        </div>
      ) : (
        <Empty>No connection so far would be judged otherwise.</Empty>
      )}
      {impact.next && <p class="quiet">The first 1,000 of {impact.total} are shown.</p>}
    </>
  );
}
