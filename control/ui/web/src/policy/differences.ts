import type { Difference, Rule } from "../api/types";
import { sentence } from "./sentences";

/** One line for a field that differs, before and after in words a person can compare. */
export function differenceWords({ pointer, kind, before, after }: Difference): {
  field: string;
  before?: string;
  after?: string;
} {
  const field =
    pointer
      .replace(/^\/spec\/?/, "")
      .split("/")
      .map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"))
      .join(" › ") || "the whole";
  if (kind === "reordered") return { field, after: "in another order" };
  return {
    field,
    before: before === undefined ? undefined : written(before),
    after: after === undefined ? undefined : written(after),
  };
}

const isRule = (value: unknown): value is Rule =>
  typeof value === "object" && value !== null && ["action", "from", "to", "services"].every((key) => key in value);

function written(value: unknown): string {
  if (isRule(value)) return sentence(value);
  return typeof value === "string" ? value : JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");
}
