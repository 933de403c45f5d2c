import type { Agent, Workload } from "../api/types";
import { ago } from "../format";

/** What stands in the way of this agent, worst first; empty when nothing. */
export function troubles(agent: Agent): string[] {
  const out: string[] = [];
  if (agent.revoked !== undefined) out.push("its certificate is revoked");
  if (agent.refused) out.push("it refused the last version");
  if (agent.given_up) out.push("given up: its peers' rules do not find it until it is back");
  if (agent.unconfirmed) out.push("runs a version that is not confirmed yet");
  else if (!agent.current && agent.presence === "online") out.push("does not hold the newest policy yet");
  return out;
}

const SIGNS = { online: "●", late: "◐", silent: "○" };

export function Health({ agent, workload }: { agent: Agent | undefined; workload?: Workload }) {
  if (!agent)
    return (
      <span class="quiet">
        {workload?.spec.managed === false ? "unmanaged" : workload?.spec.cgroup ? "part of its host" : "no agent"}
      </span>
    );
  const trouble = agent.revoked !== undefined ? "revoked" : troubles(agent).length ? "attention" : "";
  return (
    <span
      class={`health health-${agent.presence}`}
      title={[`heard ${ago(agent.last_heard)}`, ...troubles(agent)].join("; ")}
    >
      <span aria-hidden="true">{SIGNS[agent.presence]}</span> {agent.presence}
      {trouble && ` · ${trouble}`}
    </span>
  );
}
