import { useRef, useState } from "preact/hooks";
import type { TargetedPointerEvent } from "preact";
import type { Activity } from "../../api/insight";
import { count, time } from "../../format";
import { Bars } from "./bars";
import { Handle } from "./handle";
import {
  keyStep,
  moved,
  PARTS,
  scaleOf,
  spanOf,
  sums,
  windowOf,
  type Grip,
  type Part,
  type Span,
  type Window,
} from "./window";

interface Props {
  activity: Activity;
  window: Window;
  /** The period's end is now, so a window at its end moves. */
  moves: boolean;
  change: (window: Window) => void;
}

interface Drag {
  grip: Grip | "new";
  at: number;
  span: Span;
}

const HEIGHT = 52;

/** What happened when, and the part of it that the map shows. */
export function Strip({ activity, window, moves, change }: Props) {
  const scale = scaleOf(activity);
  const frame = useRef<SVGSVGElement>(null);
  const drag = useRef<Drag | undefined>(undefined);
  const [draft, setDraft] = useState<Span>();
  const span = draft ?? spanOf(window, scale);
  const commit = (next: Span) => change(windowOf(next, scale, moves));
  const bucketAt = (event: TargetedPointerEvent<SVGSVGElement>) => {
    const { left, width } = frame.current!.getBoundingClientRect();
    return ((event.clientX - left) / (width || 1)) * scale.total;
  };
  const down = (event: TargetedPointerEvent<SVGSVGElement>) => {
    const grip = ((event.target as Element).closest("[data-grip]")?.getAttribute("data-grip") ?? "new") as Grip | "new";
    const whole = span.first === 0 && span.end === scale.total;
    drag.current = { grip: grip === "both" && whole ? "new" : grip, at: bucketAt(event), span };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const move = (event: TargetedPointerEvent<SVGSVGElement>) => {
    if (drag.current) setDraft(dragged(drag.current, bucketAt(event), scale.total));
  };
  const up = () => {
    drag.current = undefined;
    if (draft) commit(draft);
    setDraft(undefined);
  };
  const at = (bucket: number) => time(new Date(scale.began + bucket * scale.width).toISOString());
  const handle = (grip: Grip, label: string) => (
    <Handle
      grip={grip}
      label={label}
      span={span}
      total={scale.total}
      height={HEIGHT}
      text={grip === "both" ? `${at(span.first)} to ${at(span.end)}` : at(grip === "first" ? span.first : span.end)}
      step={(key) => {
        const by = keyStep(key, scale.total);
        if (by === undefined) return false;
        commit(moved(span, grip, by, scale.total));
        return true;
      }}
    />
  );
  return (
    <section class="timeline" aria-label="Activity over time">
      <svg
        ref={frame}
        class="timeline-strip"
        width="100%"
        height={HEIGHT}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={up}
        role="group"
        aria-label="Window of time"
      >
        <Bars activity={activity} height={HEIGHT} />
        {handle("both", "Move the window")}
        {handle("first", "Beginning of the window")}
        {handle("end", "End of the window")}
      </svg>
      <p class="timeline-words">
        <span>
          {at(span.first)} – {moves && span.end >= scale.total ? "now" : at(span.end)}
          {": "}
          {words(sums(activity.buckets.slice(span.first, span.end)))}
        </span>
        {window && (
          <button type="button" class="small" onClick={() => change(undefined)}>
            Whole period
          </button>
        )}
      </p>
    </section>
  );
}

function dragged({ grip, at, span }: Drag, now: number, total: number): Span {
  if (grip !== "new") return moved(span, grip, Math.round(now - at), total);
  const inside = (value: number) => Math.max(0, Math.min(total, value));
  const first = inside(Math.floor(Math.min(at, now)));
  return { first: Math.min(first, total - 1), end: Math.max(first + 1, inside(Math.ceil(Math.max(at, now)))) };
}

const WORDS: Record<Part, string> = {
  allowed: "allowed",
  unmatched: "without a rule",
  would_block: "would be blocked",
  blocked: "blocked",
};

const words = (counts: Record<Part, number>) => PARTS.map((part) => `${count(counts[part])} ${WORDS[part]}`).join(", ");
