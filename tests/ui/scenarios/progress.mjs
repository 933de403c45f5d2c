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
