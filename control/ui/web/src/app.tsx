import { useEffect, useState } from "preact/hooks";
import { Problem, request } from "./api/client";
import { FlowsPage } from "./flows/page";
import { Login } from "./login";
import { go, href, route } from "./router";
import { Shell } from "./shell";
import { watch } from "./state/live";
import { identity, logIn, token, type Identity } from "./state/session";
import { Failure, Loading } from "./ui/states";
import { lazy } from "./ui/lazy";
import { PolicyPage } from "./policy/page";
import { ProgressPage } from "./progress/page";
import { WorkloadsPage } from "./workloads/page";

const PAGES: Record<string, () => preact.JSX.Element | null> = {
  map: lazy("the map", () => import("./map/page").then((module) => module.MapPage)),
  flows: FlowsPage,
  workloads: WorkloadsPage,
  policy: PolicyPage,
  progress: ProgressPage,
};

export function App() {
  if (!token.value) return <Login />;
  return identity.value ? <LoggedIn /> : <Resume />;
}

/** The tab was loaded again: the token is asked who it is. */
function Resume() {
  const [problem, setProblem] = useState<Problem>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    request<Identity>("whoami").then(
      (who) => logIn(token.peek(), who),
      (error) => setProblem(error as Problem),
    );
    const timer = setTimeout(() => setTurn((old) => old + 1), 3000);
    return () => clearTimeout(timer);
  }, [turn]);
  return <main class="login">{problem ? <Failure problem={problem} /> : <Loading what="your session" />}</main>;
}

function LoggedIn() {
  useEffect(watch, []);
  const { page } = route.value;
  const Page = PAGES[page];
  useEffect(() => {
    if (!page) go(href("map"), true);
  }, [page]);
  return <Shell>{Page ? <Page key={page} /> : <p class="state">There is no page of this name.</p>}</Shell>;
}
