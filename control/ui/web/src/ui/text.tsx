import { visible, shortened } from "../text";
import { sortedLabels } from "../format";
import type { Labels } from "../api/types";

/** Text from outside: controls made visible, shortened, the whole of it as the tooltip. */
export function Text({ value, max = 80, class: name }: { value: string | undefined; max?: number; class?: string }) {
  const whole = visible(value ?? "");
  const short = shortened(whole, max);
  return (
    <bdi class={name} title={short === whole ? undefined : whole}>
      {short}
    </bdi>
  );
}

/** All of it, wrapped, for details. */
export function Whole({ value }: { value: string | undefined }) {
  return <bdi class="whole">{visible(value ?? "")}</bdi>;
}

export function LabelChips({ labels, max = 40 }: { labels: Labels | undefined; max?: number }) {
  const entries = sortedLabels(labels);
  if (!entries.length) return <span class="quiet">no labels</span>;
  return (
    <span class="chips">
      {entries.map(([key, value]) => (
        <span class="chip" key={key}>
          <span class="chip-key">
            <Text value={key} max={20} />
          </span>
          <Text value={value} max={max} />
        </span>
      ))}
    </span>
  );
}
