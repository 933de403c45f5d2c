import { describe, expect, it } from "vitest";
import { both, instant, labelTerm, mistake, quoted, term } from "../src/query";

describe("terms of a filter", () => {
  it("are quoted where they have to be", () => {
    expect(quoted("Web")).toBe("Web");
    expect(quoted("Web Server")).toBe('"Web Server"');
    expect(quoted('a"b\\c')).toBe('"a\\"b\\\\c"');
    expect(quoted("a,b(c)")).toBe('"a,b(c)"');
    expect(quoted("*")).toBe('"*"');
    expect(quoted("or")).toBe('"or"');
  });
  it("name the end and keep labels apart from words of the language", () => {
    expect(term("from", "workload", "web-1")).toBe("from.workload=web-1");
    expect(labelTerm("to", "app", "Payments")).toBe("to.app=Payments");
    expect(labelTerm("", "port", "north")).toBe("label.port=north");
  });
  it("hold together what `or` would part", () => {
    expect(both("a=1 or b=2", "c=3")).toBe("(a=1 or b=2) c=3");
    expect(both("", undefined, "c=3")).toBe("c=3");
    expect(both("(a=1 or b=2)", "c=3")).toBe("(a=1 or b=2) c=3");
  });
});

describe("a mistake", () => {
  it("is found by its byte", () => {
    expect(mistake("app=Payments port=http", "the parameter q is wrong at byte 18: a number or a range")).toEqual({
      at: 18,
      expected: "a number or a range",
    });
  });
  it("is found behind letters of several bytes", () => {
    expect(mistake("app=Zürich🚀 x", "the parameter q is wrong at byte 16: a term").at).toBe(13);
  });
  it("without a byte is said as it came", () => {
    expect(mistake("a", "too wide")).toEqual({ expected: "too wide" });
  });
});

describe("a time", () => {
  const now = Date.parse("2026-11-28T12:00:00Z");
  it("is so long ago, or itself", () => {
    expect(instant("24h", now)).toBe("2026-11-27T12:00:00.000Z");
    expect(instant("15m", now)).toBe("2026-11-28T11:45:00.000Z");
    expect(instant("2026-11-01T00:00:00Z", now)).toBe("2026-11-01T00:00:00.000Z");
    expect(instant("soon", now)).toBeUndefined();
    expect(instant("", now)).toBeUndefined();
  });
});
