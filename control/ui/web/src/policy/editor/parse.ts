// YAML as the editor reads it. js-yaml is loaded when somebody types there.
import { draftOf } from "./shape";
import type { Draft } from "./model";

export interface Unread {
  /** From 1, where it is known. */
  line?: number;
  sentence: string;
}

export async function parsed(text: string): Promise<Draft | Unread> {
  const { load, CORE_SCHEMA } = await import("js-yaml");
  try {
    const found = draftOf(load(text, { schema: CORE_SCHEMA }));
    return typeof found === "string" ? { sentence: found } : found;
  } catch (error) {
    const { reason, mark, message } = error as { reason?: string; mark?: { line: number }; message: string };
    return { line: mark && mark.line + 1, sentence: reason ?? message };
  }
}

export const unread = (found: Draft | Unread): found is Unread => "sentence" in found;
