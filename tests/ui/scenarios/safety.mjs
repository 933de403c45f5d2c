import assert from "node:assert/strict";

export async function hostile_names_are_text(context) {
  const { page } = context;
  const label = await context.ask("nasty_label");
  try {
    await context.ask("connect_as_something_nasty");
    await context.ask("connect", "batch-1", "10.0.1.5", 8080);
    await context.go(
      `/flows?q=${encodeURIComponent("from.process=*curl")}&cols=time,source,source_process,destination,source_labels&follow=1`,
    );
    await page.locator("tbody tr[data-row]").first().click();
    const panel = page.getByRole("complementary");
    await panel.getByText("<script>alert(2)<!--").first().waitFor();
    const shown = await panel.innerText();
    assert.ok(shown.includes("⟨U+202E⟩") && shown.includes("␇"), shown);
    await page.goto(
      `${context.url}#/flows?q=${encodeURIComponent("from.workload=batch-1")}&follow=1&cols=time,source,source_labels`,
    );
    await page.locator("tbody tr[data-row]").filter({ hasText: "<img" }).first().click();
    await panel.getByText("<img src=x onerror=alert(1)>⟨U+202E⟩gnp.exe").first().waitFor();
    for (const target of [
      "/map?by=role",
      "/map?by=role&view=table",
      "/workloads",
      "/workloads/batch-1",
      "/progress",
      "/policy",
      "/policy/edit/payments",
      "/map?by=app,role",
      "/policy/traffic",
      "/policy/impact",
    ]) {
      await page.goto(`${context.url}#${target}`);
      await page.locator("main h1").first().waitFor({ state: "attached" });
      await page.waitForLoadState("networkidle", { timeout: 4000 }).catch(() => undefined);
    }
    assert.equal(await page.locator("img[src='x'], main script").count(), 0);
    assert.ok(label.includes("\u202e"));
  } finally {
    await context.ask("plain_label");
  }
}
