import type { Party, ProcessFacts } from "../api/types";
import { Facts } from "./panel";
import { LabelChips, Text, Whole } from "./text";

/** The program and what runs it: "nginx · nginx.service". */
export function processName(process: ProcessFacts | undefined): string {
  if (!process) return "";
  const program = process.path?.split("/").pop() || process.name;
  const runner = process.shown ?? process.unit ?? process.service ?? process.container;
  const parts = [program, runner && runner !== process.path && runner !== program ? runner : undefined].filter(Boolean);
  return parts.join(" · ") || process.unresolved || "";
}

export function partyName(party: Party): string {
  return party.workload ?? party.lists?.[0] ?? party.address;
}

export function PartyCell({ party }: { party: Party }) {
  const labels = Object.values(party.labels ?? {});
  return (
    <>
      <Text value={partyName(party)} max={32} class="strong" />
      {labels.length > 0 && (
        <span class="quiet">
          {" "}
          <Text value={party.labels?.role ?? labels[0]} max={24} />
        </span>
      )}
    </>
  );
}

export function PartyFacts({ party, process = true }: { party: Party; process?: boolean }) {
  return (
    <Facts
      rows={[
        [
          "Workload",
          party.workload && (
            <a href={`#/workloads/${encodeURIComponent(party.workload)}`}>
              <Whole value={party.workload} />
            </a>
          ),
        ],
        ["Address", <Whole value={party.address} />],
        ["Labels", party.labels && <LabelChips labels={party.labels} max={200} />],
        ["Address lists", party.lists?.length ? <Whole value={party.lists.join(", ")} /> : undefined],
        [
          "Program",
          process &&
            (party.process ? (
              <ProcessLines process={party.process} />
            ) : (
              <span class="quiet">not known at this end</span>
            )),
        ],
      ]}
    />
  );
}

const PARTS: (keyof ProcessFacts)[] = ["path", "unit", "service", "container", "user", "group", "sha256", "unresolved"];

export function ProcessLines({ process }: { process: ProcessFacts }) {
  return (
    <span class="lines">
      {process.shown && process.shown !== process.path && (
        <span>
          <Whole value={process.shown} />
        </span>
      )}
      {PARTS.filter((part) => process[part]).map((part) => (
        <span key={part}>
          <span class="quiet">{part} </span>
          <Whole value={String(process[part])} />
        </span>
      ))}
    </span>
  );
}
