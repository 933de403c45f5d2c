import assert from "node:assert/strict";

export async function what_blocks_the_next_step_is_named(context) {
  const { page } = context;
  await context.go("/progress");
  const line = (app) => page.getByRole("region", { name: "Applications" }).locator("tr").filter({ hasText: app });
  await line("Payments").waitFor();
  assert.match(await line("Payments").innerText(), /2 full/);
  assert.match(await line("Payments").innerText(), /done/);
  const reports = await line("Reports").innerText();
  assert.match(reports, /1 visibility/);
  assert.match(reports, /next: selective or full/);
  await context.looksRight("progress");
  await page.getByRole("link", { name: "Reports" }).click();
  await page.locator("tbody tr[data-row]").filter({ hasText: "batch-1" }).waitFor();
}

/** Numbers of the controller, for what is in force and for the draft. */
export async function exposure_is_told_before_and_after(context) {
  const { page } = context;
  await context.go("/progress");
  const { total, version } = await context.api("exposure?version=active");
  assert.ok(total.open > 0 && total.enforced <= total.now && total.now <= total.open, JSON.stringify(total));
  const part = page.getByRole("region", { name: "Exposure", exact: true });
  await part.getByText(`In force, version ${version}:`).waitFor();
  await part.getByText(`${total.open} open, ${total.now} now`).first().waitFor();
  await context.looksRight("progress-exposure");
  const table = part.getByRole("region", { name: "Exposure of each app" });
  const line = table.getByRole("row").filter({ hasText: "Payments" });
  const before = await line.innerText();
  await context.ask("draft");
  try {
    const { total: drafted } = await context.api("exposure?version=draft");
    assert.ok(drafted.now > total.now, JSON.stringify(drafted));
    await part.getByText(`${drafted.open} open, ${drafted.now} now`).waitFor();
    await part.getByRole("button", { name: "The draft" }).click();
    await page.waitForURL(/exposure=draft/);
    await line.filter({ hasNotText: before }).waitFor();
    assert.notEqual(await line.innerText(), before);
    await context.accessible("exposure by the draft");
  } finally {
    await context.ask("no_draft");
  }
}
