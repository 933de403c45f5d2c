import assert from "node:assert/strict";

const row = (page, ...texts) =>
  texts.reduce((rows, hasText) => rows.filter({ hasText }), page.locator("tbody tr[data-row]")).first();
const at = (q, more = "") => `/flows?q=${encodeURIComponent(q)}${more}`;

export async function both_ends_are_shown(context) {
  const { page } = context;
  await context.go(at("to.workload=app-1 port=8080 verdict=allowed direction=inbound"));
  await row(page, "web-1", "app-1").click();
  const panel = page.getByRole("complementary");
  await panel.getByText("Judged at the source").waitFor();
  await panel.getByText("Judged at the destination").waitFor();
  const text = await panel.innerText();
  for (const wanted of [
    "echo.service",
    "client.service",
    "10.0.0.1",
    "10.0.1.5",
    "payments/web-to-app",
    "Payments",
    "Production",
  ])
    assert.ok(text.includes(wanted), `${wanted} is in:\n${text}`);
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
}

export async function a_wrong_filter_is_told_at_its_place(context) {
  const { page } = context;
  await context.go("/flows");
  const input = page.getByLabel("Filter", { exact: true });
  await page.keyboard.press("/");
  await page.keyboard.type("app=Payments port=http");
  await page.keyboard.press("Enter");
  const told = page.locator(".query-wrong");
  await told.waitFor();
  assert.match(await told.innerText(), /a number or a range/);
  assert.equal(await told.locator("mark").innerText(), "http");
  assert.equal(await input.getAttribute("aria-invalid"), "true");
  await context.accessible("a wrong filter");
  await input.fill("app=Paiments");
  await input.press("Enter");
  await page.locator(".warnings").filter({ hasText: "Payments" }).waitFor();
  await told.waitFor({ state: "detached" });
}

export async function filters_columns_and_views_are_kept(context) {
  const { page } = context;
  await context.go(at("verdict=blocked"));
  await row(page, "blocked").waitFor();
  assert.equal(await page.locator("tbody tr[data-row]").filter({ hasText: "allowed" }).count(), 0);
  await page.locator("summary", { hasText: "Columns" }).click();
  await page.getByRole("checkbox", { name: "Source address" }).check();
  await page.getByRole("checkbox", { name: "Bytes" }).uncheck();
  await page.keyboard.press("Escape");
  assert.ok((await context.text("thead th")).includes("Source address"));
  await page.locator("summary", { hasText: "Views" }).click();
  await page.getByLabel("Name").fill("What is cut");
  await page.getByRole("button", { name: "Save this view" }).click();
  await page.goto(`${context.url}#/flows`);
  await row(page, "allowed").waitFor();
  await page.reload();
  await page.locator("summary", { hasText: "Views" }).click();
  await page.getByRole("button", { name: "What is cut", exact: true }).click();
  await page.waitForFunction(
    () => document.querySelectorAll("tbody tr[data-row]").length > 0 && !document.querySelector(".verdict-allowed"),
  );
  await page.waitForURL(/verdict(%3D|=)blocked/);
  const heads = await context.text("thead th");
  assert.ok(heads.includes("Source address") && !heads.includes("Bytes"), heads.join());
}

export async function what_is_shown_is_exported(context) {
  const { page } = context;
  await context.go(at("port=8080 verdict=allowed"));
  await row(page, "web-1").waitFor();
  await page.locator("summary", { hasText: "Export" }).click();
  const csv = await context.downloaded(() => page.getByRole("button", { name: "CSV of what is shown" }).click());
  assert.match(csv.name, /^flows-.*\.csv$/);
  const [header, ...lines] = csv.content.toString().trim().split("\r\n");
  assert.ok(header.startsWith("Time,Verdict,Source,"), header);
  const json = await context.downloaded(() => page.getByRole("button", { name: "JSON of what is shown" }).click());
  const flows = JSON.parse(json.content.toString());
  assert.equal(flows.length, lines.length);
  assert.ok(flows.length > 0 && flows.every((flow) => flow.port === 8080 && flow.verdict === "allowed"));
}

export async function keys_move_and_open(context) {
  const { page } = context;
  await context.go("/flows");
  await row(page, "allowed").waitFor();
  await page.locator('tr[data-row="0"]').focus();
  await page.keyboard.press("ArrowDown");
  await page.waitForFunction(() => document.activeElement?.getAttribute("data-row") === "1");
  await page.keyboard.press("Enter");
  await page.getByRole("complementary").waitFor();
  await page.waitForURL(/flow=/);
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.getAttribute("data-row") === "1");
}

export async function new_flows_come_in_while_followed(context) {
  const { page } = context;
  await context.go(at("process=live-1*", "&follow=1"));
  await page.getByText("following").waitFor();
  await page.getByText("No flow matches").waitFor();
  assert.equal(await context.ask("connect_as", "live-1"), "answered");
  await row(page, "live-1").waitFor();
}

export async function looks_right(context) {
  const { page } = context;
  await context.go(at("verdict=blocked or verdict=would-block or port=8080"));
  await row(page, "would-block").click();
  await page.getByText("Judged at the source").waitFor();
  await context.looksRight("flows");
}

export async function a_time_between_two_is_kept_in_the_address(context) {
  const { page } = context;
  await context.go("/flows");
  await row(page, "allowed").waitFor();
  await page.locator("summary", { hasText: "Between" }).click();
  await page.getByLabel("From").fill("2020-01-01T00:00");
  await page.getByLabel("To").fill("2019-01-01T00:00");
  await page.getByText("The end lies before the beginning.").waitFor();
  await page.getByLabel("To").fill("2020-01-02T00:00");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByText("No flow matches").waitFor();
  await page.waitForURL(/since=20.*until=20/);
  await page.getByRole("combobox", { name: "Time" }).selectOption("1h");
  await row(page, "allowed").waitFor();
}
