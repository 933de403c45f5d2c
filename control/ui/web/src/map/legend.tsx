import type { NodeKind, Verdict } from "../api/types";
import { palette } from "../state/theme";
import { VERDICTS } from "../ui/verdict";
import { LINES } from "./lines";
import type { MapVerdicts } from "./state";

const WORDS: Record<Verdict, string> = {
  allowed: "allowed",
  "would-block": "would be blocked",
  blocked: "blocked",
  unmatched: "no rule matches",
};

export function LineSample({ verdict }: { verdict: Verdict }) {
  return (
    <svg width="36" height="10" viewBox="0 0 36 10" aria-hidden="true">
      <line
        x1="0"
        y1="5"
        x2="36"
        y2="5"
        stroke-width="3"
        class={`line-${verdict}`}
        stroke-dasharray={LINES[verdict].dash.join(" ") || undefined}
      />
    </svg>
  );
}

const KINDS: Record<NodeKind, string> = {
  workloads: "workloads",
  unlabelled: "without labels",
  list: "address list",
  network: "network",
  internet: "unknown addresses",
};

function KindSample({ kind }: { kind: NodeKind }) {
  return (
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
      <circle cx="7" cy="7" r="6" class={`kind-${kind}`} />
    </svg>
  );
}

interface Props {
  counts: Record<Verdict, number>;
  kinds: NodeKind[];
  view: MapVerdicts;
}

export function Legend({ counts, kinds, view }: Props) {
  return (
    <div class="legend" role="group" aria-label="Legend">
      {view !== "reported" && <span class="strong">By the {view === "draft" ? "" : "staged "}draft:</span>}
      {VERDICTS.map((verdict) => (
        <span key={verdict}>
          <LineSample verdict={verdict} />
          {WORDS[verdict]} ({counts[verdict]})
        </span>
      ))}
      {(Object.keys(KINDS) as NodeKind[])
        .filter((kind) => kinds.includes(kind))
        .map((kind) => (
          <span key={kind}>
            <KindSample kind={kind} />
            {KINDS[kind]}
          </span>
        ))}
      <span>ring: inside of it</span>
      <label class="check">
        <input
          type="checkbox"
          checked={palette.value === "cvd"}
          onChange={(event) => {
            palette.value = event.currentTarget.checked ? "cvd" : "standard";
          }}
        />
        Colour-vision palette
      </label>
    </div>
  );
}
