import { useState } from "preact/hooks";
import { get, Problem, request, type Page } from "../api/client";
import type { Diff, ObjectChange, Provisioned, Version } from "../api/types";
import { plural } from "../format";
import { changed } from "../state/live";
import { may } from "../state/session";
import { Empty, Failure, Loading, Warnings } from "../ui/states";
import { Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { differenceWords } from "./differences";

interface Pending {
  diff: Diff;
  base: number;
  freeze: { frozen: boolean; reason?: string };
}

async function pending(signal: AbortSignal): Promise<Pending> {
  const [diff, versions, freeze] = await Promise.all([
    get<Diff>("diff", {}, signal),
    get<Page<Version>>("versions", { limit: 1 }, signal),
    get<Pending["freeze"]>("freeze", {}, signal),
  ]);
  return { diff, freeze, base: versions.items[0]?.number ?? 0 };
}

export function ChangesPage() {
  const loaded = useData(`pending ${changed.change.value} ${changed.version.value}`, pending);
  const { data } = loaded;
  if (!data)
    return loaded.problem ? (
      <Failure problem={loaded.problem} retry={loaded.reload} />
    ) : (
      <Loading what="pending changes" />
    );
  if (!data.diff.changes.length) return <Empty>Nothing is pending: the draft is what is in force.</Empty>;
  return (
    <>
      {data.freeze.frozen && (
        <p class="warnings" role="status">
          A freeze is on; nothing is provisioned until it is lifted. <Whole value={data.freeze.reason} />
        </p>
      )}
      <Changes changes={data.diff.changes} />
      {may("provision") ? (
        <Provision key={JSON.stringify(data.diff.changes)} pending={data} done={loaded.reload} />
      ) : (
        <p class="quiet">Your role may read this, not provision it.</p>
      )}
    </>
  );
}

export function Changes({ changes }: { changes: ObjectChange[] }) {
  return (
    <>
      {changes.map((change) => (
        <section class="card" key={`${change.kind} ${change.name}`}>
          <h2>
            {change.kind} <Whole value={change.name} />{" "}
            <span class={`outcome outcome-${change.outcome}`}>{change.outcome}</span>
          </h2>
          <ul class="diff">
            {change.differences.map((difference, at) => {
              const { field, before, after } = differenceWords(difference);
              return (
                <li key={at}>
                  <span class="strong">
                    <Whole value={field} />
                  </span>
                  {before !== undefined && (
                    <span class="minus">
                      <span aria-hidden="true">− </span>
                      <span class="hidden">before: </span>
                      <Whole value={before} />
                    </span>
                  )}
                  {after !== undefined && (
                    <span class="plus">
                      <span aria-hidden="true">+ </span>
                      <span class="hidden">after: </span>
                      <Whole value={after} />
                    </span>
                  )}
                </li>
              );
            })}
          </ul>
        </section>
      ))}
    </>
  );
}

const WITHIN: [number, string][] = [
  [0, "final at once"],
  [60, "taken back unless confirmed in 1 minute"],
  [300, "taken back unless confirmed in 5 minutes"],
  [1800, "taken back unless confirmed in 30 minutes"],
];

function Provision({ pending: { diff, base }, done }: { pending: Pending; done: () => void }) {
  const [note, setNote] = useState("");
  const [within, setWithin] = useState(300);
  const [answer, setAnswer] = useState<Provisioned>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState("");
  // Only what is shown here, only on top of the version that was seen.
  const objects = diff.changes.map(({ kind, name, revision }) => ({ kind, name, revision: revision ?? 0 }));
  const act = async (what: "check" | "provision" | "stage") => {
    setBusy(what);
    setProblem(undefined);
    try {
      const body = {
        objects,
        base,
        ...(note.trim() ? { note: note.trim() } : {}),
        ...(what === "stage" ? {} : { confirm_within_s: within }),
      };
      const said = await request<Provisioned>(what === "stage" ? "staging" : "provision", {
        method: what === "stage" ? "PUT" : "POST",
        body,
        query: { dry_run: what === "check" ? true : undefined },
      });
      setAnswer(said);
      if (what === "provision") done();
      if (what === "stage") location.hash = "#/policy/impact";
    } catch (error) {
      setProblem(error as Problem);
    } finally {
      setBusy("");
    }
  };
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        void act("provision");
      }}
    >
      <h2>Provision as version {base + 1}</h2>
      <div class="form-grid">
        <label class="field stacked">
          <span>Note: why, for whom, which ticket</span>
          <input value={note} maxLength={1000} required onInput={(event) => setNote(event.currentTarget.value)} />
        </label>
        <label class="field stacked">
          <span>Confirmation</span>
          <select value={String(within)} onChange={(event) => setWithin(Number(event.currentTarget.value))}>
            {WITHIN.map(([seconds, words]) => (
              <option key={seconds} value={seconds}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="buttons">
        <button type="button" disabled={Boolean(busy)} onClick={() => act("check")}>
          Who would get it?
        </button>
        <button type="button" disabled={Boolean(busy)} onClick={() => act("stage")}>
          Let agents judge by it first
        </button>
        <button type="submit" class="primary" disabled={Boolean(busy) || !note.trim()}>
          {busy === "provision" ? "Provisioning…" : "Provision"}
        </button>
      </p>
      {problem && <Failure problem={problem} />}
      {answer && <Answer answer={answer} />}
    </form>
  );
}

function Answer({ answer }: { answer: Provisioned }) {
  return (
    <div role="status">
      <p>
        {plural(answer.agents.length, "agent gets", "agents get")} another policy, says the controller
        {answer.agents.length > 0 && answer.agents.length <= 20 && (
          <>
            : <Whole value={answer.agents.join(", ")} />
          </>
        )}
        .
      </p>
      {answer.pulled_in.length > 0 && (
        <p>
          Goes along because others need it:{" "}
          <Whole value={answer.pulled_in.map(({ kind, name }) => `${kind} ${name}`).join(", ")} />
        </p>
      )}
      <Warnings faults={answer.warnings} />
    </div>
  );
}
