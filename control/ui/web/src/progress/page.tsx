import { get, pages, Problem } from "../api/client";
import type { Agent, MapAnswer, Workload } from "../api/types";
import { plural } from "../format";
import { instant, labelTerm } from "../query";
import { href } from "../router";
import { changed } from "../state/live";
import { Empty, Failure, Loading } from "../ui/states";
import { Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { useSettled } from "../ui/use_settled";
import { ExposurePart } from "./exposure";
import { MODES, NO_APP, progress, step, wouldBlock, type AppProgress } from "./apps";

const MOST = 10_000;

interface Found {
  apps: AppProgress[];
  cut: boolean;
  traffic: boolean;
}

async function read(signal: AbortSignal): Promise<Found> {
  const [workloads, agents, map] = await Promise.all([
    pages<Workload>("workloads", {}, MOST, signal),
    pages<Agent>("agents", {}, MOST, signal),
    get<MapAnswer>(
      "map",
      { q: "verdict=would-block", since: instant("24h"), group_by: "app", nodes: 300, edges: 2000 },
      signal,
    ).catch((problem) => {
      if (problem instanceof Problem && problem.status !== 401) return undefined;
      throw problem;
    }),
  ]);
  const traffic = { wouldBlock: map ? wouldBlock(map.edges, map.nodes) : new Map<string, number>() };
  return {
    apps: progress(workloads.items, agents.items, traffic),
    cut: workloads.next !== undefined,
    traffic: map !== undefined,
  };
}

export function ProgressPage() {
  const turn = useSettled(changed.change.value + changed.agent.value + changed.version.value, 2000);
  const loaded = useData(`progress ${turn}`, read);
  const { data } = loaded;
  return (
    <div class="page scroll">
      <h1>Progress</h1>
      {!data &&
        (loaded.problem ? <Failure problem={loaded.problem} retry={loaded.reload} /> : <Loading what="progress" />)}
      {data && !data.traffic && (
        <p class="warnings" role="status">
          The controller could not say what would be blocked; only modes and agents are judged.
        </p>
      )}
      {data?.cut && (
        <p class="warnings" role="status">
          Only the first {MOST} workloads are counted.
        </p>
      )}
      {data && !data.apps.length && (
        <Empty>There are no workloads yet. Pair a host: it comes with its labels and in visibility.</Empty>
      )}
      {data && data.apps.length > 0 && (
        <>
          <Summary apps={data.apps} />
          <Apps apps={data.apps} />
          <ExposurePart />
        </>
      )}
    </div>
  );
}

function Summary({ apps }: { apps: AppProgress[] }) {
  const total = (mode: (typeof MODES)[number]) => apps.reduce((sum, app) => sum + app.modes[mode], 0);
  const managed = MODES.reduce((sum, mode) => sum + total(mode), 0);
  return (
    <section class="card">
      <h2>All workloads</h2>
      <p>
        {plural(managed, "managed workload")} in{" "}
        {plural(apps.filter((app) => app.app !== NO_APP).length, "application")}:{" "}
        {MODES.map((mode) => `${total(mode)} ${mode}`).join(", ")}.
      </p>
      <Bar
        modes={Object.fromEntries(MODES.map((mode) => [mode, total(mode)])) as AppProgress["modes"]}
        name="all workloads"
      />
      <p class="legend">
        {MODES.map((mode) => (
          <span key={mode}>
            <span class={`swatch bar-${mode}`} aria-hidden="true" />
            {mode}
          </span>
        ))}
      </p>
    </section>
  );
}

function Apps({ apps }: { apps: AppProgress[] }) {
  return (
    <div class="table-scroll card" tabIndex={0} role="region" aria-label="Applications">
      <table class="small">
        <thead>
          <tr>
            <th scope="col">Application</th>
            <th scope="col" class="number">
              Workloads
            </th>
            <th scope="col">Modes</th>
            <th scope="col">Step</th>
            <th scope="col">What blocks it</th>
          </tr>
        </thead>
        <tbody>
          {apps.map((app) => (
            <tr key={app.app}>
              <td>
                {app.app === NO_APP ? (
                  <span class="quiet">without an app label</span>
                ) : (
                  <a href={href("workloads", { labels: `app=${app.app}` })}>
                    <Whole value={app.app} />
                  </a>
                )}
              </td>
              <td class="number">{app.workloads}</td>
              <td class="bar-cell">
                <Bar modes={app.modes} name={app.app || "no app label"} />
                <span class="quiet">
                  {MODES.filter((mode) => app.modes[mode])
                    .map((mode) => `${app.modes[mode]} ${mode}`)
                    .join(", ")}
                  {app.unmanaged ? `, ${app.unmanaged} unmanaged` : ""}
                </span>
              </td>
              <td>{step(app.modes)}</td>
              <td>
                <Blockers app={app} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Blockers({ app }: { app: AppProgress }) {
  if (!app.blockers.length) return <span class="quiet">nothing</span>;
  const q = app.app === NO_APP ? "" : `verdict=would-block ${labelTerm("", "app", app.app)}`;
  return (
    <ul class="plain-list">
      {app.blockers.map((one) => (
        <li key={one}>
          {one.includes("would be blocked") && q ? <a href={href("flows", { q, since: "24h" })}>{one}</a> : one}
        </li>
      ))}
    </ul>
  );
}

function Bar({ modes, name }: { modes: AppProgress["modes"]; name: string }) {
  const total = MODES.reduce((sum, mode) => sum + modes[mode], 0);
  let left = 0;
  return (
    <svg
      class="bar-chart"
      viewBox="0 0 100 10"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${name}: ${MODES.map((mode) => `${modes[mode]} ${mode}`).join(", ")}`}
    >
      {MODES.map((mode) => {
        const width = total ? (modes[mode] / total) * 100 : 0;
        const x = left;
        left += width;
        return <rect key={mode} x={x} y="0" width={width} height="10" class={`bar-${mode}`} />;
      })}
    </svg>
  );
}
