import { differenceWords } from "../differences";
import { Whole } from "../../ui/text";
import { differencesOf, type Read } from "./writing";
import type { Draft } from "./model";

interface Props {
  base: Draft;
  theirs: Read | undefined;
  takeTheirs: () => void;
  keepMine: () => void;
}

/** Somebody else changed it meanwhile: what, and what may be done about it. */
export function Stale({ base, theirs, takeTheirs, keepMine }: Props) {
  const differences = theirs ? differencesOf(base.spec, theirs.draft.spec) : [];
  return (
    <section class="warnings stack" role="alert" aria-label="Changed meanwhile">
      <p>
        <strong>
          {theirs ? "Somebody else changed this rule set meanwhile." : "Somebody else removed this rule set meanwhile."}
        </strong>{" "}
        Nothing of yours is saved.
      </p>
      {differences.length > 0 && (
        <ul class="diff">
          {differences.map((one) => {
            const { field, before, after } = differenceWords(one);
            return (
              <li key={one.pointer}>
                <strong>
                  <Whole value={field} /> {one.kind}
                </strong>
                {before !== undefined && <Whole value={`− ${before}`} />}
                {after !== undefined && <Whole value={`+ ${after}`} />}
              </li>
            );
          })}
        </ul>
      )}
      <p class="buttons">
        <button type="button" onClick={takeTheirs}>
          {theirs ? "Go on from theirs" : "Leave it removed"}
        </button>
        <button type="button" onClick={keepMine}>
          Keep mine: saving then {theirs ? "undoes theirs" : "makes it again"}
        </button>
      </p>
    </section>
  );
}
