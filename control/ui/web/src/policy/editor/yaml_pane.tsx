import { useEffect, useRef, useState } from "preact/hooks";
import { visible } from "../../text";
import { setYaml } from "../proposal";
import { parsed, unread, type Unread } from "./parse";
import { sent, type Draft } from "./model";

const PAUSE = 300;

interface Props {
  draft: Draft;
  isNew: boolean;
  change: (draft: Draft) => void;
  /** While the text cannot be read, the form waits and nothing is saved. */
  broken: (is: boolean) => void;
}

/** The same rule set as text. What is typed here comes into the form, and the other way round. */
export function YamlPane({ draft, isNew, change, broken }: Props) {
  const same = written(draft);
  const [typed, setTyped] = useState<{ text: string; means: string }>();
  const [mistake, setMistake] = useState<Unread>();
  const turn = useRef(0);
  const text = typed && (mistake || typed.means === same) ? typed.text : same;
  const latest = useRef({ draft, change });
  latest.current = { draft, change };
  const read = async (given: string) => {
    const mine = ++turn.current;
    const found = await parsed(given);
    if (mine !== turn.current) return;
    const wrong = unread(found) ? found : renamed(found, isNew, latest.current.draft);
    setMistake(wrong);
    broken(Boolean(wrong));
    if (wrong || unread(found)) return;
    setTyped({ text: given, means: written(found) });
    latest.current.change(found);
  };
  const pending = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(pending.current), []);
  const input = (given: string) => {
    setTyped({ text: given, means: same });
    broken(true);
    setMistake((old) => old ?? WAITING);
    clearTimeout(pending.current);
    pending.current = setTimeout(() => void read(given), PAUSE);
  };
  const wrong = mistake && mistake !== WAITING ? mistake : undefined;
  return (
    <div class="editor-yaml">
      <label class="field stacked">
        <span>The same as YAML</span>
        <textarea
          class="yaml"
          dir="ltr"
          rows={24}
          spellcheck={false}
          wrap="off"
          value={text}
          aria-invalid={wrong ? "true" : undefined}
          aria-describedby={wrong ? "yaml-wrong" : undefined}
          onInput={(event) => input(event.currentTarget.value)}
        />
      </label>
      {wrong && (
        <p class="wrong" role="alert" id="yaml-wrong">
          {wrong.line ? `Line ${wrong.line}: ` : ""}
          {visible(wrong.sentence)} The form waits until this can be read.
        </p>
      )}
      {wrong && (
        <button
          type="button"
          onClick={() => {
            setTyped(undefined);
            setMistake(undefined);
            broken(false);
          }}
        >
          Take back what was typed here
        </button>
      )}
    </div>
  );
}

const WAITING: Unread = { sentence: "" };

const written = (draft: Draft) => setYaml({ metadata: { name: draft.name }, spec: sent(draft).spec });

function renamed(found: Draft, isNew: boolean, draft: Draft): Unread | undefined {
  if (isNew || found.name === draft.name) return undefined;
  return { sentence: `This rule set is ${draft.name}; another name is another rule set: make a new one.` };
}
