import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { go, href, route } from "./router";
import { reachable } from "./state/reachable";
import { identity, logOut } from "./state/session";
import { dark, nextTheme } from "./state/theme";
import { Text } from "./ui/text";

const NAV: [string, string, string][] = [
  ["map", "Map", "m"],
  ["flows", "Flows", "f"],
  ["workloads", "Workloads", "w"],
  ["policy", "Policy", "p"],
  ["progress", "Progress", "r"],
];

export function Shell({ children }: { children: ComponentChildren }) {
  const { page } = route.value;
  useEffect(() => {
    document.title = `${NAV.find(([id]) => id === page)?.[1] ?? "Ringwall"} – Ringwall`;
  }, [page]);
  useShortcuts();
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to content
      </a>
      <header class="bar">
        <span class="brand">Ringwall</span>
        <nav aria-label="Pages">
          {NAV.map(([id, title, key]) => (
            <a key={id} href={href(id)} aria-current={page === id ? "page" : undefined} title={`g ${key}`}>
              {title}
            </a>
          ))}
        </nav>
        <span class="grow" />
        <button type="button" class="plain" onClick={nextTheme} aria-label={dark() ? "Light colours" : "Dark colours"}>
          {dark() ? "☀" : "☾"}
        </button>
        <span class="who">
          <Text value={identity.value?.name} max={24} /> <span class="quiet">{identity.value?.role}</span>
        </span>
        <button type="button" class="plain" onClick={() => logOut()}>
          Log out
        </button>
      </header>
      {!reachable.value && (
        <p class="banner" role="alert">
          The controller does not answer. What is shown may be old; the connection is tried again by itself.
        </p>
      )}
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** `g` and a letter go to a page. */
function useShortcuts() {
  useEffect(() => {
    let armed = 0;
    const key = (event: KeyboardEvent) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test((event.target as HTMLElement)?.tagName ?? "");
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      const page = Date.now() - armed < 1500 ? NAV.find(([, , letter]) => letter === event.key) : undefined;
      armed = event.key === "g" ? Date.now() : 0;
      if (page) go(href(page[0]));
    };
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, []);
}
