import { get, type Page } from "../api/client";
import type { EdgeRow, MapEdge, Verdict as Word } from "../api/types";
import { plural } from "../format";
import { both, instant } from "../query";
import { href } from "../router";
import { Panel } from "../ui/panel";
import { Empty, Failure, Loading, Warnings } from "../ui/states";
import { useData } from "../ui/use_data";
import { Verdict } from "../ui/verdict";
import { Between } from "./between";
import { EdgeCard } from "./edge_card";
import type { Drawn } from "./groups/arrange";
import { edgeTerms, nodeTerms } from "./filter";
import type { Asked } from "./state";

interface Props {
  answer: Drawn;
  asked: Asked;
  close: () => void;
}

export function EdgePanel({ edge, answer, asked, close }: Props & { edge: MapEdge }) {
  const node = (id: string) => answer.nodes.find((one) => one.id === id);
  const from = node(edge.source);
  const to = node(edge.destination);
  // A folded app is no node of the controller's: there its label says which edges are meant.
  const source = from?.folded ? undefined : edge.source;
  const destination = to?.folded ? undefined : edge.destination;
  const folded = both(
    from?.folded && edgeTerms(from, answer.group_by, "from"),
    to?.folded && edgeTerms(to, answer.group_by, "to"),
  );
  const query = {
    q: both(asked.q, folded),
    since: instant(asked.since),
    until: instant(asked.until),
    source,
    destination,
    group_by: asked.groupBy,
    limit: 200,
  };
  const rows = useData(
    `edges ${asked.q} ${asked.since} ${asked.until} ${edge.source} ${edge.destination} ${edge.last} ${edge.count}`,
    (signal) => get<Page<EdgeRow>>("edges", query, signal),
  );
  const flows = both(
    asked.q,
    from && nodeTerms(from, answer.group_by, "from"),
    to && nodeTerms(to, answer.group_by, "to"),
  );
  const wanted = both(
    asked.q,
    from && edgeTerms(from, answer.group_by, "from"),
    to && edgeTerms(to, answer.group_by, "to"),
  );
  return (
    <Panel
      title={<Between from={from} to={to} />}
      close={close}
    >
      <p class="row-links">
        <a href={href("flows", { q: flows, since: asked.since, until: asked.until })}>Flows of this connection</a>
        <a href={href("policy/traffic", { q: wanted, since: asked.since, until: asked.until })}>
          Propose rules for this
        </a>
      </p>
      {asked.verdicts !== "reported" && (
        <p class="quiet">
          The picture shows what the {asked.verdicts === "draft" ? "" : "staged "}draft would say:{" "}
          <Verdict value={edge.verdict} /> Below is what was reported.
        </p>
      )}
      <Warnings faults={rows.data?.warnings} />
      {rows.problem && !rows.data && <Failure problem={rows.problem} retry={rows.reload} />}
      {rows.loading && !rows.data && <Loading what="what runs over it" />}
      {rows.data && !rows.data.items.length && <Empty>Nothing is recorded of it in this time.</Empty>}
      {sorted(rows.data?.items ?? [], edge.verdict).map((row, at) => (
        <EdgeCard key={at} row={row} flows={flows} asked={asked} />
      ))}
      {rows.data?.next && (
        <p class="quiet">
          {plural((rows.data.total ?? 0) - rows.data.items.length, "more row")}: narrow the filter to see them
        </p>
      )}
    </Panel>
  );
}

const sorted = (rows: EdgeRow[], first: Word) =>
  [...rows].sort((a, b) => Number(b.verdict === first) - Number(a.verdict === first) || b.count - a.count);
