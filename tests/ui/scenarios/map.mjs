import assert from "node:assert/strict";
import { found, settled } from "../picture.mjs";

const drawn = (page) => page.locator(".map-canvas[data-drawn]");
const panelOf = (page) => page.getByRole("complementary");
const at = (params) => `/map?${new URLSearchParams(params)}`;

async function open(context, params) {
  await context.go(at({ live: "0", ...params }));
  await drawn(context.page).waitFor();
}

const pixels = async (context, colour) => (await found(context, colour)).count;

const GREEN = [0x2e, 0x7d, 0x32];
const AMBER = [0xf9, 0xa8, 0x25];
const RED = [0xc6, 0x28, 0x28];

export async function groups_and_lines_are_drawn(context) {
  await open(context, { by: "role" });
  const { nodes, edges } = await context.api("map?group_by=role&nodes=300&edges=2000");
  assert.ok(nodes.length >= 4 && edges.length >= 4, JSON.stringify(edges));
  assert.equal(await drawn(context.page).getAttribute("data-drawn"), `${nodes.length} ${edges.length}`);
  for (const [name, colour] of Object.entries({ GREEN, AMBER, RED }))
    assert.ok((await pixels(context, colour)) > 60, name);
  await context.page.getByLabel("Colour-vision palette").check();
  assert.ok((await pixels(context, GREEN)) < 30, "green is gone with the other palette");
  assert.ok((await pixels(context, [0x00, 0x72, 0xb2])) > 60, "blue has come");
}

/** Enter leads the camera to the group: it is then in the middle. */
async function find(page, text) {
  await page.getByLabel("Find").fill(text);
  await page.getByText("1 found").waitFor();
  await page.getByLabel("Find").press("Enter");
  await panelOf(page).waitFor();
}

export async function a_group_is_found_and_opened(context) {
  const { page } = context;
  await open(context, { by: "role" });
  await find(page, "batch");
  const panel = panelOf(page);
  await panel.getByRole("heading", { name: "Batch" }).waitFor();
  await panel.getByRole("button", { name: /App/ }).click();
  await panel.getByText("echo.service", { exact: true }).first().waitFor();
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  await open(context, { by: "role" });
  await find(page, "batch");
  await panel.getByRole("link", { name: "show its flows" }).click();
  await page.locator("tbody tr[data-row]").filter({ hasText: "batch-1" }).first().waitFor();
  assert.equal(await page.locator("tbody tr[data-row]").filter({ hasText: "web-1" }).count(), 0);
}

