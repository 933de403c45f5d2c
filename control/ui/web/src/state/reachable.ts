// Does the controller answer? Every request and every stream says what it saw.
import { signal } from "@preact/signals";

export const reachable = signal(true);
/** Rises when the controller is back: pages load again. */
export const returns = signal(0);

export function answered(): void {
  if (reachable.peek()) return;
  reachable.value = true;
  returns.value += 1;
}

export function unanswered(): void {
  reachable.value = false;
}
