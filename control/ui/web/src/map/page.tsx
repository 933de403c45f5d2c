import { useRef, useState } from "preact/hooks";
import type { MapEdge } from "../api/types";
import type { Drawn } from "./groups/arrange";
import { closeGroup, openGroup, unfoldApp, useDrawn } from "./groups/folds";
import { WorkloadEdgePanel } from "./groups/edge_panel";
import { plural } from "../format";
import { href, param, setParams } from "../router";
import { QueryBox } from "../ui/query_box";
import { Empty, Failure, Loading, Warnings } from "../ui/states";
import { Whole } from "../ui/text";
import { MapCanvas, type Controls } from "./canvas";
import { EdgeTable } from "./edge_table";
import { Legend } from "./legend";
import { totals } from "./model";
import { EdgePanel } from "./edge_panel";
import { NodePanel } from "./node_panel";
import { asked as readAsked, useMap, type Asked } from "./state";
import { Timeline } from "./timeline/timeline";
import { MapToolbar } from "./toolbar";
import type { Picked } from "./view";

export function MapPage() {
  const asked = readAsked();
  const map = useMap(asked);
  const controls = useRef<Controls | undefined>(undefined);
  const [found, setFound] = useState<number>();
  const [noPicture, setNoPicture] = useState(false);
  const table = param("view") === "table" || noPicture;
  const answer = useDrawn(map.data, asked);
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
        raw={map.data}
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
          asked={asked}
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
      <Timeline asked={asked} seen={answer} />
      {answer && <Legend counts={totals(answer)} kinds={answer.nodes.map((node) => node.kind)} view={asked.verdicts} />}
      <p class="status-line" role="status">
        {answer && summary(answer, asked, map.stream)}
      </p>
    </div>
  );
}

interface BodyProps {
  map: ReturnType<typeof useMap>;
  asked: Asked;
  answer: Drawn | undefined;
  table: boolean;
  found: (count: number) => void;
  failed: () => void;
  register: (controls: Controls | undefined) => void;
}

/** What the controller says, and what to do about it. */
const NothingStaged = ({ detail }: { detail: string }) => (
  <Empty>
    <Whole value={detail} /> Under <a href={href("policy/changes")}>pending changes</a>, agents can be asked to judge by
    the draft without enforcing it.
  </Empty>
);

function Body({ map, asked, answer, table, found, failed, register }: BodyProps) {
  if (map.problem?.status === 400) return <Empty>The filter is not understood; see above.</Empty>;
  if (map.problem?.status === 422 && asked.verdicts === "staged") return <NothingStaged detail={map.problem.detail} />;
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
      unfold={(id) => unfold(answer, id)}
      failed={failed}
      register={register}
    />
  );
}

function Picked({ answer, asked }: { answer: Drawn; asked: Asked }) {
  const what = picked();
  const close = () => pick(undefined);
  const edge = answer.edges.find((one) => one.id === edgeId(what));
  if (edge?.ofFlows) return <WorkloadEdgePanel key={edge.id} edge={edge} answer={answer} asked={asked} close={close} />;
  if (edge) return <EdgePanel key={edge.id} edge={edge} answer={answer} asked={asked} close={close} />;
  const node = what && "node" in what ? answer.nodes.find((one) => one.id === what.node) : undefined;
  return node ? (
    <NodePanel
      key={node.id}
      node={node}
      answer={answer}
      asked={asked}
      close={close}
      unfold={() => unfold(answer, node.id)}
      openEdge={(one: MapEdge) => pick({ edge: one.id })}
    />
  ) : null;
}

/** A folded app opens, a group shows its workloads, a workload goes back into its group. */
function unfold({ nodes }: Drawn, id: string): void {
  const node = nodes.find((one) => one.id === id);
  if (node?.folded) unfoldApp(node.name);
  else if (node?.parent) closeGroup(node.parent);
  else if (node?.kind === "workloads") openGroup(id);
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

function summary(answer: Drawn, asked: Asked, stream: string): string {
  const parts = [plural(answer.nodes.length, "group"), plural(answer.edges.length, "connection")];
  const { nodes, edges } = answer.hidden;
  if (nodes || edges)
    parts.push(
      `not shown, least busy: ${plural(nodes, "group")} and ${plural(edges, "connection")}; narrow the filter or group wider`,
    );
  parts.push(...answer.cut);
  if (asked.live) parts.push(stream === "open" ? "live" : "live: connecting");
  return parts.join(" · ");
}
