import type { ProcessFacts } from "../../api/types";
import { visible } from "../../text";
import { Combobox } from "../../ui/combobox";
import { useShadow } from "../../ui/use_shadow";
import { useKnown } from "./context";
import { PARTS, type Part } from "./known";
import { replaced, tidy, without } from "./model";

const WORDS: Record<Part, string> = {
  unit: "systemd unit",
  path: "path",
  container: "container",
  user: "user",
  name: "file name",
  group: "group",
  sha256: "SHA-256",
};

interface Props {
  /** "destination" listens, "source" connects. */
  end: "source" | "destination";
  label: string;
  value: ProcessFacts | undefined;
  change: (value: ProcessFacts | undefined) => void;
}

type Row = [part: Part, value: string];

const read = (facts: ProcessFacts | undefined): Row[] =>
  Object.entries(facts ?? {}).map(([part, value]) => [part as Part, String(value ?? "")]);

const write = (rows: Row[]): ProcessFacts | undefined => (rows.length ? tidy(Object.fromEntries(rows)) : undefined);

/** All parts must hold. */
export function Program({ end, label, value, change }: Props) {
  const known = useKnown();
  const [rows, set] = useShadow(value, read, write, change);
  const offers = end === "source" ? known.connecting : known.serving;
  const free = PARTS.find((part) => !rows.some(([one]) => one === part));
  return (
    <span class="editor-row" role="group" aria-label={label}>
      {rows.map(([part, text], at) => (
        <span class="editor-pair" key={at}>
          <select
            aria-label={`${label}: part ${at + 1}`}
            value={part}
            onChange={(event) => set(replaced(rows, at, [event.currentTarget.value as Part, text]))}
          >
            {PARTS.filter((one) => one === part || !rows.some(([other]) => other === one)).map((one) => (
              <option key={one} value={one}>
                {WORDS[one]}
              </option>
            ))}
            {!PARTS.includes(part) && <option value={part}>{visible(part)}</option>}
          </select>
          <Combobox
            label={`${label}: ${WORDS[part] ?? part}`}
            value={text}
            change={(next) => set(replaced(rows, at, [part, next]))}
            options={offers.get(part) ?? []}
          />
          <button
            type="button"
            class="plain"
            aria-label={`${label}: without ${WORDS[part] ?? part}`}
            onClick={() => set(without(rows, at))}
          >
            ✕
          </button>
        </span>
      ))}
      {free && (
        <button type="button" class="small" onClick={() => set([...rows, [free, ""]])}>
          {rows.length ? "+ and" : end === "source" ? "+ connecting program" : "+ serving program"}
        </button>
      )}
    </span>
  );
}
