import { useEffect, useState } from "preact/hooks";
import type { MapAnswer } from "../api/types";
import { param, setParams } from "../router";
import { download, stamp, tableCsv } from "../ui/export";
import { Menu } from "../ui/menu";
import { Since } from "../ui/since";
import type { Drawn } from "./groups/arrange";
import { GroupsMenu } from "./groups/menu";
import { edgeColumns } from "./edge_table";
import { paint } from "./lines";
import { place, type Places } from "./positions";
import { GROUPINGS, type Asked, type MapVerdicts } from "./state";

interface Props {
  asked: Asked;
  /** As drawn, and as the controller gave it. */
  answer: Drawn | undefined;
  raw: MapAnswer | undefined;
  places: () => Places;
  table: boolean;
  found?: number;
  enter: () => void;
}

/** Live is what goes up to now. */
const upToNow = ({ until }: Asked) => ({ live: undefined, ...(until ? { until: undefined, win: undefined } : {}) });

export function MapToolbar({ asked, answer, raw, places, table, found, enter }: Props) {
  return (
    <div class="toolbar">
      <label class="field">
        <span>Group by</span>
        <select
          value={asked.groupBy}
          onChange={(event) =>
            setParams({ by: event.currentTarget.value, pick: undefined, shut: undefined, open: undefined }, false)
          }
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
      {answer && raw && <GroupsMenu answer={raw} drawn={answer} />}
      <Since value={asked.period.since} />
      <label class="check">
        <input
          type="checkbox"
          checked={asked.live}
          onChange={(event) => setParams(event.currentTarget.checked ? upToNow(asked) : { live: "0" })}
        />
        Live
      </label>
      <span class="tabs" role="group" aria-label="Verdicts">
        <Verdicts asked={asked} value="reported" title="Reported" />
        <Verdicts asked={asked} value="draft" title="Draft" />
        <Verdicts asked={asked} value="staged" title="Staged" />
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
      <Menu title="Export" right>
        {answer ? <Exports answer={answer} places={places} /> : <p class="quiet">Nothing is loaded.</p>}
      </Menu>
    </div>
  );
}

const MEANS: Record<MapVerdicts, string> = {
  reported: "What both ends said",
  draft: "What the draft would say of the same connections",
  staged: "What the hosts report that the staged draft would say",
};

function Verdicts({ asked, value, title }: { asked: Asked; value: MapVerdicts; title: string }) {
  const chosen = asked.verdicts === value;
  return (
    <button
      type="button"
      aria-pressed={chosen}
      title={MEANS[value]}
      onClick={() =>
        !chosen && setParams({ verdicts: value === "reported" ? undefined : value, pick: undefined }, false)
      }
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
        size={10}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && enter()}
      />
      {param("find") && found !== undefined && <span role="status">{found} found</span>}
    </label>
  );
}

function Exports({ answer, places }: { answer: Drawn; places: () => Places }) {
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
