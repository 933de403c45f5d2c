// YAML in one line: JSON is YAML; only what needs quotes has them.
import { escapedHidden } from "./text";

export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, one]) => `${flow(key)}: ${flow(one)}`)
      .join(", ")}}`;
  if (typeof value !== "string") return String(value);
  return /^[A-Za-z][A-Za-z0-9_./-]*$/.test(value) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(value)
    ? value
    : escapedHidden(JSON.stringify(value));
}

/** An entry of a list, a line for each part of it. */
export function entry(value: object, indent = ""): string {
  return Object.entries(value)
    .map(([key, one], at) => `${indent}${at ? "  " : "- "}${key}: ${flow(one)}\n`)
    .join("");
}
