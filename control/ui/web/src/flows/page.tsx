import { useMemo } from "preact/hooks";
import { count, plural } from "../format";
import { param, setParams } from "../router";
import { QueryBox } from "../ui/query_box";
import { Empty, Failure, Loading, Warnings } from "../ui/states";
import { Table } from "../ui/table";
import { chosen } from "./columns";
import { FlowDetail } from "./detail";
import { MOST, useFlows, type Feed } from "./feed";
import { Toolbar } from "./toolbar";

export function FlowsPage() {
  const live = param("follow") === "1" && !param("until");
  const q = param("q");
  const feed = useFlows({ q, since: param("since"), until: param("until"), live });
  const columns = useMemo(() => chosen(param("cols")), [param("cols")]);
  const opened = feed.rows.find((row) => row.id === param("flow"));
  return (
    <div class="page">
      <h1>Flows</h1>
      <QueryBox
        value={q}
        apply={(text) => setParams({ q: text, flow: undefined }, false)}
        problem={feed.problem}
        placeholder="from.role=Web to.app=Payments verdict=blocked"
      />
      <Toolbar columns={columns} rows={feed.rows} live={live} />
      <Warnings faults={feed.warnings} />
      <div class="split">
        <Body feed={feed} columns={columns} />
        {opened && <FlowDetail key={opened.id} flow={opened} close={() => setParams({ flow: undefined })} />}
      </div>
      <p class="status-line" role="status">
        {summary(feed, live)}
      </p>
    </div>
  );
}

function Body({ feed, columns }: { feed: ReturnType<typeof useFlows>; columns: ReturnType<typeof chosen> }) {
  if (feed.problem && feed.problem.status === 400) return <Empty>The filter is not understood; see above.</Empty>;
  if (feed.problem && !feed.rows.length) return <Failure problem={feed.problem} retry={feed.reload} />;
  if (feed.loading && !feed.rows.length) return <Loading what="flows" />;
  if (!feed.rows.length) return <Empty>No flow matches. A wider time or fewer terms may show more.</Empty>;
  return (
    <Table
      label="Flows"
      columns={columns}
      rows={feed.rows}
      rowKey={(flow) => flow.id}
      opened={param("flow")}
      open={(flow) => setParams({ flow: flow.id })}
      footer={
        feed.next && (
          <p class="more">
            <button type="button" onClick={feed.more}>
              Load older flows
            </button>
          </p>
        )
      }
    />
  );
}

function summary(feed: Feed, live: boolean): string {
  const parts = [plural(feed.rows.length, "flow")];
  if (feed.next) parts.push("older ones not loaded");
  if (feed.dropped) parts.push(`${count(feed.dropped)} older left out: at most ${count(MOST)} are shown`);
  if (live)
    parts.push(
      {
        open: "following",
        connecting: "connecting",
        waiting: "interrupted, trying again",
        refused: "not followed",
        off: "",
      }[feed.stream],
    );
  return parts.filter(Boolean).join(" · ");
}
