import { useEffect, useRef, useState } from "preact/hooks";
import type { Drawn } from "./groups/arrange";
import { closeGroup, foldApp } from "./groups/folds";
import { seats } from "./groups/hull_shape";
import { dark, palette } from "../state/theme";
import { paint } from "./lines";
import { forget, keep, kept, place, type Places } from "./positions";
import { MapView, type Picked } from "./view";

interface Props {
  answer: Drawn;
  groupBy: string;
  search: string;
  picked: Picked;
  pick: (what: Picked) => void;
  found: (count: number) => void;
  unfold: (id: string) => void;
  failed: () => void;
  register: (controls: Controls | undefined) => void;
}

export interface Controls {
  goToFound: () => void;
  places: () => Places;
}

export function MapCanvas(props: Props) {
  const { answer, groupBy, search, picked } = props;
  const frame = useRef<HTMLDivElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const below = useRef<HTMLCanvasElement>(null);
  const [view, setView] = useState<MapView>();
  const places = useRef<{ groupBy: string; at: Places }>({ groupBy: "", at: new Map() });
  const [turn, setTurn] = useState(0);
  useMapView({ frame, overlay, below }, props, setView, places);
  useEffect(() => {
    if (!view) return;
    let stale = false;
    if (places.current.groupBy !== groupBy) places.current = { groupBy, at: kept(groupBy) };
    void place(answer, seats(answer, places.current.at)).then((at) => {
      if (stale) return;
      places.current.at = at;
      keep(groupBy, at);
      view.show(answer, at);
      frame.current?.setAttribute("data-drawn", `${answer.nodes.length} ${answer.edges.length}`);
    });
    return () => {
      stale = true;
    };
  }, [view, answer, groupBy, turn]);
  useEffect(() => {
    if (view) props.found(view.search(search));
  }, [view, search, answer]);
  useEffect(() => view?.pick(picked), [view, JSON.stringify(picked)]);
  const colours = `${dark()} ${palette.value}`;
  useEffect(() => view?.recolour(paint()), [view, colours]);
  const again = () => {
    forget(groupBy);
    places.current.at = new Map();
    view?.reset();
    setTurn((old) => old + 1);
  };
  return (
    <div class="map-frame">
      <canvas class="map-loops" ref={below} aria-hidden="true" />
      <div
        class="map-canvas"
        ref={frame}
        role="img"
        aria-label={`Map of ${answer.nodes.length} groups and ${answer.edges.length} connections; the table holds the same`}
      />
      <canvas class="map-loops" ref={overlay} aria-hidden="true" />
      <div class="map-zoom">
        <button type="button" aria-label="Zoom in" onClick={() => view?.zoom(0.67)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={() => view?.zoom(1.5)}>
          −
        </button>
        <button type="button" aria-label="Show everything" title="Show everything" onClick={() => view?.reset()}>
          ⤢
        </button>
        <button type="button" aria-label="Lay out again" title="Lay out again" onClick={again}>
          ↻
        </button>
      </div>
    </div>
  );
}

interface Layers {
  frame: { current: HTMLDivElement | null };
  overlay: { current: HTMLCanvasElement | null };
  below: { current: HTMLCanvasElement | null };
}

function useMapView(
  { frame, overlay, below }: Layers,
  props: Props,
  set: (view: MapView | undefined) => void,
  places: { current: { groupBy: string; at: Places } },
) {
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (!frame.current || !overlay.current || !below.current) return;
    let made: MapView;
    try {
      made = new MapView(frame.current, { loops: overlay.current, hulls: below.current }, paint(), {
        pick: (what) => latest.current.pick(what),
        moved: (id, at) => {
          places.current.at.set(id, at);
          keep(latest.current.groupBy, places.current.at);
        },
        fold: ({ kind, id, name }) => (kind === "app" ? foldApp(name) : closeGroup(id)),
        unfold: (id) => latest.current.unfold(id),
        lost: () => latest.current.failed(),
      });
    } catch (error) {
      console.warn("the map cannot be drawn", error);
      latest.current.failed();
      return;
    }
    set(made);
    latest.current.register({
      goToFound: () => {
        const id = made.goToFound();
        if (id) latest.current.pick({ node: id });
      },
      places: () => places.current.at,
    });
    return () => {
      latest.current.register(undefined);
      made.kill();
    };
  }, []);
}
