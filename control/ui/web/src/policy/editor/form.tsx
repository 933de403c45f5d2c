import { useContext, useState } from "preact/hooks";
import { plural } from "../../format";
import { visible } from "../../text";
import { EditorContext, FaultList, FaultsAt, useWrong } from "./context";
import { below } from "./faults";
import { LabelFields } from "./label_fields";
import { newRule, replaced, tidy, without, type Draft } from "./model";
import { RuleFields, Said } from "./rule_fields";

interface Props {
  draft: Draft;
  isNew: boolean;
  disabled: boolean;
  change: (draft: Draft) => void;
}

export function Form({ draft, isNew, disabled, change }: Props) {
  const { spec } = draft;
  const [open, setOpen] = useState<number[]>(spec.rules.length === 1 ? [0] : []);
  const flip = (at: number) => setOpen(open.includes(at) ? open.filter((one) => one !== at) : [...open, at]);
  const add = () => {
    change({ ...draft, spec: { ...spec, rules: [...spec.rules, newRule(spec.rules)] } });
    setOpen([...open, spec.rules.length]);
  };
  const remove = (at: number) => {
    change({ ...draft, spec: { ...spec, rules: without(spec.rules, at) } });
    setOpen(open.filter((one) => one !== at).map((one) => (one > at ? one - 1 : one)));
  };
  return (
    <fieldset class="editor-form" disabled={disabled}>
      <legend class="hidden">Form</legend>
      <SetName draft={draft} isNew={isNew} change={change} />
      <Scopes draft={draft} change={change} />
      <h2>{plural(spec.rules.length, "rule")}</h2>
      <FaultsAt place="/spec/rules" />
      <ol class="rules editor-rules" aria-label="Rules">
        {spec.rules.map((rule, at) => (
          <li key={at} class={`rule rule-${rule.action}`}>
            <RuleHead draft={draft} at={at} open={open.includes(at)} flip={() => flip(at)} remove={() => remove(at)} />
            {open.includes(at) && (
              <RuleFields
                place={`/spec/rules/${at}`}
                rule={rule}
                scopes={spec.scopes}
                change={(next) => change({ ...draft, spec: { ...spec, rules: replaced(spec.rules, at, next) } })}
              />
            )}
          </li>
        ))}
      </ol>
      <p class="buttons">
        <button type="button" onClick={add}>
          Add a rule
        </button>
      </p>
    </fieldset>
  );
}

interface HeadProps {
  draft: Draft;
  at: number;
  open: boolean;
  flip: () => void;
  remove: () => void;
}

/** A rule that is not opened shows what is wrong with it all the same. */
function RuleHead({ draft, at, open, flip, remove }: HeadProps) {
  const { faults } = useContext(EditorContext);
  const rule = draft.spec.rules[at]!;
  const name = visible(rule.name) || `rule ${at + 1}`;
  return (
    <>
      <Said rule={rule} scopes={draft.spec.scopes} />
      <p class="row-links">
        <button
          type="button"
          class="small"
          aria-expanded={open}
          aria-label={`${open ? "Close" : "Edit"} ${name}`}
          onClick={flip}
        >
          {open ? "Close" : "Edit"}
        </button>
        <button type="button" class="small" aria-label={`Remove ${name}`} onClick={remove}>
          Remove
        </button>
      </p>
      {!open && <FaultList faults={below(faults, `/spec/rules/${at}`)} />}
    </>
  );
}

function SetName({ draft, isNew, change }: Pick<Props, "draft" | "isNew" | "change">) {
  const wrong = useWrong("/metadata/name");
  if (!isNew) return null;
  return (
    <div>
      <label class="field stacked">
        <span>Name of the rule set</span>
        <input
          value={draft.name}
          spellcheck={false}
          aria-invalid={wrong ? "true" : undefined}
          onInput={(event) => change({ ...draft, name: event.currentTarget.value })}
        />
      </label>
      <FaultsAt place="/metadata/name" />
    </div>
  );
}

function Scopes({ draft, change }: Pick<Props, "draft" | "change">) {
  const scopes = draft.spec.scopes ?? [];
  const set = (next: Record<string, string>[]) =>
    change({ ...draft, spec: tidy({ ...draft.spec, scopes: next.length ? next : undefined }) });
  return (
    <fieldset class="editor-list">
      <legend>Holds in</legend>
      {!scopes.length && <p class="quiet">everywhere: no scope narrows it</p>}
      {scopes.map((scope, at) => (
        <div class="editor-part" key={at} role="group" aria-label={`Scope ${at + 1}`}>
          <div class="editor-row">
            <LabelFields
              label={`Scope ${at + 1}`}
              scope
              value={scope}
              change={(next) => set(replaced(scopes, at, next as Record<string, string>))}
            />
            <button
              type="button"
              class="plain"
              aria-label={`Scope ${at + 1}: remove`}
              onClick={() => set(without(scopes, at))}
            >
              ✕
            </button>
          </div>
          <FaultsAt place={`/spec/scopes/${at}`} />
        </div>
      ))}
      <button type="button" class="small" onClick={() => set([...scopes, {}])}>
        + {scopes.length ? "or scope" : "narrow to a scope"}
      </button>
      <FaultsAt place="/spec/scopes" />
    </fieldset>
  );
}
