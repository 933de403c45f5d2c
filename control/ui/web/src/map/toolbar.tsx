import { useEffect, useState } from "preact/hooks";
import type { MapAnswer } from "../api/types";
import { param, setParams } from "../router";
import { palette } from "../state/theme";
import { download, stamp, tableCsv } from "../ui/export";
import { Menu } from "../ui/menu";
import { Since } from "../ui/since";
import { edgeColumns } from "./edge_table";
import { paint } from "./lines";
import { place, type Places } from "./positions";
import { GROUPINGS, type Asked, type MapVerdicts } from "./state";

interface Props {
  asked: Asked;
  answer: MapAnswer | undefined;
  places: () => Places;
  table: boolean;
  found?: number;
  enter: () => void;
}

export function MapToolbar({ asked, answer, places, table, found, enter }: Props) {
  return (
    <div class="toolbar">
      <label class="field">
        <span>Group by</span>
        <select
          value={asked.groupBy}
          onChange={(event) => setParams({ by: event.currentTarget.value, pick: undefined }, false)}
        >
          {!GROUPINGS.some(([keys]) => keys === asked.groupBy) && (
            <option value={asked.groupBy}>{asked.groupBy}</option>
          )}
          {GROUPINGS.map(([keys, words]) => (
            <option key={keys} value={keys}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <Since value={asked.since} />
      <label class="check">
        <input
          type="checkbox"
          checked={asked.live}
          onChange={(event) => setParams({ live: event.currentTarget.checked ? undefined : "0", until: undefined })}
        />
        Live
      </label>
      <span class="tabs" role="group" aria-label="Verdicts">
        <Verdicts asked={asked} value="reported" title="Reported" />
        <Verdicts asked={asked} value="draft" title="Draft" />
      </span>
      <Search enter={enter} found={found} />
      <span class="tabs" role="group" aria-label="View">
        <button type="button" aria-pressed={!table} onClick={() => setParams({ view: undefined })}>
          Map
        </button>
        <button type="button" aria-pressed={table} onClick={() => setParams({ view: "table" })}>
          Table
        </button>
      </span>
      <label class="check">
        <input
          type="checkbox"
          checked={palette.value === "cvd"}
          onChange={(event) => {
            palette.value = event.currentTarget.checked ? "cvd" : "standard";
          }}
        />
        Colour-vision palette
      </label>
      <Menu title="Export" right>
        {answer ? <Exports answer={answer} places={places} /> : <p class="quiet">Nothing is loaded.</p>}
      </Menu>
    </div>
  );
}

function Verdicts({ asked, value, title }: { asked: Asked; value: MapVerdicts; title: string }) {
  const chosen = asked.verdicts === value;
  return (
    <button
      type="button"
      aria-pressed={chosen}
      title={value === "draft" ? "What the draft would say of the same connections" : "What both ends said"}
      onClick={() => !chosen && setParams({ verdicts: value === "draft" ? value : undefined, pick: undefined }, false)}
    >
      {title}
    </button>
  );
}

function Search({ enter, found }: { enter: () => void; found?: number }) {
  const [text, setText] = useState(param("find"));
  useEffect(() => {
    const timer = setTimeout(() => setParams({ find: text || undefined }), 150);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="field">
      <span>Find</span>
      <input
        type="search"
        value={text}
        size={14}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && enter()}
      />
      {param("find") && found !== undefined && <span role="status">{found} found</span>}
    </label>
  );
}

function Exports({ answer, places }: { answer: MapAnswer; places: () => Places }) {
  const [wrong, setWrong] = useState("");
  const picture = async (kind: "svg" | "png") => {
    setWrong("");
    try {
      const { svg, png } = await import("./picture");
      const source = svg(answer, await place(answer, places()), paint());
      if (kind === "svg") download(`map-${stamp()}.svg`, source, "image/svg+xml");
      else download(`map-${stamp()}.png`, await png(source), "image/png");
    } catch (error) {
      setWrong(String((error as Error).message));
    }
  };
  return (
    <>
      <button type="button" onClick={() => picture("png")}>
        PNG picture
      </button>
      <button type="button" onClick={() => picture("svg")}>
        SVG picture
      </button>
      <button
        type="button"
        onClick={() =>
          download(`map-${stamp()}.csv`, tableCsv(edgeColumns(answer), answer.edges), "text/csv;charset=utf-8")
        }
      >
        CSV of the connections
      </button>
      {wrong && (
        <p class="wrong" role="alert">
          {wrong}
        </p>
      )}
    </>
  );
}
