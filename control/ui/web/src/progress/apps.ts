// Each application on its way idle → visibility → selective → full, and what stands before the next step.
import type { Agent, MapEdge, Mode, Workload } from "../api/types";
import { plural } from "../format";

export const MODES: Mode[] = ["idle", "visibility", "selective", "full"];
export const NO_APP = "";

export interface AppProgress {
  app: string;
  workloads: number;
  modes: Record<Mode, number>;
  unmanaged: number;
  blockers: string[];
}

export interface Traffic {
  /** Connections that enforcement would cut or that no rule knows, by application at either end. */
  wouldBlock: Map<string, number>;
}

const NEXT: Partial<Record<Mode, string>> = { idle: "visibility", visibility: "selective or full", selective: "full" };

export function progress(workloads: Workload[], agents: Agent[], traffic: Traffic): AppProgress[] {
  const presence = new Map(agents.filter((agent) => agent.revoked === undefined).map((agent) => [agent.name, agent]));
  const groups = new Map<string, Workload[]>();
  for (const workload of workloads) {
    const app = workload.spec.labels?.app ?? NO_APP;
    groups.set(app, [...(groups.get(app) ?? []), workload]);
  }
  return [...groups]
    .map(([app, members]) => ofApp(app, members, presence, traffic))
    .sort((a, b) => Number(a.app === NO_APP) - Number(b.app === NO_APP) || a.app.localeCompare(b.app));
}

function ofApp(app: string, members: Workload[], agents: Map<string, Agent>, traffic: Traffic): AppProgress {
  const modes: Record<Mode, number> = { idle: 0, visibility: 0, selective: 0, full: 0 };
  const managed = members.filter((member) => member.spec.managed !== false);
  for (const member of managed) modes[member.spec.mode ?? "visibility"] += 1;
  return {
    app,
    workloads: members.length,
    modes,
    unmanaged: members.length - managed.length,
    blockers: blockers(app, managed, modes, agents, traffic),
  };
}

function blockers(
  app: string,
  managed: Workload[],
  modes: Record<Mode, number>,
  agents: Map<string, Agent>,
  traffic: Traffic,
): string[] {
  const out: string[] = [];
  if (app === NO_APP) out.push("they have no app label");
  const own = managed.filter((member) => !member.spec.cgroup);
  const silent = own.filter((member) => agents.get(member.metadata.name)?.presence !== "online").length;
  if (silent) out.push(`${silent} without an agent that is online`);
  const refused = own.filter((member) => agents.get(member.metadata.name)?.refused).length;
  if (refused) out.push(`${refused} refused the last version`);
  const cut = traffic.wouldBlock.get(app) ?? 0;
  if (cut && modes.full < managed.length) out.push(`${plural(cut, "connection")} of the last day would be blocked`);
  return out;
}

export function step(modes: Record<Mode, number>): string {
  const lowest = MODES.find((mode) => modes[mode] > 0);
  if (!lowest) return "";
  return NEXT[lowest] ? `next: ${NEXT[lowest]}` : "done";
}

/** From /map grouped by app. */
export function wouldBlock(
  edges: MapEdge[],
  nodes: { id: string; labels?: Record<string, string> }[],
): Map<string, number> {
  const apps = new Map(nodes.map((node) => [node.id, node.labels?.app]));
  const out = new Map<string, number>();
  for (const edge of edges)
    for (const app of new Set([apps.get(edge.source), apps.get(edge.destination)]))
      if (app !== undefined) out.set(app, (out.get(app) ?? 0) + edge.count);
  return out;
}
