import assert from "node:assert/strict";
import { found, middle, settled, still } from "../picture.mjs";

const NODE = [0x3b, 0x6e, 0xa8];
const drawn = (page) => page.locator(".map-canvas[data-drawn]");

async function open(context, params) {
  await context.go(`/map?${new URLSearchParams({ live: "0", by: "app,role", ...params })}`);
  await context.page
    .locator(params.view === "table" ? "tbody tr[data-row]" : ".map-canvas[data-drawn]")
    .first()
    .waitFor();
  await context.page.getByRole("region", { name: "Activity over time" }).waitFor();
  await settled(context.page);
}

/** Only what is found has its colour: where that is. */
async function whereIs(context, text) {
  const { page } = context;
  await page.getByLabel("Find").fill(text);
  await page.getByText(/^\d+ found$/).waitFor();
  await still(page);
  const box = await found(context, NODE, 6);
  await page.getByLabel("Find").fill("");
  await page.getByText(/^\d+ found$/).waitFor({ state: "detached" });
  assert.ok(box.count > 20, `${text} is on the map`);
  return box;
}

const near = (a, b, what) =>
  assert.ok(Math.hypot(a.x - b.x, a.y - b.y) < 2.5, `${what}: ${JSON.stringify(a)} is ${JSON.stringify(b)}`);

const groups = async (page) => Number((await drawn(page).getAttribute("data-drawn")).split(" ")[0]);
const until = (page, number) => page.locator(`.map-canvas[data-drawn^="${number} "]`).waitFor();

/** A click on the name of a hull folds it, twice on the node unfolds it; everything else stays where it is. */
export async function an_app_folds_and_unfolds_in_place(context) {
  const { page } = context;
  await open(context, {});
  const before = await groups(page);
  const batch = middle(await whereIs(context, "batch"));
  const app = await whereIs(context, "payments");
  const frame = await page.locator(".map-frame").boundingBox();
  const at = { x: frame.x + (app.left + app.right) / 2, y: frame.y + app.top + 11 - 30 };
  await page.mouse.click(at.x, at.y);
  await until(page, before - 1);
  await page.waitForURL(/shut=/);
  await settled(page);
  near(middle(await whereIs(context, "batch")), batch, "folding moved nobody else");
  const folded = middle(await whereIs(context, "payments"));
  near(folded, middle(app), "the folded one lies amid its groups");
  await page.mouse.dblclick(frame.x + folded.x, frame.y + folded.y);
  await until(page, before);
  near(middle(await whereIs(context, "batch")), batch, "unfolding moved nobody else");
  near(middle(await whereIs(context, "payments")), middle(app), "its groups are where they were");
}

/** The same with keys; a folded app has the lines of its groups, with what the controller knows of them. */
export async function a_folded_app_is_explained(context) {
  const { page } = context;
  await open(context, { view: "table" });
  await page.locator("summary", { hasText: "Groups" }).click();
  await page.getByRole("checkbox", { name: /Payments/ }).uncheck();
  await page.keyboard.press("Escape");
  const line = page.locator("tbody tr[data-row]").filter({ hasText: "Reports, Batch" }).filter({ hasText: "blocked" });
  await line.first().click();
  const panel = page.getByRole("complementary");
  await panel.getByText("echo.service", { exact: true }).first().waitFor();
  await panel.getByRole("link", { name: "Flows of this connection" }).click();
  await page.waitForURL(/to\.app%3DPayments/);
  await page.goBack();
  await page.getByRole("button", { name: "Map", exact: true }).click();
  await drawn(page).waitFor();
  await page.reload();
  await drawn(page).waitFor();
  await page.getByLabel("Find").fill("payments");
  await page.getByText("1 found").waitFor();
  await page.getByLabel("Find").press("Enter");
  await panel.getByRole("button", { name: "Unfold into its 2 groups" }).click();
  await page.waitForURL((url) => !url.hash.includes("shut="));
}

/** A role shows its workloads, with lines of recent flows, and takes them back; nobody else moves. */
export async function a_group_shows_its_workloads(context) {
  const { page } = context;
  await open(context, {});
  const before = await groups(page);
  const batch = middle(await whereIs(context, "batch"));
  const app = middle(await whereIs(context, "payments, app"));
  const frame = await page.locator(".map-frame").boundingBox();
  const panel = page.getByRole("complementary");
  await page.mouse.dblclick(frame.x + app.x, frame.y + app.y);
  await page.waitForURL(/open=/);
  near(middle(await whereIs(context, "app-1")), app, "one workload in the place of its group");
  near(middle(await whereIs(context, "batch")), batch, "unfolding moved nobody else");
  assert.equal(await groups(page), before);
  await context.looksRight("map-groups");
  await still(page);
  const again = middle(await whereIs(context, "app-1"));
  near(again, app, "it is there after the window had another size");
  await page.mouse.dblclick(frame.x + again.x, frame.y + again.y);
  await page.waitForURL((url) => !url.hash.includes("open="));
  near(middle(await whereIs(context, "batch")), batch, "everybody is back");

  await page.getByLabel("Find").fill("payments, app");
  await page.getByText("1 found").waitFor();
  await page.getByLabel("Find").press("Enter");
  await panel.getByRole("button", { name: "Show its workloads one by one" }).click();
  await page.waitForURL(/open=/);
  await page.getByRole("button", { name: "Table", exact: true }).click();
  const line = page.locator("tbody tr[data-row]").filter({ hasText: "app-1" }).filter({ hasText: "Payments, Web" });
  await line.filter({ hasText: "allowed" }).first().click();
  await panel.getByText(/Counted from the newest 1,000 flows/).waitFor();
  assert.match(await panel.innerText(), /TCP 8080/);
  await panel.getByRole("link", { name: "Flows of this connection" }).click();
  await page.locator("tbody tr[data-row]").filter({ hasText: "app-1" }).first().waitFor();
  await page.goBack();
  await panel.getByText(/Counted from the newest/).waitFor();
  await page.locator("summary", { hasText: "Groups" }).click();
  await page.getByRole("button", { name: /Put the workloads of .*together/ }).click();
  await page.waitForURL((url) => !url.hash.includes("open="));
}
