import assert from "node:assert/strict";
import { still } from "../picture.mjs";

const strip = (page) => page.getByRole("region", { name: "Activity over time" });
const slider = (page, name) => page.getByRole("slider", { name });

async function open(context, params) {
  await context.go(`/map?${new URLSearchParams({ by: "role", since: "1h", ...params })}`);
  await strip(context.page)
    .getByText(/[1-9][\d,]* allowed/)
    .waitFor();
}

/** Keys narrow the window; at the end of a period that goes on it moves with now, elsewhere it stands. */
export async function a_window_is_moved_with_keys(context) {
  const { page } = context;
  await open(context, {});
  await page.getByText("live", { exact: false }).first().waitFor();
  await slider(page, "Beginning of the window").focus();
  await page.keyboard.press("End");
  await page.waitForURL(/win=1m/);
  assert.ok(await page.getByLabel("Live").isChecked(), "it moves with now");
  await page.keyboard.press("PageDown");
  await page.waitForURL(/win=11m/);
  await slider(page, "Move the window").focus();
  await page.keyboard.press("Home");
  await page.waitForURL(/win=\d+-/);
  assert.ok(!(await page.getByLabel("Live").isChecked()), "it stands");
  await page.getByText("No flow matches in this time.").waitFor();
  assert.equal(await slider(page, "Beginning of the window").getAttribute("aria-valuenow"), "0");
  await strip(page)
    .getByText(/: 0 allowed, 0 without a rule, 0 would be blocked, 0 blocked/)
    .waitFor();
  await page.reload();
  await page.getByText("No flow matches in this time.").waitFor();
  await page.getByLabel("Live").check();
  await page.waitForURL((url) => !url.hash.includes("win="));
  await page.locator(".map-canvas[data-drawn]").waitFor();
}

/** Dragged over the strip; what is shown and the links from it keep to that time. */
export async function a_window_is_dragged(context) {
  const { page } = context;
  await open(context, {});
  const drag = async (from, to) => {
    const box = await page.getByRole("group", { name: "Window of time" }).boundingBox();
    await page.mouse.move(box.x + box.width * from, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * ((from + to) / 2), box.y + 20);
    await page.mouse.move(box.x + box.width * to, box.y + 20);
    await page.mouse.up();
  };
  await drag(0.4, 0.7);
  await page.waitForURL(/win=\d+-/);
  const sent = await slider(page, "Move the window").getAttribute("aria-valuetext");
  await drag(0.55, 0.65);
  await page.waitForFunction(
    (old) => document.querySelector('[data-grip="both"]')?.getAttribute("aria-valuetext") !== old,
    sent,
  );
  await page.getByRole("button", { name: "Whole period" }).click();
  await page.waitForURL((url) => !url.hash.includes("win="));
  await drag(0.5, 1);
  await page.waitForURL(/win=(29|30|31)m/);
  await page.locator(".map-canvas[data-drawn]").waitFor();
  await page.getByLabel("Find").fill("batch");
  await page.getByText("1 found").waitFor();
  await page.getByLabel("Find").press("Enter");
  await page.getByRole("link", { name: "show its flows" }).click();
  await page.waitForURL(/#\/flows\?.*since=(29|30|31)m/);
  await page.goBack();
  await page.keyboard.press("Escape");
  await page.locator(".map-canvas[data-drawn]").waitFor();
  await page.getByLabel("Find").fill("");
  await page.getByText("1 found").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Show everything" }).click();
  await still(page);
  await context.looksRight("map-time");
}

/** An older controller has no activity: the map is there without it. */
export async function without_activity_the_map_works(context) {
  const { page } = context;
  await page.route("**/api/v1/map/activity?*", (route) =>
    route.fulfill({ status: 404, contentType: "application/problem+json", body: '{"code":"not_found","detail":"no"}' }),
  );
  await context.go("/map?by=role&live=0");
  await page.locator(".map-canvas[data-drawn]").waitFor();
  assert.equal(await strip(page).count(), 0);
  await page.getByRole("group", { name: "Legend" }).waitFor();
}
