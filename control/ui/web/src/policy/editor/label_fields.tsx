import type { Selector } from "../../api/types";
import { Combobox } from "../../ui/combobox";
import { useShadow } from "../../ui/use_shadow";
import { useKnown } from "./context";
import { labelRows, replaced, withLabels, without, type LabelRow } from "./model";

interface Props {
  label: string;
  value: Selector;
  change: (value: Selector) => void;
  /** A scope has one value for each key, and no group. */
  scope?: boolean;
}

/** Labels that must all be there; several values of one key are alternatives. */
export function LabelFields({ label, value, change, scope }: Props) {
  const [rows, set] = useShadow(
    value,
    labelRows,
    (local) => withLabels(value, local),
    (next) => change(next),
  );
  return (
    <span class="editor-in-row">
      {rows.map((row, at) => (
        <LabelField
          key={at}
          label={`${label}, label ${at + 1}`}
          row={row}
          scope={scope}
          change={(next) => set(replaced(rows, at, next))}
          remove={() => set(without(rows, at))}
        />
      ))}
      <button type="button" class="small" onClick={() => set([...rows, ["", [""]]])}>
        {rows.length ? "+ and label" : "+ label"}
      </button>
    </span>
  );
}

interface FieldProps {
  label: string;
  row: LabelRow;
  scope?: boolean;
  change: (row: LabelRow) => void;
  remove: () => void;
}

function LabelField({ label, row: [key, values], scope, change, remove }: FieldProps) {
  const known = useKnown();
  const groups = scope || !known.groups.length ? [] : [{ value: "group", hint: "a label group" }];
  const options = key === "group" && !scope ? known.groups : (known.values.get(key) ?? []);
  return (
    <span class="editor-pair">
      <Combobox
        label={`${label}: key`}
        value={key}
        change={(next) => change([next, values])}
        options={[...known.keys, ...groups]}
        placeholder="key"
      />
      <span aria-hidden="true">=</span>
      {values.map((value, at) => (
        <span class="editor-pair" key={at}>
          {at > 0 && <span class="quiet">or</span>}
          <Combobox
            label={`${label}: value${at ? ` ${at + 1}` : ""}`}
            value={value}
            change={(next) => change([key, replaced(values, at, next)])}
            options={options}
            placeholder="value"
          />
        </span>
      ))}
      {!scope && (
        <button
          type="button"
          class="plain"
          aria-label={`${label}: or another value`}
          title="or another value"
          onClick={() => change([key, [...values, ""]])}
        >
          +
        </button>
      )}
      <button
        type="button"
        class="plain"
        aria-label={values.length > 1 ? `${label}: without its last value` : `${label}: remove`}
        onClick={() => (values.length > 1 ? change([key, values.slice(0, -1)]) : remove())}
      >
        ✕
      </button>
    </span>
  );
}
