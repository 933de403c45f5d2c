import assert from "node:assert/strict";

export async function rules_are_sentences(context) {
  const { page } = context;
  await context.go("/policy/rules");
  await page.getByText("Role Web may connect to role App, TCP 8080, served by unit echo.service.").waitFor();
  await page.getByText("Every workload may connect to the addresses of controller, TCP 8443.").waitFor();
  await context.looksRight("policy-rules");
  await page.getByRole("link", { name: "Flows that web-to-app decided" }).click();
  await page.locator("tbody tr[data-row]").filter({ hasText: "web-1" }).first().waitFor();
}

async function numberInForce(context) {
  const { items } = await context.api("versions?limit=1");
  return items[0].number;
}

/** Draft, staging and its impact, a version that must be confirmed, and back. */
export async function a_draft_is_staged_provisioned_confirmed_and_rolled_back(context) {
  const { page } = context;
  await context.ask("draft");
  await context.go("/policy/changes");
  const before = await numberInForce(context);
  await page.getByText("batch-to-app").first().waitFor();
  await page.getByRole("button", { name: "Who would get it?" }).click();
  await page.getByText(/agents? gets? another policy/).waitFor();
  await page.getByLabel("Note: why").fill("UI-17: reports need it");
  await context.looksRight("policy-changes");

  await page.getByRole("button", { name: "Let agents judge by it first" }).click();
  await page.getByText("UI-17: reports need it").waitFor();
  const allowed = page.locator("tbody tr[data-row]").filter({ hasText: "newly allowed" }).first();
  for (let turn = 0; turn < 20 && !(await allowed.isVisible()); turn += 1) {
    await context.ask("connect", "batch-1", "10.0.1.5", 8080);
    await page.getByRole("button", { name: "Ask again" }).click();
    await allowed.waitFor({ timeout: 1500 }).catch(() => undefined);
  }
  assert.match(await allowed.innerText(), /payments\/batch-to-app/);
  await context.looksRight("policy-impact");

  await page.getByRole("link", { name: "Pending changes" }).click();
  await page.getByLabel("Note: why").fill("UI-17: reports need it");
  await page.getByLabel("Confirmation").selectOption("300");
  await page.getByRole("button", { name: "Provision", exact: true }).click();
  const countdown = page.getByRole("timer");
  await countdown.waitFor();
  assert.match(await countdown.innerText(), /Taken back in [45] min/);
  await context.looksRight("policy-confirm");
  await page.getByRole("button", { name: `Confirm version ${before + 1}` }).click();
  await countdown.waitFor({ state: "detached" });
  assert.equal((await context.api("rollout")).phase, "confirmed");

  await page.getByRole("link", { name: "Versions" }).click();
  await page.getByRole("row").filter({ hasText: "UI-17: reports need it" }).filter({ hasText: "in force" }).waitFor();
  await page.getByRole("link", { name: `Version ${before}`, exact: true }).click();
  await page.getByText("batch-to-app").first().waitFor();
  await page.getByLabel(`Why back to version ${before}`).fill("reports do not need it");
  await context.looksRight("policy-versions");
  await page.getByRole("button", { name: `Roll back to version ${before}` }).click();
  await page.getByRole("row").filter({ hasText: "reports do not need it" }).filter({ hasText: "in force" }).waitFor();
  assert.equal(await numberInForce(context), before + 2);
  assert.deepEqual((await context.api("diff")).changes, []);
}

export async function a_version_can_be_taken_back(context) {
  const { page } = context;
  await context.ask("draft");
  await context.go("/policy/changes");
  const before = await numberInForce(context);
  await page.getByLabel("Note: why").fill("a mistake");
  await page.getByRole("button", { name: "Provision", exact: true }).click();
  await page.getByRole("button", { name: "Take it back now" }).click();
  await page.getByText(`Version ${before + 1} was taken back`).waitFor();
  await context.ask("no_draft");
  await page.getByText("Nothing is pending").waitFor();
}
