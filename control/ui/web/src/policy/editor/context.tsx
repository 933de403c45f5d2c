// What every field of the editor needs, without being handed through.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Fault } from "../../api/types";
import { visible } from "../../text";
import type { Placed } from "./faults";
import { NOTHING, type Known } from "./known";

export const EditorContext = createContext<{ known: Known; faults: Placed }>({ known: NOTHING, faults: new Map() });

export const useKnown = () => useContext(EditorContext).known;

/** The first error at a place, for aria-invalid. */
export function useWrong(place: string): string | undefined {
  return useContext(EditorContext)
    .faults.get(place)
    ?.find((fault) => !fault.warning)?.sentence;
}

export function FaultsAt({ place }: { place: string }) {
  return <FaultList faults={useContext(EditorContext).faults.get(place)} />;
}

/** Errors and warnings are told apart by a word, not by colour alone. */
export function FaultList({ faults }: { faults: Fault[] | undefined }) {
  if (!faults?.length) return null;
  return (
    <ul class="field-faults">
      {faults.map((fault, at) => (
        <li key={at} class={fault.warning ? "field-warning" : "field-error"}>
          <strong>{fault.warning ? "Warning: " : "Wrong: "}</strong>
          {visible(fault.sentence)}
        </li>
      ))}
    </ul>
  );
}
