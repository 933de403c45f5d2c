// A table that draws only the rows in view. Arrow keys move, Enter opens.
import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { rowsInView } from "./window";

export interface Column<T> {
  id: string;
  title: string;
  width: string;
  number?: boolean;
  cell: (row: T) => ComponentChildren;
  /** For export. */
  text: (row: T) => string | number | undefined;
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowKey: (row: T) => string;
  open?: (row: T) => void;
  opened?: string;
  footer?: ComponentChildren;
}

const ROW = 34;

export function Table<T>({ label, columns, rows, rowKey, open, opened, footer }: Props<T>) {
  const frame = useRef<HTMLDivElement>(null);
  const view = useView(frame);
  const [active, setActive] = useState(0);
  const { first, last } = rowsInView(view.top, view.height, ROW, rows.length);
  const current = Math.min(active, Math.max(0, rows.length - 1));
  const move = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const to = target(event.key, current, rows.length, Math.max(1, Math.floor(view.height / ROW) - 2));
    if (to !== undefined) {
      event.preventDefault();
      setActive(to);
      focusRow(frame.current, to);
    } else if ((event.key === "Enter" || event.key === " ") && open && rows[current]) {
      event.preventDefault();
      open(rows[current]);
    }
  };
  return (
    <div class="table-frame" ref={frame} tabIndex={rows.length && open ? -1 : 0} role="region" aria-label={label}>
      <table aria-rowcount={rows.length + 1} class={open ? "clickable" : ""}>
        <colgroup>
          {columns.map((column) => (
            <Col key={column.id} width={column.width} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" class={column.number ? "number" : ""}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={move}>
          <Gap rows={first} columns={columns.length} />
          {rows.slice(first, last).map((row, at) => {
            const index = first + at;
            return (
              <tr
                key={rowKey(row)}
                aria-rowindex={index + 2}
                data-row={index}
                tabIndex={open ? (index === current ? 0 : -1) : undefined}
                class={opened !== undefined && rowKey(row) === opened ? "opened" : ""}
                onClick={
                  open &&
                  (() => {
                    setActive(index);
                    open(row);
                  })
                }
              >
                {columns.map((column) => (
                  <td key={column.id} class={column.number ? "number" : ""}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          <Gap rows={rows.length - last} columns={columns.length} />
        </tbody>
      </table>
      {footer}
    </div>
  );
}

function Col({ width }: { width: string }) {
  const col = useRef<HTMLTableColElement>(null);
  useLayoutEffect(() => {
    if (col.current) col.current.style.width = width;
  }, [width]);
  return <col ref={col} />;
}

function Gap({ rows, columns }: { rows: number; columns: number }) {
  const cell = useRef<HTMLTableCellElement>(null);
  useLayoutEffect(() => {
    if (cell.current) cell.current.style.height = `${rows * ROW}px`;
  }, [rows]);
  if (rows <= 0) return null;
  return (
    <tr aria-hidden="true" class="gap">
      <td ref={cell} colSpan={columns} />
    </tr>
  );
}

function useView(frame: { current: HTMLDivElement | null }) {
  const [view, setView] = useState({ top: 0, height: 800 });
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setView({ top: element.scrollTop, height: element.clientHeight || 800 });
    measure();
    element.addEventListener("scroll", measure, { passive: true });
    const observer = typeof ResizeObserver === "undefined" ? undefined : new ResizeObserver(measure);
    observer?.observe(element);
    return () => {
      element.removeEventListener("scroll", measure);
      observer?.disconnect();
    };
  }, []);
  return view;
}

function target(key: string, at: number, total: number, page: number): number | undefined {
  const steps: Record<string, number> = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -total,
    End: total,
  };
  const step = steps[key];
  return step === undefined ? undefined : Math.max(0, Math.min(total - 1, at + step));
}

function focusRow(frame: HTMLDivElement | null, index: number) {
  if (!frame) return;
  const top = index * ROW;
  const space = frame.clientHeight - ROW;
  if (top < frame.scrollTop) frame.scrollTop = top;
  else if (top + ROW > frame.scrollTop + space) frame.scrollTop = top + ROW - space;
  requestAnimationFrame(() => frame.querySelector<HTMLElement>(`tr[data-row="${index}"]`)?.focus());
}
