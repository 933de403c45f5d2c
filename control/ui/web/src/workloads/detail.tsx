import { useMemo } from "preact/hooks";
import { get, Problem } from "../api/client";
import type { Agent, Workload } from "../api/types";
import { ago } from "../format";
import { term } from "../query";
import { href } from "../router";
import { Facts } from "../ui/panel";
import { Failure, Loading } from "../ui/states";
import { LabelChips, Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { Health, troubles } from "./health";
import { ModeWord } from "./list";
import { Reachable } from "./reach";
import { Listeners } from "./listeners";
import { changed } from "../state/live";
import { useSettled, useTicks } from "../ui/use_settled";

interface Found {
  workload: Workload;
  agent: Agent | undefined;
}

async function read(name: string, signal: AbortSignal): Promise<Found> {
  const at = encodeURIComponent(name);
  const missing = (problem: unknown) => {
    if (problem instanceof Problem && problem.status === 404) return undefined;
    throw problem;
  };
  const [workload, agent] = await Promise.all([
    get<Workload>(`workloads/${at}`, {}, signal),
    get<Agent>(`agents/${at}`, {}, signal).catch(missing),
  ]);
  return { workload, agent };
}

export function WorkloadDetail({ name }: { name: string }) {
  const settled = useSettled(changed.change.value + changed.agent.value, 1000);
  const ticks = useTicks(15_000);
  const loaded = useData(`workload ${name} ${settled} ${ticks}`, (signal) => read(name, signal));
  const data = useLast(loaded.data, name);
  return (
    <div class="page scroll">
      <p>
        <a href={href("workloads")}>Workloads</a>
      </p>
      <h1>
        <Whole value={name} />
      </h1>
      {loaded.problem && !data && <Failure problem={loaded.problem} retry={loaded.reload} />}
      {loaded.loading && !data && <Loading what="the workload" />}
      {data && <Detail name={name} {...data} />}
    </div>
  );
}

/** While it is loaded again, what was there stays. */
function useLast(data: Found | undefined, name: string): Found | undefined {
  const last = useMemo<{ data?: Found }>(() => ({}), [name]);
  if (data) last.data = data;
  return last.data;
}

function Detail({ name, workload, agent }: Found & { name: string }) {
  const { spec } = workload;
  return (
    <>
      <div class="cards">
        <section class="card">
          <h2>Workload</h2>
          <Facts
            rows={[
              ["Labels", <LabelChips labels={spec.labels} max={120} />],
              ["Mode", <ModeWord mode={spec.managed === false ? "" : (spec.mode ?? "visibility")} />],
              ["Addresses", spec.addresses && <Whole value={spec.addresses.join(", ")} />],
              ["Cgroup", spec.cgroup && <Whole value={spec.cgroup} />],
              [
                "Host",
                spec.host && (
                  <a href={href(`workloads/${encodeURIComponent(spec.host)}`)}>
                    <Whole value={spec.host} />
                  </a>
                ),
              ],
            ]}
          />
          <p class="row-links">
            <a href={href("flows", { q: term("to", "workload", name), since: "24h" })}>Flows to it</a>
            <a href={href("flows", { q: term("from", "workload", name), since: "24h" })}>Flows from it</a>
            <a href={href(`workloads/${encodeURIComponent(name)}`, { why: "1" })}>Would it pass?</a>
          </p>
        </section>
        <section class="card">
          <h2>Agent</h2>
          <AgentFacts agent={agent} workload={workload} />
        </section>
      </div>
      <Reachable name={name} />
      <section class="card">
        <h2>Listens</h2>
        <Listeners name={name} agent={agent} />
      </section>
    </>
  );
}

function AgentFacts({ agent, workload }: { agent: Agent | undefined; workload: Workload }) {
  if (!agent) return <Health agent={agent} workload={workload} />;
  const wrong = troubles(agent);
  return (
    <>
      <Facts
        rows={[
          ["Presence", <Health agent={agent} />],
          ["Heard", `${ago(agent.last_heard)}`],
          ["Version", <Whole value={agent.version} />],
          ["Policy", agent.provisioned ? `version ${agent.provisioned}` : "none yet"],
          [
            "System",
            agent.report && <Whole value={[agent.report.os, agent.report.kernel].filter(Boolean).join(", kernel ")} />,
          ],
        ]}
      />
      {wrong.length > 0 && (
        <ul class="warnings">
          {wrong.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      )}
      {agent.refused && (
        <p class="wrong">
          <Whole value={agent.refused} />
        </p>
      )}
    </>
  );
}
