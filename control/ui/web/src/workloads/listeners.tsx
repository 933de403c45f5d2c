import { get, type Page } from "../api/client";
import type { Agent, Flow, Listener } from "../api/types";
import { count, service, time } from "../format";
import { instant, term } from "../query";
import { href } from "../router";
import { ProcessLines } from "../ui/process";
import { Whole } from "../ui/text";
import { useData } from "../ui/use_data";

interface Reach {
  connections: number;
  blocked: number;
}

/** Who reached which port in the last day, from the newest 1,000 inbound flows. */
async function reached(name: string, signal: AbortSignal) {
  const page = await get<Page<Flow>>(
    "flows",
    { q: `${term("to", "workload", name)} direction=inbound`, since: instant("24h"), limit: 1000 },
    signal,
  );
  const ports = new Map<string, Reach>();
  for (const flow of page.items) {
    const key = `${flow.protocol} ${flow.port}`;
    const sum = ports.get(key) ?? { connections: 0, blocked: 0 };
    if (flow.verdict === "blocked") sum.blocked += flow.count;
    else sum.connections += flow.count;
    ports.set(key, sum);
  }
  return { ports, more: page.next !== undefined };
}

export function Listeners({ name, agent }: { name: string; agent: Agent | undefined }) {
  const reach = useData(`reach ${name}`, (signal) => reached(name, signal));
  const listeners = agent?.report?.listeners ?? [];
  if (!agent?.report) return <p class="quiet">The agent has not reported what listens here.</p>;
  if (!listeners.length) return <p class="quiet">Nothing listens here.</p>;
  return (
    <>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Listeners">
        <table class="small">
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">Address</th>
              <th scope="col">Program</th>
              <th scope="col">Reached in the last day</th>
            </tr>
          </thead>
          <tbody>
            {listeners.map((one, at) => (
              <ListenerRow key={at} listener={one} name={name} reach={reach.data?.ports} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="quiet">
        Reported {time(agent.report.taken)}.{reach.data?.more ? " Reached: counted from the newest 1,000 flows." : ""}
      </p>
    </>
  );
}

function ListenerRow({
  listener,
  name,
  reach,
}: {
  listener: Listener;
  name: string;
  reach: Map<string, Reach> | undefined;
}) {
  const sum = reach?.get(`${listener.protocol} ${listener.port}`);
  const q = `${term("to", "workload", name)} ${term("", "port", String(listener.port))} ${term("", "protocol", listener.protocol)}`;
  return (
    <tr>
      <td>{service(listener.protocol, listener.port)}</td>
      <td>
        <Whole value={listener.address} />
      </td>
      <td>
        <ProcessLines process={listener.process} />
        {listener.package && (
          <span class="quiet">
            package <Whole value={listener.package} />
          </span>
        )}
      </td>
      <td>
        {reach && !sum ? (
          <span class="quiet">by nobody</span>
        ) : (
          sum && (
            <a href={href("flows", { q, since: "24h" })}>
              {count(sum.connections)} times{sum.blocked ? `; ${count(sum.blocked)} more blocked` : ""}
            </a>
          )
        )}
      </td>
    </tr>
  );
}
