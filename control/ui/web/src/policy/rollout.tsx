import { useEffect, useState } from "preact/hooks";
import { get, Problem, request } from "../api/client";
import type { Rollout } from "../api/types";
import { duration, plural } from "../format";
import { changed } from "../state/live";
import { may } from "../state/session";
import { Failure } from "../ui/states";
import { Whole } from "../ui/text";
import { useData } from "../ui/use_data";

async function rollout(signal: AbortSignal): Promise<Rollout | undefined> {
  return get<Rollout>("rollout", {}, signal).catch((problem) => {
    if (problem instanceof Problem && problem.status === 404) return undefined;
    throw problem;
  });
}

/** Shown while a version is under way, and when the last one was taken back. */
export function RolloutCard() {
  const { data, reload } = useData(
    `rollout ${changed.rollout.value} ${changed.version.value} ${changed.agent.value}`,
    rollout,
  );
  if (!data || data.phase === "confirmed") return null;
  if (data.phase === "taken_back")
    return (
      <p class="warnings" role="status">
        Version {data.version} was taken back
        {data.reason && (
          <>
            : <Whole value={data.reason} />
          </>
        )}
        . What was in force before (version {data.previous}) is in force again.
      </p>
    );
  return <UnderWay rollout={data} reload={reload} />;
}

function UnderWay({ rollout: data, reload }: { rollout: Rollout; reload: () => void }) {
  const [problem, setProblem] = useState<Problem>();
  const left = useSecondsTo(data.deadline);
  const act = async (what: "confirm" | "proceed" | "abort") => {
    setProblem(undefined);
    try {
      await request(`rollout/${what}`, {
        method: "POST",
        body: what === "abort" ? { reason: "taken back in the UI" } : undefined,
      });
      reload();
    } catch (error) {
      setProblem(error as Problem);
    }
  };
  return (
    <section class="card rollout" aria-label="Version under way">
      <h2>
        Version {data.version} {data.phase === "canary" ? "is with its canaries" : "waits to be confirmed"}
      </h2>
      <p>
        {data.acknowledged.length} of {plural(data.concerned, "agent")} hold it
        {data.blocks ? `, ${plural(data.blocks, "flow")} blocked since` : ""}.
        {left !== undefined && (
          <strong class="countdown" role="timer">
            {" "}
            Taken back in {duration(left)} unless it is confirmed.
          </strong>
        )}
      </p>
      {data.refused.length > 0 && (
        <ul class="warnings">
          {data.refused.map((one) => (
            <li key={one}>
              <Whole value={one} />
            </li>
          ))}
        </ul>
      )}
      {may("provision") && (
        <p class="buttons">
          {data.phase === "canary" && (
            <button type="button" class="primary" onClick={() => act("proceed")}>
              To all others
            </button>
          )}
          {data.phase === "waiting" && (
            <button type="button" class="primary" onClick={() => act("confirm")}>
              Confirm version {data.version}
            </button>
          )}
          <button type="button" class="danger" onClick={() => act("abort")}>
            Take it back now
          </button>
        </p>
      )}
      {problem && <Failure problem={problem} />}
    </section>
  );
}

function useSecondsTo(deadline: string | undefined): number | undefined {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!deadline) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [deadline]);
  return deadline ? Math.max(0, (Date.parse(deadline) - now) / 1000) : undefined;
}
