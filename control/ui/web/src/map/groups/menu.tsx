import type { MapAnswer } from "../../api/types";
import { plural } from "../../format";
import { Menu } from "../../ui/menu";
import { Text } from "../../ui/text";
import type { Drawn } from "./arrange";
import { closeGroup, foldAll, foldApp, unfoldAll, unfoldApp } from "./folds";

const MOST = 200;

/** What is drawn folded: the same as a click on names of hulls, for keys and screen readers. */
export function GroupsMenu({ answer, drawn }: { answer: MapAnswer; drawn: Drawn }) {
  if (!drawn.apps.length && !drawn.hulls.length) return null;
  const folded = new Set(drawn.nodes.filter((node) => node.folded).map(({ name }) => name));
  const opened = drawn.hulls.filter(({ kind }) => kind === "group");
  return (
    <Menu title="Groups">
      <p class="buttons">
        <button type="button" onClick={() => foldAll(answer)}>
          Fold all
        </button>
        <button type="button" onClick={unfoldAll}>
          Unfold all
        </button>
      </p>
      <fieldset class="choices">
        <legend class="quiet">Shown with what is inside</legend>
        {drawn.apps.slice(0, MOST).map(({ app, groups }) => (
          <label class="check" key={app}>
            <input
              type="checkbox"
              checked={!folded.has(app)}
              onChange={() => (folded.has(app) ? unfoldApp(app) : foldApp(app))}
            />
            <Text value={app} max={40} /> <span class="quiet">{plural(groups, "group")}</span>
          </label>
        ))}
        {drawn.apps.length > MOST && <p class="quiet">{drawn.apps.length - MOST} more: filter to see them</p>}
      </fieldset>
      {opened.map(({ id, name }) => (
        <button type="button" key={id} onClick={() => closeGroup(id)}>
          Put the workloads of <Text value={name} max={30} /> together
        </button>
      ))}
    </Menu>
  );
}
