import type { Selector } from "../../api/types";
import { Combobox } from "../../ui/combobox";
import { FaultsAt, useKnown, useWrong } from "./context";
import { LabelFields } from "./label_fields";
import { exceptions, kindOf, ofKind, replaced, tidy, withExceptions, without, type SelectorKind } from "./model";
import { Program } from "./program";

const KINDS: [SelectorKind, string][] = [
  ["labels", "labels"],
  ["workload", "workload"],
  ["list", "address list"],
  ["all", "every workload"],
  ["any", "every address"],
];

interface Props {
  label: string;
  place: string;
  end: "source" | "destination";
  value: Selector;
  change: (value: Selector) => void;
  remove: () => void;
}

export function SelectorFields({ label, place, end, value, change, remove }: Props) {
  const kind = kindOf(value);
  const wrong = useWrong(place);
  return (
    <div class={wrong ? "editor-part wrong-part" : "editor-part"} role="group" aria-label={label}>
      <div class="editor-row">
        <select
          aria-label={`${label}: who`}
          value={kind}
          onChange={(event) => change(ofKind(event.currentTarget.value as SelectorKind, value.process))}
        >
          {KINDS.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
        <Who label={label} kind={kind} value={value} change={change} wrong={wrong} />
        <button type="button" class="plain part-remove" aria-label={`${label}: remove`} onClick={remove}>
          ✕
        </button>
      </div>
      {kind === "labels" && <Exceptions label={label} value={value} change={change} />}
      <div class="editor-row">
        {kind === "labels" && (
          <button type="button" class="small" onClick={() => change(withExceptions(value, [...exceptions(value), {}]))}>
            + except
          </button>
        )}
        {(end === "source" || value.process) && (
          <Program
            end={end}
            label={`${label}, program`}
            value={value.process}
            change={(process) => change(tidy({ ...value, process }))}
          />
        )}
      </div>
      <FaultsAt place={place} />
    </div>
  );
}

interface WhoProps {
  label: string;
  kind: SelectorKind;
  value: Selector;
  change: (value: Selector) => void;
  wrong?: string;
}

function Who({ label, kind, value, change, wrong }: WhoProps) {
  const known = useKnown();
  if (kind === "labels") return <LabelFields label={label} value={value} change={change} />;
  if (kind === "all" || kind === "any") return null;
  return (
    <Combobox
      label={`${label}: ${kind === "list" ? "address list" : "workload"}`}
      value={String(value[kind] ?? "")}
      change={(next) => change({ ...value, [kind]: next })}
      options={kind === "list" ? known.lists : known.workloads}
      wrong={wrong}
    />
  );
}

function Exceptions({ label, value, change }: Pick<Props, "label" | "value" | "change">) {
  const list = exceptions(value);
  return (
    <>
      {list.map((one, at) => (
        <div class="editor-row" key={at} role="group" aria-label={`${label}, exception ${at + 1}`}>
          <span class="quiet">except</span>
          <LabelFields
            label={`${label}, exception ${at + 1}`}
            value={one}
            change={(next) => change(withExceptions(value, replaced(list, at, next)))}
          />
          <button
            type="button"
            class="plain"
            aria-label={`${label}: without exception ${at + 1}`}
            onClick={() => change(withExceptions(value, without(list, at)))}
          >
            ✕
          </button>
        </div>
      ))}
    </>
  );
}
