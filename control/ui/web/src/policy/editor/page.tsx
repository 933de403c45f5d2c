import { useEffect, useState } from "preact/hooks";
import { go, href, param, route } from "../../router";
import { may } from "../../state/session";
import { Empty, Failure, Loading } from "../../ui/states";
import { Whole } from "../../ui/text";
import { useData } from "../../ui/use_data";
import { EditorContext, FaultList } from "./context";
import { placed } from "./faults";
import { Form } from "./form";
import { anyKept, drop, recalled, type Kept } from "./kept";
import { known, NOTHING } from "./known";
import { Outcome, Removal } from "./outcome";
import { Stale } from "./stale";
import { useEditor } from "./use_editor";
import { readDraft, type Read } from "./writing";
import { YamlPane } from "./yaml_pane";

const NEW: Kept = {
  revision: 0,
  base: { name: "", spec: { rules: [] } },
  draft: { name: "", spec: { rules: [] } },
};

/** `policy/edit/NAME`, or `policy/edit?new=1`. */
export function EditorPage() {
  const [, name = ""] = route.value.rest;
  const isNew = !name && param("new") === "1";
  const loaded = useData(`edit ${name}`, async (signal) => ({
    name,
    read: isNew ? undefined : await readDraft(name, signal),
  }));
  const back = (
    <p>
      <a href={href("policy/rules", { version: "draft" })}>Rules of the draft</a>
    </p>
  );
  if (!may("edit"))
    return (
      <>
        {back}
        <p class="quiet">Your role may read rules, not change them.</p>
      </>
    );
  if (loaded.problem && !loaded.data) return <Failure problem={loaded.problem} retry={loaded.reload} />;
  if (loaded.data?.name !== name) return <Loading what="the rule set" />;
  const begun = recalled(name) ?? (isNew ? NEW : begin(loaded.data.read));
  if (!begun)
    return (
      <>
        {back}
        <Empty>The draft has no rule set of this name.</Empty>
      </>
    );
  return (
    <>
      {back}
      <Editor key={name} id={name} isNew={isNew} begun={begun} />
    </>
  );
}

const begin = (read: Read | undefined): Kept | undefined =>
  read && { revision: read.revision, base: read.draft, draft: read.draft };

interface Props {
  id: string;
  isNew: boolean;
  begun: Kept;
}

function Editor({ id, isNew, begun }: Props) {
  const [broken, setBroken] = useState(false);
  const [turn, setTurn] = useState(0);
  const editor = useEditor(id, begun, broken);
  const offers = useData("known", known);
  useLeaving();
  const { kept, theirs } = editor;
  const faults = placed(editor.faults, kept.draft);
  const save = async () => {
    const name = await editor.save();
    if (name && isNew) go(href(`policy/edit/${encodeURIComponent(name)}`, { saved: "1" }), true);
  };
  const discard = () => {
    editor.resolved({ ...kept, draft: kept.base });
    setBroken(false);
    setTurn(turn + 1);
  };
  return (
    <EditorContext.Provider value={{ known: offers.data ?? NOTHING, faults }}>
      <h2>{isNew ? "New rule set" : <Whole value={kept.draft.name} />}</h2>
      {theirs && (
        <Stale
          base={kept.base}
          theirs={theirs.read}
          takeTheirs={() => (theirs.read ? editor.resolved(begin(theirs.read)!) : (drop(id), go(href("policy/rules"))))}
          keepMine={() =>
            editor.resolved({
              revision: theirs.read?.revision ?? 0,
              base: theirs.read?.draft ?? kept.base,
              draft: kept.draft,
            })
          }
        />
      )}
      <div class="editor">
        <Form draft={kept.draft} isNew={isNew} disabled={broken || editor.busy} change={editor.change} />
        <YamlPane key={turn} draft={kept.draft} isNew={isNew} change={editor.change} broken={setBroken} />
      </div>
      <FaultList faults={faults.get("")} />
      <Outcome editor={editor} broken={broken} save={save} discard={discard} />
      {!isNew && <Removal name={kept.draft.name} revision={kept.revision} done={() => drop(id)} />}
    </EditorContext.Provider>
  );
}

/** A tab with unsaved edits asks before it closes. */
function useLeaving() {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      if (anyKept()) event.preventDefault();
    };
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, []);
}
