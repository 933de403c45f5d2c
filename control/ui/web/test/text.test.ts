import { describe, expect, it } from "vitest";
import { shortened, visible } from "../src/text";

describe("what is shown", () => {
  it("makes controls, bidi overrides and zero-width characters visible", () => {
    expect(visible("a\u0000b\u0007\n")).toBe("a\u2400b\u2407\u240a");
    expect(visible("x\u202egnp\u2066\u200b\ufeff")).toBe("x⟨U+202E⟩gnp⟨U+2066⟩⟨U+200B⟩⟨U+FEFF⟩");
    expect(visible("\u007f\u0085")).toBe("\u2421⟨U+0085⟩");
  });
  it("shows lone halves of characters, and tags that hide text", () => {
    expect(visible("\ud800x")).toBe("⟨U+D800⟩x");
    expect(visible("\u{e0041}")).toBe("⟨U+E0041⟩");
  });
  it("leaves letters of every script, markup and emoji alone", () => {
    for (const text of ["<b>&amp;</b>", "Zahlungen äöü", "支付", "مدفوعات", "🚀"]) expect(visible(text)).toBe(text);
  });
  it("shortens in the middle and keeps both ends", () => {
    const long = `/usr/lib/${"x".repeat(4096)}/postgres`;
    expect([...shortened(long, 30)]).toHaveLength(30);
    expect(shortened(long, 30)).toMatch(/^\/usr\/lib\/.*…x*\/postgres$/);
    expect(shortened("short", 30)).toBe("short");
    expect(shortened("🚀".repeat(50), 10)).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
  });
});
