import type { ComponentChildren } from "preact";
import { Problem, UNREACHABLE } from "../api/client";
import type { Fault } from "../api/types";
import { visible } from "../text";

export function Loading({ what }: { what: string }) {
  return (
    <p class="state" role="status">
      Loading {what}…
    </p>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return (
    <div class="state" role="status">
      {children}
    </div>
  );
}

export function Failure({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <div class="failure" role="alert">
      <p>
        {problem.code === UNREACHABLE
          ? "The controller does not answer. This page loads by itself when it is back."
          : visible(problem.detail)}
      </p>
      {problem.faults.length > 0 && (
        <ul>
          {problem.faults.map((fault, at) => (
            <li key={at}>{sentence(fault)}</li>
          ))}
        </ul>
      )}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

const sentence = (fault: Fault) =>
  visible(fault.kind ? `${fault.kind} ${fault.name ?? ""}: ${fault.sentence}` : fault.sentence);

export function Warnings({ faults }: { faults: Fault[] | undefined }) {
  if (!faults?.length) return null;
  return (
    <ul class="warnings" role="status">
      {faults.map((fault, at) => (
        <li key={at}>{sentence(fault)}</li>
      ))}
    </ul>
  );
}
