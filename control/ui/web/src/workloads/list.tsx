import { useMemo } from "preact/hooks";
import { plural, sortedLabels } from "../format";
import { go, href, param, setParams } from "../router";
import { changed } from "../state/live";
import { download, stamp, tableCsv } from "../ui/export";
import { QueryBox } from "../ui/query_box";
import { Empty, Failure, Loading, Warnings } from "../ui/states";
import { Table, type Column } from "../ui/table";
import { LabelChips, Text } from "../ui/text";
import { useData } from "../ui/use_data";
import { useSettled } from "../ui/use_settled";
import { MOST, workloads, type Row, type Rows } from "./data";
import { SuggestionsPart } from "./suggestions";
import { Health } from "./health";

const COLUMNS: Column<Row>[] = [
  {
    id: "name",
    title: "Name",
    width: "200px",
    text: ({ workload }) => workload.metadata.name,
    cell: ({ workload }) => <Text value={workload.metadata.name} max={40} class="strong" />,
  },
  {
    id: "labels",
    title: "Labels",
    width: "380px",
    text: ({ workload }) =>
      sortedLabels(workload.spec.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(" "),
    cell: ({ workload }) => <LabelChips labels={workload.spec.labels} max={24} />,
  },
  { id: "mode", title: "Mode", width: "96px", text: mode, cell: (row) => <ModeWord mode={mode(row)} /> },
  {
    id: "agent",
    title: "Agent",
    width: "170px",
    text: ({ agent }) => agent?.presence ?? "",
    cell: ({ agent, workload }) => <Health agent={agent} workload={workload} />,
  },
  {
    id: "addresses",
    title: "Addresses",
    width: "180px",
    text: addresses,
    cell: (row) => <Text value={addresses(row)} max={40} />,
  },
  {
    id: "version",
    title: "Policy",
    width: "80px",
    number: true,
    text: ({ agent }) => agent?.provisioned || undefined,
    cell: ({ agent }) => agent?.provisioned || "",
  },
];

function mode({ workload }: Row): string {
  return workload.spec.managed === false ? "" : (workload.spec.mode ?? "visibility");
}

function addresses({ workload }: Row): string {
  return workload.spec.cgroup ?? workload.spec.addresses?.join(", ") ?? "";
}

export function ModeWord({ mode: word }: { mode: string }) {
  return word ? <span class={`mode mode-${word}`}>{word}</span> : <span class="quiet">–</span>;
}

export function WorkloadList() {
  const labels = param("labels");
  const settled = useSettled(changed.change.value + changed.agent.value, 1000);
  const loaded = useData(`workloads ${labels} ${settled}`, (signal) => workloads(labels, signal));
  const data = useKept(loaded.data, labels);
  return (
    <div class="page">
      <h1>Workloads</h1>
      <QueryBox
        value={labels}
        apply={(text) => setParams({ labels: text }, false)}
        problem={loaded.problem}
        label="Label query"
        placeholder="app=Payments,env in (Production,Test),!loc"
        help={false}
      />
      <div class="toolbar">
        <a class="button" href={href("workloads/-", { why: "1" })}>
          Would it pass?
        </a>
        <button
          type="button"
          disabled={!data?.items.length}
          onClick={() =>
            data && download(`workloads-${stamp()}.csv`, tableCsv(COLUMNS, data.items), "text/csv;charset=utf-8")
          }
        >
          Export CSV
        </button>
      </div>
      <SuggestionsPart />
      <Warnings faults={data?.warnings} />
      <div class="split">
        <Body loaded={loaded} data={data} />
      </div>
      <p class="status-line" role="status">
        {data && summary(data)}
      </p>
    </div>
  );
}

/** What was loaded for these labels stays while it is loaded again. */
function useKept(data: Rows | undefined, labels: string): Rows | undefined {
  const kept = useMemo<{ data: Rows | undefined }>(() => ({ data: undefined }), [labels]);
  if (data) kept.data = data;
  return kept.data;
}

function Body({ loaded, data }: { loaded: ReturnType<typeof useData<Rows>>; data: Rows | undefined }) {
  if (loaded.problem?.status === 400) return <Empty>The label query is not understood; see above.</Empty>;
  if (!data)
    return loaded.problem ? <Failure problem={loaded.problem} retry={loaded.reload} /> : <Loading what="workloads" />;
  if (!data.items.length) return <Empty>No workload matches.</Empty>;
  return (
    <Table
      label="Workloads"
      columns={COLUMNS}
      rows={data.items}
      rowKey={({ workload }) => workload.metadata.name}
      open={({ workload }) => go(href(`workloads/${encodeURIComponent(workload.metadata.name)}`))}
    />
  );
}

function summary(data: Rows): string {
  const count = (presence: string) => data.items.filter(({ agent }) => agent?.presence === presence).length;
  const parts = [
    plural(data.total ?? data.items.length, "workload"),
    `agents: ${count("online")} online, ${count("late")} late, ${count("silent")} silent`,
  ];
  if (data.next) parts.push(`the first ${MOST} are shown; narrow the labels`);
  const bare = data.items.filter(({ workload }) => !Object.keys(workload.spec.labels ?? {}).length).length;
  if (bare) parts.push(`${bare} without labels`);
  return parts.join(" · ");
}