/** With two groups on the map, the middle of the map is the middle of the line. */
export async function a_line_is_clicked_and_explained(context) {
  const { page } = context;
  await open(context, { by: "role", q: "from.role=Batch to.role=App" });
  assert.equal(await drawn(page).getAttribute("data-drawn"), "2 1");
  await settled(page);
  const box = await page.locator(".map-frame").boundingBox();
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  const panel = panelOf(page);
  await panel.getByText("echo.service", { exact: true }).first().waitFor();
  const text = await panel.innerText();
  for (const wanted of ["TCP 8080", "client.service", "/usr/bin/python3", "would-block", "blocked", "no-rule"])
    assert.ok(text.includes(wanted), `${wanted} is in:\n${text}`);
  await context.accessible("an edge's panel");
  await panel.getByRole("link", { name: "Flows of this connection" }).click();
  await page.waitForURL(/#\/flows\?.*from\.role%3DBatch\+to\.role%3DApp/);
  await page.goBack();
  await panel.getByText("echo.service", { exact: true }).first().waitFor();
}

export async function groupings_and_places_are_kept(context) {
  const { page } = context;
  await open(context, { by: "role" });
  const places = () => page.evaluate(() => localStorage.getItem("ringwall.map.role"));
  const before = await places();
  assert.ok(Object.keys(JSON.parse(before)).length >= 4, before);
  await page.getByLabel("Group by").selectOption("app,env");
  await page.getByText(/^[23] groups/).waitFor();
  await page.goBack();
  await page.getByText(/^[4-9] groups/).waitFor();
  await page.reload();
  await drawn(page).waitFor();
  assert.equal(await places(), before);
  await page.evaluate(() => localStorage.removeItem("ringwall.map.role"));
  await page.reload();
  await drawn(page).waitFor();
  assert.equal(await places(), before, "the same layout comes of nothing");
}

export async function a_new_connection_comes_up_by_itself(context) {
  const { page } = context;
  await context.go(at({ by: "role", q: "from.process=live-3*" }));
  await page.getByText("No flow matches in this time.").waitFor();
  await page
    .getByText("live", { exact: true })
    .waitFor({ state: "attached" })
    .catch(() => undefined);
  await context.ask("connect_as", "live-3");
  const began = Date.now();
  await drawn(page).waitFor();
  const told = { seen_after_ms: Date.now() - began };
  await page.getByRole("button", { name: "Table" }).click();
  await page.locator("tbody tr[data-row]").first().click();
  await panelOf(page).getByText("/live-3").waitFor();
  return told;
}

export async function it_is_exported(context) {
  const { page } = context;
  await open(context, { by: "role" });
  const save = async (name) => {
    await page.locator("summary", { hasText: "Export" }).click();
    const file = await context.downloaded(() => page.getByRole("button", { name }).click());
    await page.keyboard.press("Escape");
    return file;
  };
  const svg = (await save("SVG picture")).content.toString();
  assert.match(svg, /^<svg /);
  for (const wanted of ["Batch", "#2e7d32", "#c62828", 'stroke-dasharray="3 4"', 'stroke-dasharray="9 5"'])
    assert.ok(svg.includes(wanted), wanted);
  const png = await save("PNG picture");
  assert.deepEqual([...png.content.subarray(1, 4)], [...Buffer.from("PNG")]);
  assert.ok(png.content.length > 5000);
  const csv = (await save("CSV of the connections")).content.toString().trim().split("\r\n");
  assert.equal(csv.length - 1, Number((await drawn(page).getAttribute("data-drawn")).split(" ")[1]));
}

export async function the_table_says_the_same(context) {
  const { page } = context;
  await open(context, { by: "role" });
  const [, edges] = (await drawn(page).getAttribute("data-drawn")).split(" ");
  await page.getByRole("button", { name: "Table" }).click();
  assert.equal(await page.locator("tbody tr[data-row]").count(), Number(edges));
  await page.locator("tbody tr[data-row]").filter({ hasText: "allowed" }).filter({ hasText: "Web" }).first().click();
  await panelOf(page).getByText("payments/web-to-app").first().waitFor();
  await context.looksRight("map-table");
}

export async function looks_right(context) {
  const { page } = context;
  await open(context, { by: "role" });
  await find(page, "batch");
  await page.getByLabel("Find").fill("");
  await page.getByText("1 found").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Show everything" }).click();
  await panelOf(page).getByRole("button", { name: /App/ }).click();
  await panelOf(page).getByText("echo.service", { exact: true }).first().waitFor();
  await settled(page);
  await context.looksRight("map");
}

/** The rule that the panel offers is one that the controller takes. */
export async function a_rule_for_a_connection_is_offered(context) {
  const { page } = context;
  await context.go(at({ live: "0", by: "role", view: "table", q: "from.role=Batch to.role=App" }));
  await page.locator("tbody tr[data-row]").filter({ hasText: "blocked" }).first().click();
  const panel = panelOf(page);
  await panel.locator("summary", { hasText: "Rule for this" }).first().click();
  const file = await context.downloaded(() => panel.getByRole("button", { name: "Save as a file" }).first().click());
  assert.match(await context.ask("check_rule", file.content.toString()), /^ruleset\/offered created$/m);
}

/** The same connections with the verdicts of the draft: what is in the legend follows, the panel keeps what was told. */
export async function the_draft_is_shown(context) {
  const { page } = context;
  const legend = page.getByRole("group", { name: "Legend" });
  const params = { by: "role", q: "from.role=Batch to.role=App" };
  await context.ask("draft");
  try {
    await open(context, params);
    await legend.getByText(/^blocked \([1-9]/).waitFor();
    await page.getByRole("button", { name: "Draft" }).click();
    await legend.getByText("By the draft:").waitFor();
    await legend.getByText(/^allowed \([1-9]/).waitFor();
    await legend.getByText("blocked (0)", { exact: true }).waitFor();
    await page.waitForURL(/verdicts=draft/);
    await settled(page);
    assert.ok((await pixels(context, GREEN)) > 60, "the line is green");
    await page.getByRole("button", { name: "Table" }).click();
    await page.locator("tbody tr[data-row]").filter({ hasText: "allowed" }).first().click();
    const panel = panelOf(page);
    await panel.getByText(/The picture shows what the draft would say/).waitFor();
    await panel.locator(".edge-card .verdict-blocked").first().waitFor();
    await page.getByRole("button", { name: "Map", exact: true }).click();
    await drawn(page).waitFor();
    await settled(page);
    await context.looksRight("map-draft");
  } finally {
    await context.ask("no_draft");
  }
  await legend.getByText(/^blocked \([1-9]/).waitFor();
}

/** What the hosts report of the draft that is staged; nothing is staged: that is said. */
export async function the_staged_draft_is_shown(context) {
  const { page } = context;
  const legend = page.getByRole("group", { name: "Legend" });
  await context.go(at({ live: "0", by: "role", q: "from.role=Batch to.role=App", verdicts: "staged" }));
  const { detail } = await context.api("map?view=staged");
  await page.getByText(detail).waitFor();
  await context.accessible("nothing is staged");
  await context.ask("draft");
  try {
    await context.api("staging", { method: "PUT", body: JSON.stringify({ note: "the map" }) });
    await legend.getByText("By the staged draft:").waitFor();
    for (let turn = 0; turn < 20 && !(await legend.getByText(/^allowed \([1-9]/).isVisible()); turn += 1) {
      await context.ask("connect", "batch-1", "10.0.1.5", 8080);
      await page.waitForTimeout(1000);
      await page.reload();
      await legend.waitFor();
    }
    await legend.getByText(/^allowed \([1-9]/).waitFor();
    await context.looksRight("map-staged");
  } finally {
    await context.api("staging", { method: "DELETE" });
    await context.ask("no_draft");
  }
}
