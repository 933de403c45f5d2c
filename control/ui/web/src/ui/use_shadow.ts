import { useState } from "preact/hooks";

/** What is being typed, which says more than the value made of it; anew when the value changes otherwise. */
export function useShadow<T, L>(
  value: T,
  read: (value: T) => L,
  write: (local: L) => T,
  change: (value: T) => void,
): [L, (local: L) => void] {
  const [local, setLocal] = useState(() => read(value));
  const mine = JSON.stringify(write(local));
  const theirs = JSON.stringify(write(read(value)));
  const shown = mine === theirs ? local : read(value);
  if (mine !== theirs) setLocal(shown);
  return [
    shown,
    (next) => {
      setLocal(next);
      change(write(next));
    },
  ];
}
