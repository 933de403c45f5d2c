import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** A button with a box of choices; Escape and a click elsewhere close it. */
export function Menu({
  title,
  children,
  right,
}: {
  title: ComponentChildren;
  children: ComponentChildren;
  right?: boolean;
}) {
  const box = useRef<HTMLDetailsElement>(null);
  useLayoutEffect(() => {
    const close = (event: Event) => {
      const details = box.current;
      if (!details?.open) return;
      const escape = event instanceof KeyboardEvent && event.key === "Escape";
      const outside = event.type === "pointerdown" && !details.contains(event.target as Node);
      if (!escape && !outside) return;
      details.open = false;
      if (escape) {
        event.stopPropagation();
        details.querySelector("summary")?.focus();
      }
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close, true);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close, true);
    };
  }, []);
  return (
    <details class="menu" ref={box}>
      <summary class="button">{title}</summary>
      <div class={right ? "menu-box right" : "menu-box"}>{children}</div>
    </details>
  );
}
