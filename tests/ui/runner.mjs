// Runs scenarios by name, told on standard input one JSON line each; answers `@NUMBER WORD JSON`.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import path from "node:path";
import { Context } from "./context.mjs";

const modules = createRequire(path.join(process.env.RINGWALL_UI_MODULES, "none.js"));
const { chromium } = modules("playwright-core");

let said = 0;
const say = (word, value) => process.stdout.write(`@${++said} ${word} ${JSON.stringify(value ?? null)}\n`);

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const nextLine = async () => {
  const { value, done } = await lines.next();
  return done ? { end: true } : JSON.parse(value);
};

async function ask(name, ...given) {
  say("ask", { name, arguments: given });
  const answer = await nextLine();
  if (answer.error) throw new Error(`${name}: ${answer.error}`);
  return answer.value;
}

const browser = await chromium.launch({
  executablePath: process.env.RINGWALL_CHROMIUM || "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-dev-shm-usage",
  ],
});

async function run({ scenario, given }) {
  const [file, name] = scenario.split("/");
  const context = await Context.open(browser, { modules, ask, given, name: scenario });
  try {
    const found = (await import(`./scenarios/${file}.mjs`))[name];
    if (!found) throw new Error(`there is no scenario ${scenario}`);
    const value = await found(context);
    context.assertNothingWentWrong();
    say("done", value);
  } catch (error) {
    say("failed", `${error.stack ?? error}\n${await context.seen()}`);
  } finally {
    await context.close();
  }
}

say("ready");
for (let line = await nextLine(); !line.end; line = await nextLine()) await run(line);
await browser.close();
process.exit(0);
