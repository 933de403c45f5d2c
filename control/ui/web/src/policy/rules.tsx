import { get, pages } from "../api/client";
import type { Findings, Rule, RuleSet, RuleUse } from "../api/types";
import { plural } from "../format";
import { href, param, setParams } from "../router";
import { changed } from "../state/live";
import { may } from "../state/session";
import { visible } from "../text";
import { Empty, Failure, Loading } from "../ui/states";
import { Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { scopeWords, sentence, useWords } from "./sentences";

export function RulesPage() {
  const version = param("version") || "active";
  const loaded = useData(`rules ${version} ${changed.change.value} ${changed.version.value}`, (signal) =>
    pages<RuleSet>("rule-sets", { version }, 1000, signal),
  );
  const used = useFindings(version);
  const uses = new Map(used.data?.rules.map((one) => [one.rule, one]));
  const wanted = param("set");
  const sets = loaded.data?.items.filter((set) => !wanted || set.metadata.name === wanted);
  return (
    <>
      <div class="toolbar">
        <label class="field">
          <span>Show</span>
          <select value={version} onChange={(event) => setParams({ version: event.currentTarget.value })}>
            <option value="active">what is in force</option>
            <option value="draft">the draft</option>
            {/^\d+$/.test(version) && <option value={version}>version {version}</option>}
          </select>
        </label>
        {wanted && (
          <button type="button" onClick={() => setParams({ set: undefined })}>
            Show all rule sets
          </button>
        )}
        {may("edit") && (
          <a class="button" href={href("policy/edit", { new: "1" })}>
            New rule set
          </a>
        )}
      </div>
      {loaded.problem &&
        !loaded.data &&
        (loaded.problem.status === 404 ? <Nothing /> : <Failure problem={loaded.problem} retry={loaded.reload} />)}
      {loaded.loading && !loaded.data && <Loading what="the rules" />}
      {sets && !sets.length && <Nothing />}
      {used.problem && (
        <p class="warnings" role="status">
          How often rules are used is not known: <Whole value={used.problem.detail} />
        </p>
      )}
      {used.data && used.data.policy.length > 0 && <PolicyFindings findings={used.data.policy} />}
      {sets?.map((set) => (
        <SetCard key={set.metadata.name} set={set} uses={uses} />
      ))}
      {loaded.data?.next && (
        <p class="warnings" role="status">
          The first 1,000 rule sets of {loaded.data.total} are shown.
        </p>
      )}
    </>
  );
}

/** Only rules in force decide; of others nothing is asked. */
function useFindings(version: string) {
  return useData(`findings ${version} ${changed.version.value}`, async (signal) =>
    version === "active" ? get<Findings>("findings", {}, signal) : undefined,
  );
}

function PolicyFindings({ findings }: { findings: string[] }) {
  return (
    <details class="card">
      <summary>{plural(findings.length, "finding")} about the policy as a whole</summary>
      <ul class="plain-list">
        {findings.map((one) => (
          <li key={one}>
            <Whole value={one} />
          </li>
        ))}
      </ul>
    </details>
  );
}

const Nothing = () => (
  <Empty>
    No rule set here. What is written but not in force is in the draft and under{" "}
    <a href={href("policy/changes")}>pending changes</a>.
  </Empty>
);

function SetCard({ set, uses }: { set: RuleSet; uses: Map<string, RuleUse> }) {
  const { scopes, rules } = set.spec;
  return (
    <section class="card">
      <div class="set-head">
        <h2>
          <Whole value={set.metadata.name} />
        </h2>
        {may("edit") && (
          <a
            href={href(`policy/edit/${encodeURIComponent(set.metadata.name)}`)}
            aria-label={`Edit ${visible(set.metadata.name)} in the draft`}
          >
            Edit
          </a>
        )}
      </div>
      <p class="quiet">
        Holds: <Whole value={scopeWords(scopes)} /> · {plural(rules.length, "rule")}
      </p>
      <ul class="rules">
        {rules.map((rule) => (
          <RuleLine key={rule.name} rule={rule} set={set} use={uses.get(`${set.metadata.name}/${rule.name}`)} />
        ))}
      </ul>
    </section>
  );
}

function RuleLine({ rule, set, use }: { rule: Rule; set: RuleSet; use?: RuleUse }) {
  const q = `rule="${set.metadata.name}/${rule.name}"`;
  return (
    <li class={`rule rule-${rule.action}`}>
      <p>
        <Whole value={sentence(rule, set.spec.scopes)} />
      </p>
      <p class="quiet">
        <Whole value={rule.name} /> ·{" "}
        <a href={href("flows", { q, since: "24h" })} aria-label={`Flows that ${rule.name} decided`}>
          flows
        </a>
        {use && ` · ${useWords(use)}`}
      </p>
      {use && use.findings.length > 0 && (
        <ul class="findings" aria-label={`Findings about ${rule.name}`}>
          {use.findings.map((one) => (
            <li key={one}>
              <Whole value={one} />
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
