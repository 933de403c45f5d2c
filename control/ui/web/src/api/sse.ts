// Server-sent events by fetch, since EventSource sends no Authorization.
import { logOut, token } from "../state/session";
import { address, Problem, problemOf, type Query } from "./client";
import { answered, unanswered } from "../state/reachable";

export interface ServerEvent {
  id: string;
  type: string;
  data: string;
}

/** Bytes come in any pieces; whole events go out. */
export class EventParser {
  private rest = "";
  private id = "";
  private type = "";
  private data: string[] = [];

  constructor(private readonly emit: (event: ServerEvent) => void) {}

  push(text: string): void {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.line(line);
  }

  private line(line: string): void {
    if (line === "") return this.dispatch();
    if (line.startsWith(":")) return;
    const [, field = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === "id") this.id = value;
    else if (field === "event") this.type = value;
    else if (field === "data") this.data.push(value);
  }

  private dispatch(): void {
    if (this.data.length) this.emit({ id: this.id, type: this.type || "message", data: this.data.join("\n") });
    this.type = "";
    this.data = [];
  }
}

export type StreamState = "connecting" | "open" | "waiting" | "refused";

export interface StreamHandlers {
  event: (event: ServerEvent) => void;
  /** `again`: it was open before, so something may have been missed. */
  open?: (again: boolean) => void;
  state?: (state: StreamState, problem?: Problem) => void;
}

export interface StreamOptions {
  query?: Query;
  resume?: boolean;
  firstDelay?: number;
  longestDelay?: number;
}

/** Follows a stream until the returned function is called; reconnects with growing, jittered delays. */
export function follow(path: string, handlers: StreamHandlers, options: StreamOptions = {}): () => void {
  const stop = new AbortController();
  void run(path, handlers, options, stop.signal);
  return () => stop.abort();
}

async function run(path: string, handlers: StreamHandlers, options: StreamOptions, signal: AbortSignal) {
  const first = options.firstDelay ?? 500;
  const context = { last: "", opened: false };
  let delay = first;
  while (!signal.aborted) {
    handlers.state?.("connecting");
    try {
      await read(path, handlers, options, context, signal, () => {
        delay = first;
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status === 401) logOut("The token is no longer accepted. Log in again.");
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429)
        return handlers.state?.("refused", error);
      if (!(error instanceof Problem)) unanswered();
    }
    if (signal.aborted) return;
    handlers.state?.("waiting");
    await pause(delay * (0.75 + Math.random() / 2), signal);
    delay = Math.min(delay * 2, options.longestDelay ?? 5_000);
  }
}

async function read(
  path: string,
  handlers: StreamHandlers,
  options: StreamOptions,
  context: { last: string; opened: boolean },
  signal: AbortSignal,
  connected: () => void,
) {
  const headers: Record<string, string> = { Authorization: `Bearer ${token.peek()}`, Accept: "text/event-stream" };
  if (options.resume && context.last) headers["Last-Event-ID"] = context.last;
  const response = await fetch(address(path, options.query), {
    headers,
    signal,
    cache: "no-store",
    credentials: "omit",
  });
  answered();
  if (!response.ok || !response.body) throw await problemOf(response);
  connected();
  handlers.state?.("open");
  handlers.open?.(context.opened);
  context.opened = true;
  const parser = new EventParser((event) => {
    context.last = event.id || context.last;
    handlers.event(event);
  });
  await drain(response.body, (text) => parser.push(text));
  unanswered();
}

async function drain(body: ReadableStream<Uint8Array>, take: (text: string) => void) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    take(decoder.decode(value, { stream: true }));
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
