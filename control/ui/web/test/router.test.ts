import { beforeEach, describe, expect, it } from "vitest";
import { go, hash, href, param, parse, setParams } from "../src/router";

describe("addresses", () => {
  beforeEach(() => go("#/flows"));
  it("name a page, what is on it and how it is shown", () => {
    const { page, rest, params } = parse("#/workloads/a%2Fb?q=x%3D1&follow=1");
    expect([page, rest, params.get("q"), params.get("follow")]).toEqual(["workloads", ["a/b"], "x=1", "1"]);
  });
  it("survive what is no address", () => {
    expect(parse("").page).toBe("");
    expect(parse("#/%E0%A4%A").page).toBe("%E0%A4%A");
  });
  it("are written as they are read", () => {
    const written = href("flows", { q: 'app="a b" or x=1&y', since: undefined });
    expect(parse(written).params.get("q")).toBe('app="a b" or x=1&y');
    expect(written).not.toContain("since");
  });
  it("change one parameter and keep the others", () => {
    setParams({ q: "a=1", cols: "time" });
    setParams({ q: "b=2", cols: undefined });
    expect(hash.value).toBe("#/flows?q=b%3D2");
    expect(param("q")).toBe("b=2");
  });
});
