import type { Verdict as Word } from "../api/types";

export const VERDICTS: Word[] = ["allowed", "would-block", "blocked", "unmatched"];

const SIGNS: Record<string, string> = { allowed: "✓", "would-block": "!", blocked: "✕", unmatched: "?" };

/** Never by colour alone: sign and word as well. */
export function Verdict({ value }: { value: Word | "not judged" }) {
  return (
    <span class={`verdict verdict-${value.replace(" ", "-")}`}>
      <span aria-hidden="true" class="verdict-sign">
        {SIGNS[value] ?? "–"}
      </span>
      {value}
    </span>
  );
}
