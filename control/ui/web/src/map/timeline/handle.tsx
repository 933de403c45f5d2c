import type { Grip, Span } from "./window";

interface Props {
  grip: Grip;
  label: string;
  span: Span;
  total: number;
  height: number;
  text: string;
  /** True when the key was one of its own. */
  step: (key: string) => boolean;
}

/** The window itself, or one of its ends. */
export function Handle({ grip, label, span, total, height, text, step }: Props) {
  const percent = (bucket: number) => `${(bucket / total) * 100}%`;
  const slider = {
    role: "slider" as const,
    tabindex: 0,
    "aria-label": label,
    "aria-valuemin": 0,
    "aria-valuemax": total,
    "aria-valuenow": grip === "end" ? span.end : span.first,
    "aria-valuetext": text,
    "data-grip": grip,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !step(event.key)) return;
      event.preventDefault();
    },
  };
  if (grip === "both")
    return (
      <rect
        {...slider}
        class={`timeline-window ${span.first || span.end < total ? "timeline-part" : "timeline-whole"}`}
        x={percent(span.first)}
        y="0"
        width={percent(span.end - span.first)}
        height={height}
      />
    );
  return (
    <svg x={percent(grip === "first" ? span.first : span.end)} overflow="visible">
      <g {...slider} class="timeline-grip">
        <rect x="-9" y="0" width="18" height={height} class="timeline-reach" />
        <rect x="-2" y="0" width="4" height={height} />
        <rect x="-5" y={height / 2 - 9} width="10" height="18" rx="3" />
      </g>
    </svg>
  );
}
