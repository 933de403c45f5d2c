import { useState } from "preact/hooks";
import { get, Problem, request, type Page } from "../api/client";
import type { Diff, Provisioned, Version } from "../api/types";
import { time } from "../format";
import { href, param, setParams } from "../router";
import { changed } from "../state/live";
import { may } from "../state/session";
import { Empty, Failure, Loading } from "../ui/states";
import { Text, Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { Changes } from "./changes";

export function VersionsPage() {
  const loaded = useData(`versions ${changed.version.value} ${changed.rollout.value}`, (signal) =>
    get<Page<Version>>("versions", { limit: 100 }, signal),
  );
  const { data } = loaded;
  const chosen = data?.items.find((one) => String(one.number) === param("number"));
  if (!data)
    return loaded.problem ? <Failure problem={loaded.problem} retry={loaded.reload} /> : <Loading what="versions" />;
  if (!data.items.length)
    return (
      <Empty>
        Nothing was provisioned yet. What is pending is under <a href={href("policy/changes")}>pending changes</a>.
      </Empty>
    );
  return (
    <>
      <div class="table-scroll card" tabIndex={0} role="region" aria-label="Versions">
        <table class="small">
          <thead>
            <tr>
              <th scope="col" class="number">
                Version
              </th>
              <th scope="col">When</th>
              <th scope="col">By</th>
              <th scope="col">Note</th>
              <th scope="col" class="number">
                Objects
              </th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {data.items.map((version) => (
              <tr key={version.number} class={chosen === version ? "opened" : ""}>
                <td class="number">
                  <a
                    href={href("policy/versions", { number: String(version.number) })}
                    aria-label={`Version ${version.number}`}
                  >
                    {version.number}
                  </a>
                </td>
                <td>{time(version.time)}</td>
                <td>
                  <Text value={version.actor} max={40} />
                </td>
                <td>
                  <Text value={version.note} max={90} />
                  {version.rollback_to && <span class="quiet"> as version {version.rollback_to}</span>}
                </td>
                <td class="number">{version.changes}</td>
                <td>{version.active ? <strong>in force</strong> : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {data.next && <p class="quiet">The newest 100 of {data.total} are shown.</p>}
      </div>
      {chosen && (
        <VersionCard key={chosen.number} version={chosen} newest={data.items[0]!.number} done={loaded.reload} />
      )}
    </>
  );
}

function VersionCard({ version, newest, done }: { version: Version; newest: number; done: () => void }) {
  const diff = useData(`version ${version.number}`, (signal) =>
    get<Diff>("diff", { from: version.number, to: "active" }, signal),
  );
  return (
    <section aria-label={`Version ${version.number}`} class="stack">
      <h2>
        Version {version.number}{" "}
        <button type="button" class="plain" aria-label="Close version" onClick={() => setParams({ number: undefined })}>
          ✕
        </button>
      </h2>
      <p>
        <Whole value={version.note} /> <a href={href("policy/rules", { version: String(version.number) })}>its rules</a>
      </p>
      {!version.active &&
        diff.data &&
        (diff.data.changes.length ? (
          <>
            <p>What is in force differs from it:</p>
            <Changes changes={diff.data.changes} />
          </>
        ) : (
          <p>What is in force is the same.</p>
        ))}
      {diff.problem && <Failure problem={diff.problem} />}
      {!version.active && may("provision") && <Rollback version={version} newest={newest} done={done} />}
    </section>
  );
}

function Rollback({ version, newest, done }: { version: Version; newest: number; done: () => void }) {
  const [note, setNote] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const back = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await request<Provisioned>("rollback", {
        method: "POST",
        body: { to: version.number, base: newest, note: note.trim() },
      });
      setParams({ number: undefined });
      done();
    } catch (error) {
      setProblem(error as Problem);
      setBusy(false);
    }
  };
  return (
    <form class="card" onSubmit={back}>
      <label class="field stacked">
        <span>Why back to version {version.number}</span>
        <input value={note} required maxLength={1000} onInput={(event) => setNote(event.currentTarget.value)} />
      </label>
      <p class="buttons">
        <button type="submit" class="danger" disabled={busy || !note.trim()}>
          Roll back to version {version.number}
        </button>
      </p>
      {problem && <Failure problem={problem} />}
    </form>
  );
}
