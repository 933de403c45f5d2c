// What a scenario works with: a fresh page, the lab's help, and what must hold on every page.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

const url = process.env.RINGWALL_UI_URL;
const shots = process.env.RINGWALL_UI_SCREENSHOTS;

/** The icon of a page that was left for about:blank meanwhile. */
const ICON = /icon-[^ ]*\.svg' from origin 'null' has been blocked/;
/** What Chromium says when the controller is away or refuses is expected; scripts and CSP must be silent. */
const EXPECTED = [/Failed to load resource/, /net::ERR_/, /GPU stall due to ReadPixels/, /WebGL.*software/i, ICON];

export class Context {
  static async open(browser, { modules, ask, given, name }) {
    const session = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1280, height: 800 },
      acceptDownloads: true,
      colorScheme: "light",
    });
    const out = new Context();
    Object.assign(out, {
      browser,
      session,
      modules,
      ask,
      given,
      name,
      url,
      complaints: [],
      requests: [],
      token: fs.readFileSync(process.env.RINGWALL_UI_TOKEN_FILE, "ascii").trim(),
    });
    out.page = await session.newPage();
    out.listen();
    return out;
  }

  listen() {
    this.page.setDefaultTimeout(15_000);
    this.page.on("console", (message) => {
      const text = message.text();
      if (["error", "warning"].includes(message.type()) && !EXPECTED.some((known) => known.test(text)))
        this.complaints.push(text);
    });
    this.page.on("pageerror", (error) => this.complaints.push(String(error.stack ?? error)));
    this.page.on("dialog", (dialog) => {
      this.complaints.push(`a dialog came up: ${dialog.message()}`);
      void dialog.dismiss();
    });
    this.page.on("request", (request) => this.requests.push(request.url()));
  }

  /** Opens a page of the UI, logged in. */
  async go(hash) {
    if (!this.known)
      await this.page.addInitScript(
        (token) => location.protocol === "https:" && sessionStorage.setItem("ringwall.token", JSON.stringify(token)),
        this.token,
      );
    this.known = true;
    await this.page.goto("about:blank");
    await this.page.goto(`${url}#${hash}`);
    await this.page.locator(".shell").waitFor();
  }

  /** The API as the page's user has it. */
  async api(target, options = {}) {
    return this.page.evaluate(
      async ([at, token, more]) => {
        const answer = await fetch(`/api/v1/${at}`, {
          ...more,
          headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        });
        return answer.status === 204 ? null : answer.json();
      },
      [target, this.token, options],
    );
  }

  text(selector) {
    return this.page.locator(selector).allInnerTexts();
  }

  /** No violation of WCAG 2.1 AA that axe can see. */
  async accessible(what) {
    const source = fs.readFileSync(path.join(process.env.RINGWALL_UI_MODULES, "axe-core/axe.min.js"), "utf8");
    await this.page.evaluate(source);
    const { violations, passes } = await this.page.evaluate(() =>
      globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }),
    );
    assert.ok(passes.length > 5, "axe looked at the page");
    const told = violations.map(
      (one) =>
        `${one.id}: ${one.help}\n${one.nodes
          .slice(0, 4)
          .map((node) => `    ${node.html.slice(0, 200)}\n    ${node.failureSummary.replace(/\n/g, " ")}`)
          .join("\n")}`,
    );
    assert.equal(told.length, 0, `${what}:\n${told.join("\n")}`);
  }

  /** Light and dark, wide and on a tablet: accessible, nothing sticks out; a picture of the wide ones where they are wanted. */
  async looksRight(name) {
    for (const scheme of ["light", "dark"]) {
      await this.page.emulateMedia({ colorScheme: scheme });
      await this.page.locator(`html[data-theme="${scheme}"]`).waitFor();
      await this.accessible(`${name}, ${scheme}`);
      await this.shot(`${name}-${scheme}`);
    }
    await this.page.setViewportSize({ width: 800, height: 1100 });
    const over = await this.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${name} is ${over} px too wide for a tablet`);
    await this.accessible(`${name}, tablet`);
    await this.page.setViewportSize({ width: 1280, height: 800 });
    await this.page.emulateMedia({ colorScheme: "light" });
  }

  async shot(name) {
    if (!shots) return;
    fs.mkdirSync(shots, { recursive: true });
    await this.page.screenshot({ path: path.join(shots, `${name}.png`) });
  }

  /** What a click hands over. */
  async downloaded(click) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), click()]);
    return { name: download.suggestedFilename(), content: fs.readFileSync(await download.path()) };
  }

  assertNothingWentWrong() {
    assert.deepEqual(this.complaints, [], "the console is silent");
  }

  async seen() {
    const body = await this.page
      .locator("body")
      .innerText({ timeout: 2000 })
      .catch(() => "(no page)");
    if (shots) await this.shot(`failed-${this.name.replace("/", "-")}`);
    return `--- ${this.page.url()}\n${body.slice(0, 3000)}\n--- console\n${this.complaints.join("\n")}`;
  }

  close() {
    return this.session.close();
  }
}
