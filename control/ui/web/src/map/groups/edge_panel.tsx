import { bytes, plural, service, time } from "../../format";
import { both } from "../../query";
import { href } from "../../router";
import { Facts, Panel } from "../../ui/panel";
import { Verdict } from "../../ui/verdict";
import { Between } from "../between";
import { nodeTerms } from "../filter";
import type { Asked } from "../state";
import type { Drawn, DrawnEdge } from "./arrange";
import { MOST_FLOWS } from "./expansion";

interface Props {
  edge: DrawnEdge;
  answer: Drawn;
  asked: Asked;
  close: () => void;
}

/** A line of a single workload: what the flows say that were read for it, and all of them a click away. */
export function WorkloadEdgePanel({ edge, answer, asked, close }: Props) {
  const [from, to] = [edge.source, edge.destination].map((id) => answer.nodes.find((node) => node.id === id));
  const q = both(asked.q, from && nodeTerms(from, answer.group_by, "from"), to && nodeTerms(to, answer.group_by, "to"));
  return (
    <Panel
      title={<Between from={from} to={to} />}
      close={close}
    >
      <p class="row-links">
        <a href={href("flows", { q, since: asked.since, until: asked.until })}>Flows of this connection</a>
      </p>
      <Facts
        rows={[
          ["Verdict", <Verdict value={edge.verdict} />],
          ["Services", edge.services.map((one) => service(one.protocol, one.port)).join(", ")],
          ["Connections", plural(edge.count, "connection")],
          ["Bytes", edge.bytes && bytes(edge.bytes.to_destination + edge.bytes.to_source)],
          ["First, last", `${time(edge.first)}, ${time(edge.last)}`],
        ]}
      />
      <p class="quiet">Counted from the newest {MOST_FLOWS.toLocaleString("en-GB")} flows of the group.</p>
    </Panel>
  );
}
