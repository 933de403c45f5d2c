import { useRef, useState } from "preact/hooks";
import type { MapAnswer, MapEdge } from "../api/types";
import { plural } from "../format";
import { param, setParams } from "../router";
import { QueryBox } from "../ui/query_box";
import { Empty, Failure, Loading, Warnings } from "../ui/states";
import { MapCanvas, type Controls } from "./canvas";
import { EdgeTable } from "./edge_table";
import { Legend } from "./legend";
import { totals } from "./model";
import { EdgePanel } from "./edge_panel";
import { NodePanel } from "./node_panel";
import { asked as readAsked, useMap, type Asked } from "./state";
import { MapToolbar } from "./toolbar";
import type { Picked } from "./view";

export function MapPage() {
  const asked = readAsked();
  const map = useMap(asked);
  const controls = useRef<Controls | undefined>(undefined);
  const [found, setFound] = useState<number>();
  const [noPicture, setNoPicture] = useState(false);
  const table = param("view") === "table" || noPicture;
  const answer = map.data;
  return (
    <div class="page">
      <h1 class="hidden">Map</h1>
      <QueryBox
        value={asked.q}
        apply={(q) => setParams({ q, pick: undefined }, false)}
        problem={map.problem}
        placeholder="app=Payments not verdict=allowed"
      />
      <MapToolbar
        asked={asked}
        answer={answer}
        places={() => controls.current?.places() ?? new Map()}
        table={table}
        found={found}
        enter={() => controls.current?.goToFound()}
      />
      <Warnings faults={answer?.warnings} />
      {noPicture && (
        <p class="warnings" role="status">
          This browser draws no WebGL: the table shows the same.
        </p>
      )}
      <div class="split">
        <Body
          map={map}
          answer={answer}
          table={table}
          found={setFound}
          failed={() => setNoPicture(true)}
          register={(made) => {
            controls.current = made;
          }}
        />
        {answer && <Picked answer={answer} asked={asked} />}
      </div>
      {answer && (
        <Legend
          counts={totals(answer)}
          kinds={answer.nodes.map((node) => node.kind)}
          draft={asked.verdicts === "draft"}
        />
      )}
      <p class="status-line" role="status">
        {answer && summary(answer, asked, map.stream)}
      </p>
    </div>
  );
}

interface BodyProps {
  map: ReturnType<typeof useMap>;
  answer: MapAnswer | undefined;
  table: boolean;
  found: (count: number) => void;
  failed: () => void;
  register: (controls: Controls | undefined) => void;
}

function Body({ map, answer, table, found, failed, register }: BodyProps) {
  if (map.problem?.status === 400) return <Empty>The filter is not understood; see above.</Empty>;
  if (map.problem && !answer) return <Failure problem={map.problem} retry={map.reload} />;
  if (!answer) return <Loading what="the map" />;
  if (!answer.nodes.length)
    return <Empty>No flow matches in this time. Agents that are paired report theirs by themselves.</Empty>;
  if (table) return <EdgeTable answer={answer} opened={edgeId(picked())} open={(edge) => pick({ edge: edge.id })} />;
  return (
    <MapCanvas
      answer={answer}
      groupBy={answer.group_by.join(",")}
      search={param("find")}
      picked={picked()}
      pick={pick}
      found={found}
      failed={failed}
      register={register}
    />
  );
}

function Picked({ answer, asked }: { answer: MapAnswer; asked: Asked }) {
  const what = picked();
  const close = () => pick(undefined);
  const edge = answer.edges.find((one) => one.id === edgeId(what));
  if (edge) return <EdgePanel key={edge.id} edge={edge} answer={answer} asked={asked} close={close} />;
  const node = what && "node" in what ? answer.nodes.find((one) => one.id === what.node) : undefined;
  return node ? (
    <NodePanel
      key={node.id}
      node={node}
      answer={answer}
      asked={asked}
      close={close}
      openEdge={(one: MapEdge) => pick({ edge: one.id })}
    />
  ) : null;
}

/** In the address as `pick=n:ID` or `pick=e:ID`. */
function picked(): Picked {
  const [, kind, id = ""] = /^([ne]):(.*)$/s.exec(param("pick")) ?? [];
  return kind === "n" ? { node: id } : kind === "e" ? { edge: id } : undefined;
}

const edgeId = (what: Picked) => (what && "edge" in what ? what.edge : undefined);

function pick(what: Picked): void {
  setParams({ pick: what && ("node" in what ? `n:${what.node}` : `e:${what.edge}`) });
}

function summary(answer: MapAnswer, asked: Asked, stream: string): string {
  const parts = [plural(answer.nodes.length, "group"), plural(answer.edges.length, "connection")];
  const { nodes, edges } = answer.hidden;
  if (nodes || edges)
    parts.push(
      `not shown, least busy: ${plural(nodes, "group")} and ${plural(edges, "connection")}; narrow the filter or group wider`,
    );
  if (asked.live) parts.push(stream === "open" ? "live" : "live: connecting");
  return parts.join(" · ");
}
