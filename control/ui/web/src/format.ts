// Numbers, times and labels as they are read.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function bytes(value: number): string {
  let unit = 0;
  let rest = value;
  while (rest >= 1024 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? rest : rest.toFixed(rest < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

export function count(value: number): string {
  return value.toLocaleString("en-GB");
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** "2 refused, 1 timed out"; nothing when all went well. */
export function failures(of: { refused: number; timed_out: number; reset: number } | undefined): string | undefined {
  const parts = of
    ? ([
        [of.refused, "refused"],
        [of.timed_out, "timed out"],
        [of.reset, "reset"],
      ] as const)
    : [];
  const told = parts.filter(([many]) => many > 0).map(([many, what]) => `${count(many)} ${what}`);
  return told.length ? told.join(", ") : undefined;
}

export function rtt(microseconds: number): string {
  return microseconds < 1000 ? `${microseconds} µs` : `${(microseconds / 1000).toFixed(1)} ms`;
}

const two = (value: number) => String(value).padStart(2, "0");

/** Local wall time; with the day when it is not today's. */
export function time(text: string | undefined, now = new Date()): string {
  if (!text) return "";
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  if (at.toDateString() === now.toDateString()) return clock;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
}

export function ago(text: string | undefined, now = Date.now()): string {
  if (!text) return "never";
  const seconds = Math.max(0, Math.round((now - Date.parse(text)) / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

export function duration(seconds: number): string {
  const rest = Math.max(0, Math.round(seconds));
  const minutes = Math.floor(rest / 60);
  return minutes ? `${minutes} min ${rest % 60} s` : `${rest} s`;
}

const KEY_ORDER = ["role", "app", "env", "loc"];

export function sortedLabels(labels: Record<string, string> = {}): [string, string][] {
  const rank = (key: string) => (KEY_ORDER.includes(key) ? KEY_ORDER.indexOf(key) : KEY_ORDER.length);
  return Object.entries(labels).sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}

export function service(protocol: string, port?: number): string {
  return port === undefined ? protocol.toUpperCase() : `${protocol.toUpperCase()} ${port}`;
}
