import { useState } from "preact/hooks";
import { Problem, request } from "../api/client";
import type { Judgement, WhyAnswer } from "../api/types";
import { RuleLink } from "../flows/detail";
import { href, param, setParams } from "../router";
import { Failure } from "../ui/states";
import { Whole } from "../ui/text";
import { useData } from "../ui/use_data";
import { Verdict } from "../ui/verdict";

const PROTOCOLS = ["tcp", "udp", "icmp", "icmpv6", "sctp"];

/** What was asked stands in the address: an answer can be sent to a colleague. */
export function WhyPage({ name }: { name: string }) {
  const asked = {
    from: param("from") || (name === "-" ? "" : name),
    to: param("to"),
    proto: param("proto") || "tcp",
    port: param("port"),
    program: param("program"),
    draft: param("draft") === "1",
  };
  return (
    <div class="page scroll">
      <p>
        <a href={href("workloads")}>Workloads</a>
      </p>
      <h1>Would it pass?</h1>
      <Question asked={asked} />
      {asked.to && asked.from && <Answer asked={asked} />}
    </div>
  );
}

interface Asked {
  from: string;
  to: string;
  proto: string;
  port: string;
  program: string;
  draft: boolean;
}

function Question({ asked }: { asked: Asked }) {
  const [draft, setDraft] = useState(asked);
  const text = (key: "from" | "to" | "port" | "program", title: string, more: object = {}) => (
    <label class="field stacked">
      <span>{title}</span>
      <input
        value={draft[key]}
        onInput={(event) => setDraft({ ...draft, [key]: event.currentTarget.value })}
        {...more}
      />
    </label>
  );
  const submit = (event: Event) => {
    event.preventDefault();
    setParams(
      {
        from: draft.from.trim(),
        to: draft.to.trim(),
        proto: draft.proto,
        port: draft.port.trim(),
        program: draft.program.trim(),
        draft: draft.draft ? "1" : undefined,
      },
      false,
    );
  };
  return (
    <form class="card form-grid" onSubmit={submit}>
      {text("from", "From (workload or address)", { required: true })}
      {text("to", "To (workload or address)", { required: true })}
      <label class="field stacked">
        <span>Protocol</span>
        <select value={draft.proto} onChange={(event) => setDraft({ ...draft, proto: event.currentTarget.value })}>
          {PROTOCOLS.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {text("port", "Port", { inputMode: "numeric", pattern: "[0-9]{1,5}" })}
      {text("program", "Serving program: /path or unit")}
      <label class="check">
        <input
          type="checkbox"
          checked={draft.draft}
          onChange={(event) => setDraft({ ...draft, draft: event.currentTarget.checked })}
        />
        by the draft
      </label>
      <button type="submit" class="primary">
        Ask
      </button>
    </form>
  );
}

function Answer({ asked }: { asked: Asked }) {
  const loaded = useData(JSON.stringify(asked), (signal) =>
    request<WhyAnswer>("why", { method: "POST", signal, body: question(asked) }),
  );
  if (loaded.problem) return <Failure problem={loaded.problem as Problem} />;
  if (!loaded.data || loaded.loading)
    return (
      <p class="state" role="status">
        Asking…
      </p>
    );
  return (
    <section class="card" aria-label="Answer">
      <h2>
        <Verdict value={loaded.data.verdict} />
      </h2>
      <p>
        <Whole value={loaded.data.sentence} />
      </p>
      <div class="cards">
        {loaded.data.ends.map((end, at) => (
          <End key={at} end={end} />
        ))}
      </div>
    </section>
  );
}

function question({ from, to, proto, port, program, draft }: Asked) {
  const process = program ? { process: program.startsWith("/") ? { path: program } : { unit: program } } : {};
  return { from, to, proto, ...(port && !proto.startsWith("icmp") ? { port: Number(port) } : {}), ...process, draft };
}

function End({ end }: { end: Judgement }) {
  return (
    <div>
      <h3>
        {end.direction === "outbound" ? "At the source" : "At the destination"}: <Whole value={end.workload} /> (
        {end.mode})
      </h3>
      <p>
        <Verdict value={end.verdict} /> <Whole value={end.reason} />
      </p>
      {end.rules.length > 0 && (
        <p>
          Rules:{" "}
          <span class="lines">
            {end.rules.map((rule) => (
              <span key={rule}>
                <RuleLink rule={rule} />
              </span>
            ))}
          </span>
        </p>
      )}
      {end.near.length > 0 && (
        <>
          <p class="quiet">Rules that fail on one thing:</p>
          <ul>
            {end.near.map((one) => (
              <li key={one}>
                <Whole value={one} />
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
