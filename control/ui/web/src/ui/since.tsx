import { useState } from "preact/hooks";
import { param, setParams } from "../router";
import { Menu } from "./menu";

export const SPANS: [string, string][] = [
  ["15m", "last 15 minutes"],
  ["1h", "last hour"],
  ["24h", "last 24 hours"],
  ["7d", "last 7 days"],
  ["30d", "last 30 days"],
];

/** `since` and `until` of the address: a span up to now, or between two times. */
export function Since({ value, any }: { value: string; any?: boolean }) {
  const until = param("until");
  const between = Boolean(until) || (value !== "" && !SPANS.some(([span]) => span === value));
  const change = (since: string) => setParams({ since, until: undefined, win: undefined });
  return (
    <>
      <label class="field">
        <span>Time</span>
        <select value={between ? "between" : value} onChange={(event) => change(event.currentTarget.value)}>
          {any && <option value="">all that is kept</option>}
          {between && (
            <option value="between" disabled>
              between two times
            </option>
          )}
          {SPANS.map(([span, words]) => (
            <option key={span} value={span}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <Menu title="Between">
        <Between key={`${value} ${until}`} since={value} until={until} />
      </Menu>
    </>
  );
}

function Between({ since, until }: { since: string; until: string }) {
  const [from, setFrom] = useState(local(since));
  const [to, setTo] = useState(local(until));
  const wrong = from && to && from >= to ? "The end lies before the beginning." : "";
  const apply = (event: Event) => {
    event.preventDefault();
    if (!wrong) setParams({ since: instantOf(from), until: instantOf(to), win: undefined }, false);
  };
  return (
    <form class="stack" onSubmit={apply}>
      <label class="field stacked">
        <span>From</span>
        <input
          type="datetime-local"
          step="1"
          required
          value={from}
          onInput={(event) => setFrom(event.currentTarget.value)}
        />
      </label>
      <label class="field stacked">
        <span>To</span>
        <input
          type="datetime-local"
          step="1"
          required
          value={to}
          onInput={(event) => setTo(event.currentTarget.value)}
        />
      </label>
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
      <button type="submit" disabled={!from || !to || Boolean(wrong)}>
        Show
      </button>
    </form>
  );
}

/** As <input type=datetime-local> has it, in the reader's zone. */
export function local(text: string): string {
  const at = new Date(text);
  if (!text || Number.isNaN(at.getTime()) || /^\d+[smhdw]$/.test(text)) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

const instantOf = (text: string) => new Date(text).toISOString();
