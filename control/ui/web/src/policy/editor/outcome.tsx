import { useState } from "preact/hooks";
import { Problem } from "../../api/client";
import { plural } from "../../format";
import { go, href, param } from "../../router";
import { Failure } from "../../ui/states";
import type { useEditor } from "./use_editor";
import { isStale, remove } from "./writing";

interface Props {
  editor: ReturnType<typeof useEditor>;
  broken: boolean;
  save: () => void;
  discard: () => void;
}

/** What saving would do, as the controller says, and the buttons. */
export function Outcome({ editor, broken, save, discard }: Props) {
  const { trial, untouched, busy, saved, problem, theirs, kept } = editor;
  const refused = trial.problem && !isStale(trial.problem) ? trial.problem : undefined;
  const wrong = Boolean(refused) || broken || !kept.draft.name;
  return (
    <div class="editor-end">
      <p class="buttons">
        <button type="button" class="primary" disabled={busy || wrong || untouched || Boolean(theirs)} onClick={save}>
          {busy ? "Saving…" : "Save into the draft"}
        </button>
        <button type="button" disabled={busy || untouched} onClick={discard}>
          Discard what was changed
        </button>
        <span role="status">{words(editor, broken)}</span>
      </p>
      {problem && !problem.faults.length && !theirs && <Failure problem={problem} />}
      {refused && !refused.faults.length && !problem && <Failure problem={refused} />}
      {(saved || (param("saved") && untouched)) && (
        <div class="good" role="status">
          <p>
            Saved. Nothing of it is in force before it is <a href={href("policy/changes")}>provisioned</a>;{" "}
            <a href={href("policy/impact")}>what it would change</a>.
          </p>
        </div>
      )}
    </div>
  );
}

function words({ trial, untouched, theirs, kept }: Props["editor"], broken: boolean): string {
  if (broken) return "The YAML is being read.";
  if (theirs) return "Changed meanwhile; see above.";
  if (untouched) return "Nothing is changed.";
  if (!kept.draft.name) return "It needs a name.";
  if (isStale(trial.problem)) return "There is one of this name already.";
  if (trial.problem) return "The controller would not take it; see what is marked.";
  const edit = trial.edited?.edits[0];
  if (!edit) return "The controller is asked…";
  const warnings = trial.edited?.warnings.length ?? 0;
  return `Would be ${edit.outcome}${warnings ? `, with ${plural(warnings, "warning")}` : ""}.`;
}

interface RemovalProps {
  name: string;
  revision: number;
  done: () => void;
}

export function Removal({ name, revision, done }: RemovalProps) {
  const [sure, setSure] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const act = () =>
    remove(name, revision).then(
      () => {
        done();
        go(href("policy/rules", { version: "draft" }));
      },
      (error) => setProblem(error as Problem),
    );
  return (
    <div>
      <p class="buttons">
        {sure ? (
          <>
            <span>All of its rules go from the draft.</span>
            <button type="button" class="danger" onClick={act}>
              Remove it from the draft
            </button>
            <button type="button" onClick={() => setSure(false)}>
              Keep it
            </button>
          </>
        ) : (
          <button type="button" class="danger" onClick={() => setSure(true)}>
            Remove this rule set…
          </button>
        )}
      </p>
      {problem && <Failure problem={problem} />}
    </div>
  );
}
