import { get, type Page } from "../api/client";
import type { Flow } from "../api/types";
import { bytes, count, failures, rtt, service, time } from "../format";
import { both, term } from "../query";
import { Facts, Panel } from "../ui/panel";
import { PartyFacts } from "../ui/process";
import { useData } from "../ui/use_data";
import { Whole } from "../ui/text";
import { Verdict } from "../ui/verdict";

export function FlowDetail({ flow, close }: { flow: Flow; close: () => void }) {
  const other = useData(`other ${flow.id}`, (signal) => otherEnd(flow, signal));
  return (
    <Panel
      title={
        <>
          {service(flow.protocol, flow.port)} <Verdict value={flow.verdict} />
        </>
      }
      close={close}
    >
      <h3>Source</h3>
      <PartyFacts party={better(flow, other.data, "source")} />
      <h3>Destination</h3>
      <PartyFacts party={better(flow, other.data, "destination")} />
      <Judged flow={flow} />
      {other.data ? (
        <Judged flow={other.data} />
      ) : (
        !other.loading && <p class="quiet">Nothing is recorded from the other end.</p>
      )}
      <h3>Numbers</h3>
      <Numbers flow={flow} />
    </Panel>
  );
}

function Judged({ flow }: { flow: Flow }) {
  return (
    <>
      <h3>{flow.direction === "inbound" ? "Judged at the destination" : "Judged at the source"}</h3>
      <Facts
        rows={[
          ["Verdict", <Verdict value={flow.verdict} />],
          ["Reason", <Whole value={flow.reason} />],
          [
            flow.rules.length > 1 ? "Rules" : "Rule",
            flow.rules.length ? (
              <span class="lines">
                {flow.rules.map((rule) => (
                  <RuleLink key={rule} rule={rule} />
                ))}
              </span>
            ) : (
              <span class="quiet">no rule matches</span>
            ),
          ],
          ["Policy version", flow.policy_version],
          ["By", <Whole value={flow.subject} />],
        ]}
      />
    </>
  );
}

export function RuleLink({ rule }: { rule: string }) {
  const [set = ""] = rule.split("/");
  return (
    <a href={`#/policy/rules?set=${encodeURIComponent(set)}`}>
      <Whole value={rule} />
    </a>
  );
}

function Numbers({ flow }: { flow: Flow }) {
  return (
    <Facts
      rows={[
        ["Connections", count(flow.count)],
        ["Came to nothing", failures(flow.failed)],
        [
          "To destination",
          flow.bytes &&
            `${bytes(flow.bytes.to_destination)}${flow.packets ? `, ${count(flow.packets.to_destination)} packets` : ""}`,
        ],
        [
          "To source",
          flow.bytes &&
            `${bytes(flow.bytes.to_source)}${flow.packets ? `, ${count(flow.packets.to_source)} packets` : ""}`,
        ],
        ["Retransmits", flow.retransmits],
        ["Round trip", flow.rtt_us === undefined ? undefined : rtt(flow.rtt_us)],
        ["Began", time(flow.started)],
        ["Last seen", time(flow.time)],
      ]}
    />
  );
}

/** What the other end's agent recorded of the same service between the same addresses, nearest in time. */
async function otherEnd(flow: Flow, signal: AbortSignal): Promise<Flow | undefined> {
  const direction = flow.direction === "inbound" ? "outbound" : "inbound";
  const q = both(
    term("from", "address", flow.source.address),
    term("to", "address", flow.destination.address),
    term("", "direction", direction),
    term("", "protocol", flow.protocol),
    flow.port === undefined ? "" : term("", "port", String(flow.port)),
  );
  const page = await get<Page<Flow>>("flows", { q, limit: 100 }, signal);
  const distance = (one: Flow) => Math.abs(Date.parse(one.started) - Date.parse(flow.started));
  return page.items.sort((a, b) => distance(a) - distance(b))[0];
}

/** Each agent knows the program of its own end only. */
function better(flow: Flow, other: Flow | undefined, end: "source" | "destination") {
  return flow[end].process || !other?.[end].process ? flow[end] : { ...flow[end], process: other[end].process };
}
