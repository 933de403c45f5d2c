import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../../api/client";
import type { Edited, Fault } from "../../api/types";
import { changed } from "../../state/live";
import { useSettled } from "../../ui/use_settled";
import { drop, remember, same, type Kept } from "./kept";
import type { Draft } from "./model";
import { isStale, readDraft, write, type Read } from "./writing";

const PAUSE = 400;
const NO_ATTEMPT = { content: "", key: "" };

export interface Trial {
  edited?: Edited;
  problem?: Problem;
}

/** The state of one rule set that is edited: tried by the controller after each pause, saved when told to. */
export function useEditor(id: string, begun: Kept, broken: boolean) {
  const [kept, setKept] = useState(begun);
  const [trial, setTrial] = useState<Trial>({});
  const [theirs, setTheirs] = useState<{ read: Read | undefined }>();
  const [saved, setSaved] = useState<Edited>();
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const attempt = useRef(NO_ATTEMPT);
  const set = (next: Kept) => {
    setKept(next);
    remember(id, next);
  };
  const stale = async () => setTheirs({ read: await readDraft(kept.base.name || kept.draft.name) });
  const untouched = same(kept.base, kept.draft);
  const content = JSON.stringify(kept.draft);
  const others = useSettled(changed.change.value, PAUSE);
  const settled = useSettled(content, PAUSE);
  useEffect(() => {
    if (broken || busy || settled !== content || !kept.draft.name) return;
    const stop = new AbortController();
    write({ draft: kept.draft, revision: kept.revision, dryRun: true, signal: stop.signal }).then(
      (edited) => {
        setTrial({ edited });
        setTheirs(undefined);
      },
      (error) => {
        if (stop.signal.aborted) return;
        if (isStale(error as Problem) && kept.revision) void stale().catch(() => undefined);
        setTrial({ problem: error as Problem });
      },
    );
    return () => stop.abort();
  }, [settled, content, kept.revision, others, broken, busy]);
  const save = async () => {
    setBusy(true);
    setProblem(undefined);
    setSaved(undefined);
    const request = JSON.stringify([kept.draft, kept.revision]);
    if (attempt.current.content !== request) attempt.current = { content: request, key: crypto.randomUUID() };
    try {
      const edited = await write({ draft: kept.draft, revision: kept.revision, key: attempt.current.key });
      drop(id);
      setKept({ revision: edited.edits[0]?.revision ?? kept.revision, base: kept.draft, draft: kept.draft });
      setSaved(edited);
      attempt.current = NO_ATTEMPT;
      return kept.draft.name;
    } catch (error) {
      setProblem(error as Problem);
      if (isStale(error as Problem) && kept.revision) await stale().catch(() => undefined);
      if ((error as Problem).status) attempt.current = NO_ATTEMPT;
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  const resolved = (next: Kept) => {
    setTheirs(undefined);
    setProblem(undefined);
    set(next);
  };
  return {
    kept,
    trial,
    theirs,
    saved,
    problem,
    busy,
    untouched,
    faults: faultsOf(trial, problem),
    change: (draft: Draft) => {
      setSaved(undefined);
      setProblem(undefined);
      set({ ...kept, draft });
    },
    save,
    resolved,
  };
}

function faultsOf({ edited, problem }: Trial, other: Problem | undefined): Fault[] {
  return problem?.faults ?? edited?.warnings ?? other?.faults ?? [];
}
