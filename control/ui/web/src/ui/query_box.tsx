import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api/client";
import { mistake } from "../query";
import { visible } from "../text";
import { QueryHelp } from "./query_help";

interface Props {
  value: string;
  apply: (text: string) => void;
  problem?: Problem;
  label?: string;
  placeholder?: string;
  help?: boolean;
}

/** The filter; `/` focuses it, Enter applies it. What is wrong is shown below it, at its place. */
export function QueryBox({ value, apply, problem, label = "Filter", placeholder, help = true }: Props) {
  const [draft, setDraft] = useState(value);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => setDraft(value), [value]);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test((event.target as HTMLElement)?.tagName ?? "");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);
  const wrong = problem?.status === 400 ? problem : undefined;
  return (
    <form
      class="query"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        apply((input.current?.value ?? draft).trim());
      }}
    >
      <label class="hidden" for="query">
        {label}
      </label>
      <input
        id="query"
        ref={input}
        type="text"
        value={draft}
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        placeholder={placeholder}
        aria-invalid={wrong ? "true" : undefined}
        aria-describedby={wrong ? "query-wrong" : undefined}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
      <button type="submit">Apply</button>
      {value && (
        <button type="button" onClick={() => apply("")}>
          Clear
        </button>
      )}
      {help && <QueryHelp />}
      {wrong && <Wrong text={value} detail={wrong.detail} />}
    </form>
  );
}

function Wrong({ text, detail }: { text: string; detail: string }) {
  const { at, expected } = mistake(text, detail);
  const rest = at === undefined ? "" : text.slice(at);
  const word = /^\s*\S*/.exec(rest)?.[0] ?? "";
  return (
    <p class="query-wrong" id="query-wrong" role="alert">
      {at !== undefined && (
        <code>
          {visible(text.slice(Math.max(0, at - 30), at))}
          <mark>{visible(word) || "␣"}</mark>
          {visible(rest.slice(word.length, word.length + 20))}
        </code>
      )}
      <span>
        {at === undefined ? "" : "here: "}
        {visible(expected)}
      </span>
    </p>
  );
}
