// One kind of connection of a line: both ends, what they said, and a rule for it.
import type { EdgeEnd, EdgeRow, Verdict as Word } from "../api/types";
import { RuleLink } from "../flows/detail";
import { bytes, failures, plural, rtt, service, time } from "../format";
import { both, term } from "../query";
import { href } from "../router";
import { visible } from "../text";
import { download } from "../ui/export";
import { Text, Whole } from "../ui/text";
import { Verdict } from "../ui/verdict";
import { ruleText } from "./rule_text";
import type { Asked } from "./state";

export function EdgeCard({ row, flows, asked }: { row: EdgeRow; flows: string; asked: Asked }) {
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
    failures(row.failed),
    row.bytes && bytes(row.bytes.to_destination + row.bytes.to_source),
    row.rtt_us ? rtt(row.rtt_us) : undefined,
    row.retransmits ? plural(row.retransmits, "retransmit") : undefined,
    row.peers ? plural(row.peers, "peer") : undefined,
    `first ${time(row.first)}, last ${time(row.last)}`,
  ]
    .filter(Boolean)
    .join(" · ");
}
