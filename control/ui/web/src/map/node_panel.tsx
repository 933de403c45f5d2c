import type { MapAnswer, MapEdge } from "../api/types";
import { count, plural } from "../format";
import { both } from "../query";
import { href } from "../router";
import { Facts, Panel } from "../ui/panel";
import { LabelChips, Text, Whole } from "../ui/text";
import { services } from "./edge_table";
import type { DrawnNode } from "./groups/arrange";
import { labelQuery, nodeTerms } from "./filter";
import { LineSample } from "./legend";
import type { Asked } from "./state";

interface Props {
  answer: MapAnswer;
  asked: Asked;
  close: () => void;
}

const KINDS: Record<string, string> = {
  workloads: "workloads",
  unlabelled: "workloads without these labels",
  list: "address list",
  network: "network",
  internet: "addresses that nobody knows",
};

export function NodePanel({
  node,
  answer,
  asked,
  close,
  openEdge,
  unfold,
}: Props & { node: DrawnNode; openEdge: (edge: MapEdge) => void; unfold: () => void }) {
  const own = answer.edges.filter((edge) => edge.source === node.id || edge.destination === node.id);
  const flows = nodeTerms(node, answer.group_by, "");
  return (
    <Panel title={<Whole value={node.name} />} close={close}>
      <Facts
        rows={[
          ["Is", KINDS[node.kind]],
          ["Labels", node.labels && <LabelChips labels={node.labels} max={200} />],
          [
            "Workloads",
            node.workload !== undefined ? (
              <a href={href(`workloads/${encodeURIComponent(node.workload)}`)}>
                <Whole value={node.workload} />
              </a>
            ) : node.workloads === undefined ? undefined : node.kind === "workloads" ? (
              <a href={href("workloads", { labels: labelQuery(node, node.folded ? [] : answer.group_by) })}>
                {count(node.workloads)}
              </a>
            ) : (
              count(node.workloads)
            ),
          ],
          [
            "Flows",
            flows && (
              <a href={href("flows", { q: both(asked.q, flows), since: asked.since, until: asked.until })}>
                show its flows
              </a>
            ),
          ],
        ]}
      />
      {node.kind === "workloads" && (
        <p class="buttons">
          <button type="button" onClick={unfold}>
            {unfoldWords(node)}
          </button>
        </p>
      )}
      <EdgeList
        title="Reaches"
        edges={own.filter((edge) => edge.source === node.id)}
        end="destination"
        answer={answer}
        open={openEdge}
      />
      <EdgeList
        title="Is reached by"
        edges={own.filter((edge) => edge.destination === node.id)}
        end="source"
        answer={answer}
        open={openEdge}
      />
    </Panel>
  );
}

function unfoldWords({ folded, parent }: DrawnNode): string {
  if (folded) return `Unfold into its ${plural(folded.length, "group")}`;
  return parent ? "Put its workloads together again" : "Show its workloads one by one";
}

function EdgeList({
  title,
  edges,
  end,
  answer,
  open,
}: {
  title: string;
  edges: MapEdge[];
  end: "source" | "destination";
  answer: MapAnswer;
  open: (edge: MapEdge) => void;
}) {
  const name = (id: string) => answer.nodes.find((node) => node.id === id)?.name ?? id;
  return (
    <>
      <h3>{title}</h3>
      {!edges.length && <p class="quiet">nobody in this time</p>}
      <ul class="edge-list">
        {edges.slice(0, 100).map((edge) => (
          <li key={edge.id}>
            <button type="button" class="plain" onClick={() => open(edge)}>
              <LineSample verdict={edge.verdict} />
              <span class="hidden">{edge.verdict}: </span>
              <span class="grow">
                <Text
                  value={
                    edge[end] === edge.source && edge.source === edge.destination ? "inside of it" : name(edge[end])
                  }
                  max={50}
                />{" "}
                <span class="quiet">{services(edge)}</span>
              </span>
              <span class="quiet">{count(edge.count)}</span>
            </button>
          </li>
        ))}
      </ul>
      {edges.length > 100 && <p class="quiet">{plural(edges.length - 100, "more connection")}: see the table</p>}
    </>
  );
}
