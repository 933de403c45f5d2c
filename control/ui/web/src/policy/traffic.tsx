import { get } from "../api/client";
import type { Proposal } from "../api/types";
import { count, plural } from "../format";
import { instant } from "../query";
import { param, setParams } from "../router";
import { changed } from "../state/live";
import { QueryBox } from "../ui/query_box";
import { Since } from "../ui/since";
import { Empty, Failure, Loading, Warnings } from "../ui/states";
import { useData } from "../ui/use_data";
import { percent, proposedRules, ticked } from "./proposal";
import { TakeRules } from "./traffic_draft";
import { ProposedRules } from "./traffic_rules";
import { Uncovered } from "./uncovered";

const LEVELS: [string, string][] = [
  ["process", "the program"],
  ["service", "the service"],
  ["role", "the role"],
  ["app", "the application"],
];

function asked() {
  return {
    q: param("q"),
    since: param("since") || "24h",
    until: param("until"),
    level: param("level") || "process",
    merge: param("merge") === "1",
  };
}

/** Rules that would allow what was recorded; nothing is written before somebody says so. */
export function TrafficPage() {
  const { q, since, until, level, merge } = asked();
  const key = `proposal ${JSON.stringify([q, since, until, level, merge])} ${changed.version.value}`;
  const loaded = useData(key, (signal) =>
    get<Proposal>(
      "proposal",
      { q, since: instant(since), until: instant(until), level, merge: merge || undefined },
      signal,
    ),
  );
  const wrongFilter = loaded.problem?.status === 400;
  return (
    <>
      <QueryBox
        value={q}
        apply={(text) => setParams({ q: text, without: undefined }, false)}
        problem={loaded.problem}
        placeholder="to.app=Payments not from.env=Test"
      />
      <div class="toolbar">
        <Since value={since} />
        <label class="field">
          <span>Rules down to</span>
          <select
            value={level}
            onChange={(event) => setParams({ level: event.currentTarget.value, without: undefined })}
          >
            {LEVELS.map(([one, words]) => (
              <option key={one} value={one}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={merge}
            onChange={(event) =>
              setParams({ merge: event.currentTarget.checked ? "1" : undefined, without: undefined })
            }
          />
          One rule for many sources
        </label>
      </div>
      {wrongFilter && <Empty>The filter is not understood; see above.</Empty>}
      {loaded.problem && !wrongFilter && !loaded.data && <Failure problem={loaded.problem} retry={loaded.reload} />}
      {loaded.loading && !loaded.data && <Loading what="what was recorded" />}
      {loaded.data && !wrongFilter && <Proposed proposal={loaded.data} />}
    </>
  );
}

function Proposed({ proposal }: { proposal: Proposal }) {
  const rules = proposedRules(proposal);
  const without = new Set(param("without").split(",").filter(Boolean));
  const taken = rules.filter((one) => !without.has(one.rule));
  if (!proposal.coverage.connections)
    return (
      <>
        <Warnings faults={proposal.warnings} />
        <Empty>No connection matches in this time. Agents that are paired report theirs by themselves.</Empty>
      </>
    );
  return (
    <>
      <Warnings faults={proposal.warnings} />
      <Coverage proposal={proposal} taken={taken.reduce((sum, one) => sum + one.connections, 0)} />
      {rules.length ? (
        <ProposedRules rules={rules} without={without} />
      ) : (
        <Empty>Nothing is left that a rule could be proposed for.</Empty>
      )}
      <Uncovered proposal={proposal} />
      {taken.length > 0 && (
        <TakeRules
          sets={ticked(proposal.rule_sets, without)}
          whole={taken.length === rules.length ? proposal.yaml : undefined}
          rules={taken.length}
        />
      )}
    </>
  );
}

function Coverage({ proposal: { coverage }, taken }: { proposal: Proposal; taken: number }) {
  const { connections, allowed_already, uncovered } = coverage;
  return (
    <section class="card" aria-label="Coverage" role="status">
      <p>
        Of {plural(connections, "connection")}, {percent(allowed_already, connections)} are allowed by what is in force;
        with the ticked rules <strong>{percent(allowed_already + taken, connections)} would be</strong>.{" "}
        {uncovered
          ? `For ${percent(uncovered, connections)} (${count(uncovered)}) no rule is proposed.`
          : "Nothing stays without a rule."}
      </p>
    </section>
  );
}
