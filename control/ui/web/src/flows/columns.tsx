import type { Flow, Pair } from "../api/types";
import { bytes, count, failures, rtt, service, time } from "../format";
import { PartyCell, partyName, processName } from "../ui/process";
import type { Column } from "../ui/table";
import { Text } from "../ui/text";
import { Verdict } from "../ui/verdict";

const sum = (pair: Pair | undefined) => (pair ? pair.to_destination + pair.to_source : undefined);
const labels = (of: Record<string, string> = {}) =>
  Object.entries(of)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");

function text(id: string, title: string, width: string, value: (flow: Flow) => string | undefined): Column<Flow> {
  return { id, title, width, text: value, cell: (flow) => <Text value={value(flow)} max={60} /> };
}

function number(id: string, title: string, value: (flow: Flow) => number | undefined, show = count): Column<Flow> {
  return {
    id,
    title,
    width: "86px",
    number: true,
    text: value,
    cell: (flow) => {
      const found = value(flow);
      return found === undefined ? "" : show(found);
    },
  };
}

export const COLUMNS: Column<Flow>[] = [
  {
    ...text("time", "Time", "96px", (flow) => flow.time),
    cell: (flow) => (
      <time dateTime={flow.time} title={flow.time}>
        {time(flow.time)}
      </time>
    ),
  },
  { ...text("verdict", "Verdict", "140px", (flow) => flow.verdict), cell: (flow) => <Verdict value={flow.verdict} /> },
  {
    ...text("source", "Source", "170px", (flow) => partyName(flow.source)),
    cell: (flow) => <PartyCell party={flow.source} />,
  },
  text("source_address", "Source address", "130px", (flow) => flow.source.address),
  text("source_labels", "Source labels", "240px", (flow) => labels(flow.source.labels)),
  text("source_process", "Source program", "170px", (flow) => processName(flow.source.process)),
  text("source_user", "Source user", "100px", (flow) => flow.source.process?.user),
  {
    ...text("destination", "Destination", "170px", (flow) => partyName(flow.destination)),
    cell: (flow) => <PartyCell party={flow.destination} />,
  },
  text("destination_address", "Destination address", "130px", (flow) => flow.destination.address),
  text("destination_labels", "Destination labels", "240px", (flow) => labels(flow.destination.labels)),
  text("destination_process", "Destination program", "170px", (flow) => processName(flow.destination.process)),
  text("destination_user", "Destination user", "110px", (flow) => flow.destination.process?.user),
  text("service", "Service", "96px", (flow) =>
    flow.icmp ? `ICMP ${flow.icmp.type}/${flow.icmp.code}` : service(flow.protocol, flow.port),
  ),
  text("direction", "Judged", "92px", (flow) => flow.direction),
  text("rule", "Rule or reason", "180px", (flow) => flow.rules[0] ?? flow.reason),
  number("count", "Count", (flow) => flow.count),
  text("failed", "Failed", "120px", (flow) => failures(flow.failed)),
  number("bytes", "Bytes", (flow) => sum(flow.bytes), bytes),
  number("packets", "Packets", (flow) => sum(flow.packets)),
  number("retransmits", "Retransmits", (flow) => flow.retransmits),
  number("rtt", "Round trip", (flow) => flow.rtt_us, rtt),
];

export const USUAL = [
  "time",
  "verdict",
  "source",
  "source_process",
  "destination",
  "destination_process",
  "service",
  "direction",
  "rule",
  "count",
  "bytes",
];

export function chosen(text: string): Column<Flow>[] {
  const wanted = text ? text.split(",") : USUAL;
  const found = COLUMNS.filter((column) => wanted.includes(column.id));
  return found.length ? found : COLUMNS.filter((column) => USUAL.includes(column.id));
}
