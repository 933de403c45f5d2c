import assert from "node:assert/strict";

const row = (page, text) => page.locator("tbody tr[data-row]").filter({ hasText: text });

export async function labels_choose_and_health_is_shown(context) {
  const { page } = context;
  await context.go("/workloads");
  await row(page, "web-1").filter({ hasText: "online" }).waitFor();
  assert.equal(await page.locator("tbody tr[data-row]").count(), 3);
  await page.getByLabel("Label query").fill("app=Payments,role!=Web");
  await page.keyboard.press("Enter");
  await row(page, "web-1").waitFor({ state: "detached" });
  assert.deepEqual(await context.text("tbody tr[data-row] td:first-child"), ["app-1"]);
  await page.getByLabel("Label query").fill("app=Payments,(");
  await page.keyboard.press("Enter");
  await page.locator(".query-wrong").waitFor();
}

export async function a_workload_tells_who_listens_and_who_came(context) {
  const { page } = context;
  await context.go("/workloads");
  await row(page, "app-1").click();
  const listener = page.getByRole("region", { name: "Listeners" }).locator("tr").filter({ hasText: "TCP 8080" });
  await listener.waitFor();
  assert.match(await listener.innerText(), /echo\.service/);
  await listener.getByRole("link", { name: /times/ }).click();
  await row(page, "web-1").first().waitFor();
  assert.match(decodeURIComponent(page.url()), /to\.workload=app-1/);
}

export async function why_is_answered(context) {
  const { page } = context;
  await context.go("/workloads/web-1");
  await page.getByRole("link", { name: "Would it pass?" }).click();
  await page.getByLabel("To (workload or address)").fill("app-1");
  await page.getByLabel("Port").fill("8080");
  await page.getByLabel("Serving program").fill("echo.service");
  await page.getByRole("button", { name: "Ask" }).click();
  const answer = page.getByRole("region", { name: "Answer" });
  await answer.getByText("payments/web-to-app").first().waitFor();
  assert.match(await answer.innerText(), /allowed/);
  await page.getByLabel("Port").fill("9");
  await page.getByRole("button", { name: "Ask" }).click();
  await answer.getByText("blocked").first().waitFor();
  await context.accessible("why");
  await page.getByLabel("To (workload or address)").fill("nobody-of-this-name");
  await page.getByRole("button", { name: "Ask" }).click();
  await page.getByRole("alert").waitFor();
}

export async function looks_right(context) {
  const { page } = context;
  await context.go("/workloads");
  await row(page, "web-1").filter({ hasText: "online" }).waitFor();
  await context.looksRight("workloads");
  await context.go("/workloads/app-1");
  await page.getByText("TCP 8080").waitFor();
  await context.looksRight("workload");
}
