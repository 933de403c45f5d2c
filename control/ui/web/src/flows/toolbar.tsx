import { useState } from "preact/hooks";
import type { Flow } from "../api/types";
import { param, route, setParams } from "../router";
import { download, stamp, tableCsv } from "../ui/export";
import { Menu } from "../ui/menu";
import { Since } from "../ui/since";
import type { Column } from "../ui/table";
import { Text } from "../ui/text";
import { COLUMNS } from "./columns";
import { forget, keep, views } from "./views";

interface Props {
  columns: Column<Flow>[];
  rows: Flow[];
  live: boolean;
}

export function Toolbar({ columns, rows, live }: Props) {
  return (
    <div class="toolbar">
      <Since value={param("since")} any />
      <label class="check">
        <input
          type="checkbox"
          checked={live}
          onChange={(event) => setParams({ follow: event.currentTarget.checked ? "1" : undefined, until: undefined })}
        />
        Follow
      </label>
      <Menu title="Columns">
        <ColumnChoice columns={columns} />
      </Menu>
      <Menu title="Views">
        <Views />
      </Menu>
      <Menu title="Export">
        <button
          type="button"
          disabled={!rows.length}
          onClick={() => download(`flows-${stamp()}.csv`, tableCsv(columns, rows), "text/csv;charset=utf-8")}
        >
          CSV of what is shown
        </button>
        <button
          type="button"
          disabled={!rows.length}
          onClick={() => download(`flows-${stamp()}.json`, JSON.stringify(rows, null, 2), "application/json")}
        >
          JSON of what is shown
        </button>
      </Menu>
    </div>
  );
}

function ColumnChoice({ columns }: { columns: Column<Flow>[] }) {
  const on = new Set(columns.map((column) => column.id));
  const flip = (id: string) => {
    if (!on.delete(id)) on.add(id);
    setParams({
      cols: COLUMNS.filter((column) => on.has(column.id))
        .map((column) => column.id)
        .join(","),
    });
  };
  return (
    <fieldset class="choices">
      <legend class="hidden">Columns</legend>
      {COLUMNS.map((column) => (
        <label class="check" key={column.id}>
          <input
            type="checkbox"
            checked={on.has(column.id)}
            disabled={on.size === 1 && on.has(column.id)}
            onChange={() => flip(column.id)}
          />
          {column.title}
        </label>
      ))}
      <button type="button" onClick={() => setParams({ cols: undefined })}>
        The usual ones
      </button>
    </fieldset>
  );
}

const KEPT = ["q", "since", "until", "cols", "follow"];

function Views() {
  const [name, setName] = useState("");
  const save = (event: Event) => {
    event.preventDefault();
    if (!name.trim()) return;
    const params = Object.fromEntries([...route.peek().params].filter(([key]) => KEPT.includes(key)));
    keep(name.trim().slice(0, 80), params);
    setName("");
  };
  const show = (params: Record<string, string>) =>
    setParams({ ...Object.fromEntries(KEPT.map((key) => [key, undefined])), ...params }, false);
  return (
    <>
      {!views.value.length && <p class="quiet">No views are saved in this browser.</p>}
      <ul class="plain-list">
        {views.value.map((view) => (
          <li key={view.name} class="row">
            <button type="button" class="plain grow" onClick={() => show(view.params)}>
              <Text value={view.name} max={40} />
            </button>
            <button type="button" class="plain" aria-label={`Forget ${view.name}`} onClick={() => forget(view.name)}>
              ✕
            </button>
          </li>
        ))}
      </ul>
      <form class="row" onSubmit={save}>
        <label class="field grow">
          <span>Name</span>
          <input value={name} maxLength={80} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <button type="submit" disabled={!name.trim()}>
          Save this view
        </button>
      </form>
    </>
  );
}
