import type { MapAnswer, MapEdge } from "../api/types";
import { bytes, count, service, time } from "../format";
import { Table, type Column } from "../ui/table";
import { Text } from "../ui/text";
import { Verdict } from "../ui/verdict";

export function services(edge: MapEdge): string {
  const named = edge.services.map(({ protocol, port }) => service(protocol, port));
  return edge.more_services ? `${named.join(", ")} and ${edge.more_services} more` : named.join(", ");
}

export function edgeColumns(answer: MapAnswer): Column<MapEdge>[] {
  const names = new Map(answer.nodes.map((node) => [node.id, node.name]));
  const name = (id: string) => names.get(id) ?? id;
  const total = (edge: MapEdge) => (edge.bytes ? edge.bytes.to_destination + edge.bytes.to_source : undefined);
  return [
    {
      id: "verdict",
      title: "Verdict",
      width: "140px",
      text: (edge) => edge.verdict,
      cell: (edge) => <Verdict value={edge.verdict} />,
    },
    {
      id: "source",
      title: "Source",
      width: "200px",
      text: (edge) => name(edge.source),
      cell: (edge) => <Text value={name(edge.source)} max={40} />,
    },
    {
      id: "destination",
      title: "Destination",
      width: "200px",
      text: (edge) => name(edge.destination),
      cell: (edge) => <Text value={name(edge.destination)} max={40} />,
    },
    {
      id: "services",
      title: "Services",
      width: "200px",
      text: services,
      cell: (edge) => <Text value={services(edge)} max={60} />,
    },
    {
      id: "count",
      title: "Count",
      width: "90px",
      number: true,
      text: (edge) => edge.count,
      cell: (edge) => count(edge.count),
    },
    {
      id: "bytes",
      title: "Bytes",
      width: "90px",
      number: true,
      text: total,
      cell: (edge) => (total(edge) === undefined ? "" : bytes(total(edge)!)),
    },
    { id: "last", title: "Last seen", width: "150px", text: (edge) => edge.last, cell: (edge) => time(edge.last) },
  ];
}

export function EdgeTable({
  answer,
  opened,
  open,
}: {
  answer: MapAnswer;
  opened?: string;
  open: (edge: MapEdge) => void;
}) {
  return (
    <Table
      label="Connections between groups"
      columns={edgeColumns(answer)}
      rows={answer.edges}
      rowKey={(edge) => edge.id}
      opened={opened}
      open={open}
    />
  );
}
