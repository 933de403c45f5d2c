import { useRef, useState } from "preact/hooks";
import { pages, Problem, request } from "../api/client";
import type { Edited, RuleSet } from "../api/types";
import { plural } from "../format";
import { href } from "../router";
import { may } from "../state/session";
import { visible } from "../text";
import { download, stamp } from "../ui/export";
import { Failure, Warnings } from "../ui/states";
import { Whole } from "../ui/text";
import { intoDraft, yamlOf } from "./proposal";

interface Props {
  sets: RuleSet[];
  /** The controller's own YAML, with the evidence, where every rule is ticked. */
  whole?: string;
  rules: number;
}

/** The ticked rules: as text to take along, or into the draft. */
export function TakeRules({ sets, whole, rules }: Props) {
  const text = whole ?? yamlOf(sets);
  const [told, setTold] = useState("");
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setTold("Copied."),
      () => setTold("This browser does not let pages copy; take the download."),
    );
  return (
    <section class="card" aria-label="Ticked rules">
      <h2>{plural(rules, "ticked rule")}</h2>
      <pre class="yaml" tabIndex={0} role="group" aria-label="Ticked rules as YAML">
        {visible(text).replace(/\u240a/g, "\n")}
      </pre>
      <p class="buttons">
        <button type="button" onClick={copy}>
          Copy
        </button>
        <button type="button" onClick={() => download(`proposed-${stamp()}.yaml`, text, "application/yaml")}>
          Download
        </button>
        <span role="status">{told}</span>
      </p>
      {may("edit") ? (
        <IntoDraft key={text} sets={sets} />
      ) : (
        <p class="quiet">Your role may read this, not put it into the draft.</p>
      )}
    </section>
  );
}

function IntoDraft({ sets }: { sets: RuleSet[] }) {
  const [answer, setAnswer] = useState<Edited>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  // What the controller may have done without being able to say so is not done twice.
  const attempt = useRef(NO_ATTEMPT);
  const put = async () => {
    setBusy(true);
    setAnswer(undefined);
    setProblem(undefined);
    try {
      const draft = await pages<RuleSet>("rule-sets", { version: "draft" }, 100_000);
      const body = { documents: intoDraft(sets, draft.items), note: "proposed from traffic" };
      const content = JSON.stringify(body);
      if (attempt.current.content !== content) attempt.current = { content, key: crypto.randomUUID() };
      setAnswer(await apply(body, attempt.current.key));
      attempt.current = NO_ATTEMPT;
    } catch (error) {
      setProblem(error as Problem);
      if ((error as Problem).status) attempt.current = NO_ATTEMPT;
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <p class="buttons">
        <button type="button" class="primary" disabled={busy} onClick={put}>
          Put into the draft
        </button>
        <span class="quiet">
          What the draft's rule sets hold already stays. Nothing is in force before it is provisioned.
        </span>
      </p>
      {problem && <Failure problem={problem} />}
      {answer && <Done answer={answer} />}
    </>
  );
}

const apply = (body: object, key: string) =>
  request<Edited>("apply", { method: "POST", body, headers: { "Idempotency-Key": key } });

const NO_ATTEMPT = { content: "", key: "" };

function Done({ answer }: { answer: Edited }) {
  return (
    <div role="status" class="good">
      <ul class="plain-list">
        {answer.edits.map((edit) => (
          <li key={edit.name}>
            Rule set <Whole value={edit.name} />: {edit.outcome}
          </li>
        ))}
      </ul>
      <p class="row-links">
        <a href={href("policy/changes")}>Pending changes</a>
        <a href={href("policy/impact")}>What they would change</a>
      </p>
      <Warnings faults={answer.warnings} />
    </div>
  );
}
