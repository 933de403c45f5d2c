import { useEffect, useRef } from "preact/hooks";
import { throttled } from "./throttle";

/** Loads again when the map has news, at most once per pause. */
export function useNews(live: boolean, seen: unknown, reload: () => void, pause: number) {
  const load = useRef(throttled(reload, pause)).current;
  const first = useRef(true);
  useEffect(() => {
    if (live && !first.current) load.call();
    first.current = false;
  }, [seen]);
  useEffect(() => load.cancel, []);
}
