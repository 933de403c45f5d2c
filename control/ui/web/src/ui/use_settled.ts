import { useEffect, useState } from "preact/hooks";

/** Follows a value, but at most once per pause. */
export function useSettled<T>(value: T, pause: number): T {
  const [settled, set] = useState(value);
  useEffect(() => {
    if (Object.is(value, settled)) return;
    const timer = setTimeout(() => set(value), pause);
    return () => clearTimeout(timer);
  }, [value, settled]);
  return settled;
}

/** Rises once per pause, for what no event tells. */
export function useTicks(pause: number): number {
  const [ticks, set] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => set((old) => old + 1), pause);
    return () => clearInterval(timer);
  }, [pause]);
  return ticks;
}
