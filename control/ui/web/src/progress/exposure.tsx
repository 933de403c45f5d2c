import { get, Problem } from "../api/client";
import type { Exposure, Reach } from "../api/insight";
import { count, plural } from "../format";
import { param, setParams } from "../router";
import { changed } from "../state/live";
import { percent } from "../policy/proposal";
import { visible } from "../text";
import { Failure } from "../ui/states";
import { Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { useSettled } from "../ui/use_settled";

const MOST = 500;

interface Both {
  active: Exposure | undefined;
  draft: Exposure | undefined;
}

async function read(signal: AbortSignal): Promise<Both> {
  const of = (version: string) =>
    get<Exposure>("exposure", { version }, signal).catch((problem) => {
      if (problem instanceof Problem && problem.status === 404) return undefined;
      throw problem;
    });
  const [active, draft] = await Promise.all([of("active"), of("draft")]);
  return { active, draft };
}

/** How much can reach how much: without policy, now, and when everything is enforced. */
export function ExposurePart() {
  const turn = useSettled(changed.change.value + changed.version.value, 3000);
  const loaded = useData(`exposure ${turn}`, read);
  const { data, problem } = loaded;
  if (problem && !data) return <Failure problem={problem} retry={loaded.reload} />;
  const wanted = param("exposure") === "draft" ? "draft" : "active";
  const chosen = data?.[wanted] ?? data?.active ?? data?.draft;
  if (!data || !chosen) return null;
  return (
    <section class="card" aria-label="Exposure">
      <h2>Exposure</h2>
      <p class="quiet">
        Pairs of a workload and a listening port of another one that it can reach: with no policy at all, now, and when
        every managed workload is in full.
      </p>
      {data.active && <Total title={`In force, version ${data.active.version}`} reach={data.active.total} />}
      {data.draft && <Total title="With the draft" reach={data.draft.total} />}
      <Legend />
      {chosen.unknown > 0 && (
        <p class="quiet">
          {plural(chosen.unknown, "workload")} not counted: the agent has not reported what listens there.
        </p>
      )}
      {data.active && data.draft && (
        <span class="tabs" role="group" aria-label="Exposure by">
          <Tab value="active" title="In force" chosen={wanted} />
          <Tab value="draft" title="The draft" chosen={wanted} />
        </span>
      )}
      <Apps exposure={chosen} />
    </section>
  );
}

function Tab({ value, title, chosen }: { value: string; title: string; chosen: string }) {
  return (
    <button
      type="button"
      aria-pressed={chosen === value}
      onClick={() => setParams({ exposure: value === "draft" ? value : undefined })}
    >
      {title}
    </button>
  );
}

function Total({ title, reach }: { title: string; reach: Reach }) {
  return (
    <div class="exposure-total">
      <p>
        <strong>{title}:</strong> {words(reach)}
      </p>
      <Bar reach={reach} name={title} />
    </div>
  );
}

const closed = (part: number, open: number) => `${percent(open - part, open)} closed`;

export function words({ open, now, enforced }: Reach): string {
  if (!open) return "nothing listens that another workload could reach";
  return `${count(open)} open, ${count(now)} now (${closed(now, open)}), ${count(enforced)} enforced (${closed(enforced, open)})`;
}

const STEPS = ["open", "now", "enforced"] as const;

function Legend() {
  return (
    <p class="legend">
      {STEPS.map((step) => (
        <span key={step}>
          <span class={`swatch reach-${step}`} aria-hidden="true" />
          {step}
        </span>
      ))}
    </p>
  );
}

/** One below the other, each as long as its share of what is open. */
function Bar({ reach, name }: { reach: Reach; name: string }) {
  return (
    <svg
      class="reach-chart"
      viewBox="0 0 100 18"
      preserveAspectRatio="none"
      role="img"
      aria-label={`${visible(name)}: ${words(reach)}`}
    >
      {STEPS.map((step, at) => (
        <rect
          key={step}
          class={`reach-${step}`}
          x="0"
          y={at * 6}
          height="5"
          width={reach.open ? Math.max(reach[step] ? 0.5 : 0, (reach[step] / reach.open) * 100) : 0}
        />
      ))}
    </svg>
  );
}

const NUMBERS: { title: string; of: (reach: Reach) => number }[] = [
  { title: "Workloads", of: (reach) => reach.workloads },
  { title: "Ports", of: (reach) => reach.ports },
  { title: "Open", of: (reach) => reach.open },
  { title: "Now", of: (reach) => reach.now },
  { title: "Enforced", of: (reach) => reach.enforced },
];

function Apps({ exposure: { items } }: { exposure: Exposure }) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Exposure of each app">
      <table class="small">
        <thead>
          <tr>
            <th scope="col">Application</th>
            {NUMBERS.map(({ title }) => (
              <th key={title} scope="col" class="number">
                {title}
              </th>
            ))}
            <th scope="col">Of what is open</th>
          </tr>
        </thead>
        <tbody>
          {items.slice(0, MOST).map((item) => (
            <tr key={item.app}>
              <td>{item.app ? <Whole value={item.app} /> : <span class="quiet">without an app label</span>}</td>
              {NUMBERS.map(({ title, of }) => (
                <td key={title} class="number">
                  {count(of(item))}
                </td>
              ))}
              <td class="bar-cell">
                <Bar reach={item} name={item.app || "without an app label"} />
                <span class="quiet">
                  {item.open
                    ? `${closed(item.now, item.open)} now, ${closed(item.enforced, item.open)} when enforced`
                    : ""}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {items.length > MOST && <p class="quiet">{plural(items.length - MOST, "more application")}</p>}
    </div>
  );
}
