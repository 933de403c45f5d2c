import { useState } from "preact/hooks";
import { get, Problem, request } from "../api/client";
import type { Edited, Labels, Workload } from "../api/types";
import { sortedLabels } from "../format";
import { visible } from "../text";
import { Failure, Warnings } from "../ui/states";
import { LabelChips, Whole } from "../ui/text";

interface Props {
  workload: string;
  /** To set or to change. */
  labels: Labels;
  /** What it was thought to have. */
  expected: Labels;
  done: () => void;
}

/** Asks first, with what the workload has at that moment, and writes only on top of that. */
export function SetLabels({ workload, labels, expected, done }: Props) {
  const [found, setFound] = useState<Workload>();
  const [answer, setAnswer] = useState<Edited>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const run = async (what: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await what();
    } catch (error) {
      setProblem(error as Problem);
      if ((error as Problem).status === 412) setFound(undefined);
    } finally {
      setBusy(false);
    }
  };
  const look = () => run(async () => setFound(await read(workload)));
  const set = (now: Workload) =>
    run(async () => {
      setAnswer(await write(now, labels));
      setFound(undefined);
      done();
    });
  return (
    <div class="stack">
      {found ? (
        <div role="group" aria-label={`Confirm the labels of ${visible(workload)}`}>
          {!same(found.spec.labels ?? {}, expected) && (
            <p class="warnings">
              Its labels have changed meanwhile: it has <LabelChips labels={found.spec.labels} max={60} />
            </p>
          )}
          <p>
            Set {words(labels)} on <Whole value={workload} />? Rules that name these labels hold for it at once.
          </p>
          <p class="buttons">
            <button type="button" class="primary" disabled={busy} onClick={() => set(found)}>
              Set the labels
            </button>
            <button type="button" disabled={busy} onClick={() => setFound(undefined)}>
              Do not
            </button>
          </p>
        </div>
      ) : (
        !answer && (
          <p>
            <button
              type="button"
              class="small"
              disabled={busy}
              aria-label={`Set these labels… on ${visible(workload)}`}
              onClick={look}
            >
              Set these labels…
            </button>
          </p>
        )
      )}
      {problem?.status === 412 ? (
        <p class="wrong" role="alert">
          Somebody changed this workload meanwhile; nothing was set. Look again before you set them.
        </p>
      ) : (
        problem && <Failure problem={problem} />
      )}
      {answer && (
        <div class="good" role="status">
          The labels are set.
          <Warnings faults={answer.warnings} />
        </div>
      )}
    </div>
  );
}

const words = (labels: Labels) => (
  <Whole
    value={sortedLabels(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(", ")}
  />
);

const at = (name: string) => `workloads/${encodeURIComponent(name)}`;

const read = (name: string) => get<Workload>(at(name));

export function write(now: Workload, labels: Labels): Promise<Edited> {
  const { name, revision } = now.metadata;
  return request<Edited>(at(name), {
    method: "PUT",
    headers: { "If-Match": `"${revision}"` },
    body: {
      apiVersion: "ringwall/v1",
      kind: "Workload",
      metadata: { name },
      spec: { ...now.spec, labels: { ...now.spec.labels, ...labels } },
    },
  });
}

function same(a: Labels, b: Labels): boolean {
  const text = (labels: Labels) => JSON.stringify(sortedLabels(labels));
  return text(a) === text(b);
}
