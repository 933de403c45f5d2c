import { useMemo } from "preact/hooks";
import type { Activity } from "../../api/insight";
import { heights, PARTS, sum } from "./window";

/** A bar for each bucket, the worst verdict on top. */
export function Bars({ activity, height }: { activity: Activity; height: number }) {
  return useMemo(() => {
    const { buckets } = activity;
    const most = Math.max(1, ...buckets.map(sum));
    const wide = 100 / (buckets.length || 1);
    return (
      <g aria-hidden="true">
        {buckets.flatMap((bucket, at) => {
          const tall = heights(bucket, most, height - 4);
          let top = height;
          return PARTS.filter((part) => tall[part]).map((part) => {
            top -= tall[part];
            return (
              <rect
                key={`${at} ${part}`}
                class={`bar-${part.replace("_", "-")}`}
                x={`${at * wide}%`}
                y={top}
                width={`${wide * 0.86}%`}
                height={tall[part]}
              />
            );
          });
        })}
      </g>
    );
  }, [activity, height]);
}
