import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** What belongs to the thing that was clicked; Escape closes. */
export function Panel({
  title,
  close,
  children,
}: {
  title: ComponentChildren;
  close: () => void;
  children: ComponentChildren;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    heading.current?.focus();
    return () => (before?.isConnected ? before.focus() : undefined);
  }, []);
  useLayoutEffect(() => {
    const key = (event: KeyboardEvent) => event.key === "Escape" && close();
    document.addEventListener("keydown", key);
    return () => document.removeEventListener("keydown", key);
  }, [close]);
  return (
    <aside class="panel" aria-label="Details">
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" class="plain" aria-label="Close details" onClick={close}>
          ✕
        </button>
      </header>
      <div class="panel-body" tabIndex={0} role="group" aria-label="Details, scrollable">
        {children}
      </div>
    </aside>
  );
}

export function Facts({ rows }: { rows: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {rows
        .filter(([, value]) => value !== undefined && value !== null && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
