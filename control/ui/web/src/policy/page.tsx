import { href, route } from "../router";
import { lazy } from "../ui/lazy";
import { ChangesPage } from "./changes";
import { ImpactPage } from "./impact";
import { RolloutCard } from "./rollout";
import { RulesPage } from "./rules";
import { TrafficPage } from "./traffic";
import { VersionsPage } from "./versions";

const PARTS: Record<string, [string, () => preact.JSX.Element]> = {
  rules: ["Rules", RulesPage],
  traffic: ["From traffic", TrafficPage],
  changes: ["Pending changes", ChangesPage],
  impact: ["Impact", ImpactPage],
  versions: ["Versions", VersionsPage],
};

const Editor = lazy("the editor", () => import("./editor/page").then((module) => module.EditorPage));

export function PolicyPage() {
  const asked = route.value.rest[0] || "rules";
  const Part = asked === "edit" ? Editor : PARTS[asked]?.[1];
  const part = asked === "edit" ? "rules" : asked;
  return (
    <div class="page scroll">
      <h1>Policy</h1>
      <nav class="parts" aria-label="Policy">
        {Object.entries(PARTS).map(([id, [title]]) => (
          <a key={id} href={href(`policy/${id}`)} aria-current={id === part ? "page" : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <RolloutCard />
      {Part ? <Part key={asked} /> : <p class="state">There is no such part.</p>}
    </div>
  );
}
