// The controller's event stream: tells pages what changed, and whether the controller is there.
import { signal } from "@preact/signals";
import { follow } from "../api/sse";

/** Rises with each event of the kind. */
export const changed = {
  change: signal(0),
  version: signal(0),
  rollout: signal(0),
  staging: signal(0),
  agent: signal(0),
};

export function watch(): () => void {
  return follow(
    "events",
    {
      event: ({ type }) => {
        if (type === "missed") for (const one of Object.values(changed)) one.value += 1;
        else if (type in changed) changed[type as keyof typeof changed].value += 1;
      },
    },
    { resume: true, query: { types: "change,version,rollout,staging,agent" } },
  );
}
