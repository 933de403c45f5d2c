// What is folded and unfolded stands in the address: `shut=["App"]`, `open=["GROUP"]`.
import { useMemo } from "preact/hooks";
import type { MapAnswer } from "../../api/types";
import { param, setParams } from "../../router";
import { visible } from "../../text";
import { useData } from "../../ui/use_data";
import type { Asked } from "../state";
import { useNews } from "../use_news";
import { appsOf, arrange, type Drawn, MOST_OPEN } from "./arrange";
import { expansions, loadFlows, loadMembers, type Members } from "./expansion";

const PAUSE = 5000;
export function listed(text: string): string[] {
  try {
    const list: unknown = JSON.parse(text || "[]");
    return Array.isArray(list) ? list.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

const shut = () => listed(param("shut"));
const open = () => listed(param("open")).slice(-MOST_OPEN);

const written = (list: string[]) => (list.length ? JSON.stringify([...new Set(list)]) : undefined);

export function foldApp(app: string): void {
  setParams({ shut: written([...shut(), app]), pick: undefined });
}

export function unfoldApp(app: string): void {
  setParams({ shut: written(shut().filter((one) => one !== app)), pick: undefined });
}

export function foldAll(answer: MapAnswer): void {
  setParams({ shut: written([...appsOf(answer).keys()]), open: undefined, pick: undefined });
}

export function unfoldAll(): void {
  setParams({ shut: undefined, pick: undefined });
}

export function openGroup(id: string): void {
  setParams({ open: written([...open(), id].slice(-MOST_OPEN)), pick: undefined });
}

export function closeGroup(id: string): void {
  setParams({ open: written(open().filter((one) => one !== id)), pick: undefined });
}

/** The answer as it is drawn, with what is folded and unfolded. */
export function useDrawn(answer: MapAnswer | undefined, asked: Asked): Drawn | undefined {
  const ids = open();
  const text = param("shut");
  const groups = answer?.nodes.filter((node) => ids.includes(node.id) && node.kind === "workloads") ?? [];
  const key = JSON.stringify([groups.map(({ id }) => id), asked.q, asked.since, asked.until]);
  const loaded = useData<Members[]>(`members ${key}`, (signal) =>
    Promise.all(
      groups.map(async (node) => {
        const [workloads, flows] = await Promise.all([
          loadMembers(node, answer!.group_by, signal),
          loadFlows(node, asked, answer!.group_by, signal),
        ]);
        return { node, workloads, flows };
      }),
    ),
  );
  useNews(asked.live && groups.length > 0, answer, loaded.reload, PAUSE);
  return useMemo(() => {
    if (!answer) return undefined;
    const members = loaded.data?.filter(({ node }) => ids.includes(node.id)) ?? [];
    const drawn = arrange(answer, { shut: listed(text), open: expansions(members, answer) });
    if (loaded.problem && groups.length)
      drawn.cut.push(`workloads could not be read: ${visible(loaded.problem.detail)}`);
    return drawn;
  }, [answer, text, loaded.data, loaded.problem, ids.join("\u0000")]);
}
