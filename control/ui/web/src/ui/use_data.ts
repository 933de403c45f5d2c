import { useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "../api/client";
import { returns } from "../state/reachable";

export interface Loaded<T> {
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload: () => void;
}

/** Loads when `key` changes, when told to, and when the controller is back. Keeps what it had meanwhile. */
export function useData<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, set] = useState<{ key: string; data?: T; problem?: Problem; loading: boolean }>({ key, loading: true });
  const [turn, setTurn] = useState(0);
  const back = returns.value;
  const reader = useRef(read);
  reader.current = read;
  useEffect(() => {
    const stop = new AbortController();
    set((old) => ({ ...old, loading: true }));
    reader.current(stop.signal).then(
      (data) => !stop.signal.aborted && set({ key, data, loading: false }),
      (error) => {
        if (stop.signal.aborted || (error as Error).name === "AbortError") return;
        const problem = error instanceof Problem ? error : new Problem(0, "", String((error as Error).message));
        set((old) => ({ key, data: old.key === key ? old.data : undefined, problem, loading: false }));
      },
    );
    return () => stop.abort();
  }, [key, turn, back]);
  const reload = useRef(() => setTurn((old) => old + 1)).current;
  return { data: state.data, problem: state.problem, loading: state.loading, reload };
}
