import { get, type Page } from "../api/client";
import type { EdgeEnd, EdgeRow, MapAnswer, MapEdge, Verdict as Word } from "../api/types";
import { bytes, plural, rtt, service, time } from "../format";
import { RuleLink } from "../flows/detail";
import { both, instant, term } from "../query";
import { href } from "../router";
import { visible } from "../text";
import { download } from "../ui/export";
import { Panel } from "../ui/panel";
import { Empty, Failure, Loading, Warnings } from "../ui/states";
import { Text, Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { Verdict } from "../ui/verdict";
import { edgeTerms, nodeTerms } from "./filter";
import { ruleText } from "./rule_text";
import type { Asked } from "./state";

interface Props {
  answer: MapAnswer;
  asked: Asked;
  close: () => void;
}

export function EdgePanel({ edge, answer, asked, close }: Props & { edge: MapEdge }) {
  const node = (id: string) => answer.nodes.find((one) => one.id === id);
  const { source, destination } = edge;
  const query = {
    q: asked.q,
    since: instant(asked.since),
    until: instant(asked.until),
    source,
    destination,
    group_by: asked.groupBy,
    limit: 200,
  };
  const rows = useData(
    `edges ${asked.q} ${asked.since} ${asked.until} ${source} ${destination} ${edge.last} ${edge.count}`,
    (signal) => get<Page<EdgeRow>>("edges", query, signal),
  );
  const from = node(source);
  const to = node(destination);
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
      title={
        <>
          <Text value={from?.name} max={60} /> → <Text value={to?.name} max={60} />
        </>
      }
      close={close}
    >
      <p class="row-links">
        <a href={href("flows", { q: flows, since: asked.since, until: asked.until })}>Flows of this connection</a>
        <a href={href("policy/traffic", { q: wanted, since: asked.since, until: asked.until })}>
          Propose rules for this
        </a>
      </p>
      {asked.verdicts === "draft" && (
        <p class="quiet">
          The picture shows what the draft would say: <Verdict value={edge.verdict} /> Below is what was reported.
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

function EdgeCard({ row, flows, asked }: { row: EdgeRow; flows: string; asked: Asked }) {
  const q = both(
    flows,
    term("", "protocol", row.protocol),
    row.port === undefined ? "" : term("", "port", String(row.port)),
  );
  return (
    <section class="edge-card">
      <header>
        <a href={href("flows", { q, since: asked.since, until: asked.until })} class="strong">
          {service(row.protocol, row.port)}
        </a>
        <Verdict value={row.verdict} />
      </header>
      <div class="edge-ends">
        <End
          title="Source"
          end={row.source}
          verdict={row.source_verdict}
          rules={row.source_rules}
          reason={row.source_reason}
        />
        <End
          title="Destination"
          end={row.destination}
          verdict={row.destination_verdict}
          rules={row.destination_rules}
          reason={row.destination_reason}
        />
      </div>
      <p class="quiet">{numbers(row)}</p>
      <RuleForThis row={row} />
    </section>
  );
}

/** To copy into a rule set. */
function RuleForThis({ row }: { row: EdgeRow }) {
  const text = ruleText(row);
  if (!text) return null;
  return (
    <details class="rule-text">
      <summary>Rule for this</summary>
      <pre tabIndex={0} role="group" aria-label="Rule as YAML">
        {visible(text).replace(/\u240a/g, "\n")}
      </pre>
      <button
        type="button"
        onClick={() => download(`${row.protocol}-${row.port ?? "any"}.yaml`, text, "application/yaml")}
      >
        Save as a file
      </button>
    </details>
  );
}

interface EndProps {
  title: string;
  end: EdgeEnd;
  verdict?: Word;
  rules?: string[];
  reason?: string;
}

function End({ title, end, verdict, rules, reason }: EndProps) {
  return (
    <div>
      <h3>{title}</h3>
      <span class="lines">
        <span>
          <Whole value={end.name} />
        </span>
        <span>
          {end.shown && end.shown !== end.process && (
            <span class="strong">
              <Text value={end.shown} max={60} />{" "}
            </span>
          )}
          {end.process ? (
            <code>
              <Whole value={end.process} />
            </code>
          ) : (
            <span class="quiet">program not known</span>
          )}
          {end.user && (
            <span class="quiet">
              {" "}
              as <Text value={end.user} max={40} />
            </span>
          )}
        </span>
        <span>{verdict ? <Verdict value={verdict} /> : <span class="quiet">no agent judged here</span>}</span>
        {rules?.map((rule) => (
          <span key={rule}>
            <RuleLink rule={rule} />
          </span>
        ))}
        {!rules?.length && reason && (
          <span class="quiet">
            <Whole value={reason} />
          </span>
        )}
      </span>
    </div>
  );
}

function numbers(row: EdgeRow): string {
  return [
    plural(row.count, "connection"),
    row.bytes && bytes(row.bytes.to_destination + row.bytes.to_source),
    row.rtt_us ? rtt(row.rtt_us) : undefined,
    row.retransmits ? plural(row.retransmits, "retransmit") : undefined,
    row.peers ? plural(row.peers, "peer") : undefined,
    `first ${time(row.first)}, last ${time(row.last)}`,
  ]
    .filter(Boolean)
    .join(" · ");
}
