import { route } from "../router";
import { WorkloadDetail } from "./detail";
import { WorkloadList } from "./list";
import { WhyPage } from "./why";

export function WorkloadsPage() {
  const [name] = route.value.rest;
  if (name === undefined) return <WorkloadList />;
  return route.value.params.has("why") ? <WhyPage key={name} name={name} /> : <WorkloadDetail key={name} name={name} />;
}
