import { pages, type Page } from "../api/client";
import type { Agent, Workload } from "../api/types";

export interface Row {
  workload: Workload;
  agent: Agent | undefined;
}

export interface Rows extends Page<Row> {
  agentsCut: boolean;
}

/** At most so many are drawn; the label query narrows. */
export const MOST = 2000;

export async function workloads(labels: string, signal: AbortSignal): Promise<Rows> {
  const [list, agents] = await Promise.all([
    pages<Workload>("workloads", { labels }, MOST, signal),
    pages<Agent>("agents", { labels }, MOST, signal),
  ]);
  const byName = new Map(
    agents.items.filter((agent) => agent.revoked === undefined).map((agent) => [agent.name, agent]),
  );
  for (const agent of agents.items) if (!byName.has(agent.name)) byName.set(agent.name, agent);
  const items = list.items.map((workload) => ({ workload, agent: byName.get(workload.metadata.name) }));
  return { ...list, items, agentsCut: agents.next !== undefined };
}
