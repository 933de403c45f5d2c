import assert from "node:assert/strict";

export async function rules_are_sentences(context) {
  const { page } = context;
  await context.go("/policy/rules");
  await page.getByText("Role Web may connect to role App, TCP 8080, served by unit echo.service.").waitFor();
  await page.getByText("Every workload may connect to the addresses of controller, TCP 8443.").waitFor();
  await page
    .getByText(/decided \d+ connections? in the last 30 days/)
    .first()
    .waitFor();
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

/** From a line of the map to rules that would allow it, some of which go into the draft. */
export async function rules_are_proposed_from_traffic(context) {
  const { page } = context;
  await context.go(
    `/map?${new URLSearchParams({ live: "0", by: "app,env,role", view: "table", q: "from.role=Batch to.role=App" })}`,
  );
  await page.locator("tbody tr[data-row]").first().click();
  await page.getByRole("link", { name: "Propose rules for this" }).click();
  const table = page.getByRole("region", { name: "Table of proposed rules" });
  const sentence = /role Batch may connect to role App, TCP 8080, served by unit echo\.service\./;
  await table.getByText(sentence).waitFor();
  assert.equal(await table.locator("tbody tr").count(), 1, "only this connection");

  await page.getByLabel("Filter", { exact: true }).fill("not to.role=");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("The filter is not understood").waitFor();
  await page.getByLabel("Filter", { exact: true }).fill("");
  await page.getByRole("button", { name: "Apply" }).click();
  await table.locator("tbody tr").nth(1).waitFor();
  await table.getByText(/TCP 9999/).waitFor();
  await page.getByText(/connections?, \d+ % are allowed by what is in force/).waitFor();
  await page
    .getByRole("region", { name: "Table of connections without a rule" })
    .getByText("the destination is no workload")
    .first()
    .waitFor();
  const yaml = page.getByLabel("Ticked rules as YAML");
  assert.match(
    await yaml.innerText(),
    /# .*to think about|# \d+ connections/,
    "all are ticked: the controller's own text",
  );
  await context.looksRight("policy-traffic");

  await table.getByRole("row").filter({ hasText: "TCP 9999" }).getByRole("checkbox").uncheck();
  await page.waitForURL(/without=/);
  assert.doesNotMatch(await yaml.innerText(), /9999/);
  const file = await context.downloaded(() => page.getByRole("button", { name: "Download" }).click());
  await context.session.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), file.content.toString());
  assert.match(
    await context.ask("check_policy", file.content.toString()),
    /^ruleset\/proposed-payments-production created$/m,
  );
  await page.getByLabel("Rules down to").selectOption("role");
  await table
    .getByText(/may connect to role App, TCP on every port\./)
    .first()
    .waitFor();
  await page.getByLabel("Rules down to").selectOption("process");
  await table.getByText(sentence).waitFor();
  await takeIntoDraft(context);
}

async function takeIntoDraft(context) {
  const { page } = context;
  const put = page.getByRole("button", { name: "Put into the draft" });
  try {
    await put.click();
    await page.getByText(/proposed-payments-production: created/).waitFor();
    await put.click();
    await page.getByText(/proposed-payments-production: unchanged/).waitFor();
    await page.getByRole("link", { name: "Pending changes" }).last().click();
    await page.getByRole("heading", { name: "RuleSet proposed-payments-production created" }).waitFor();
  } finally {
    await context.api("rule-sets/proposed-payments-production", { method: "DELETE" });
  }
  await page.getByText("Nothing is pending").waitFor();
}

/** Nothing is staged: the controller judges by itself what it has recorded. */
export async function a_draft_is_held_against_recorded_flows(context) {
  const { page } = context;
  const part = page.getByRole("region", { name: "Recorded flows", exact: true });
  const table = page.getByRole("region", { name: "Impact on recorded flows" });
  await context.go("/policy/impact");
  await part.getByText("The draft would judge no recorded flow otherwise.").waitFor();
  await context.ask("draft");
  try {
    const row = table.getByRole("row").filter({ hasText: "newly allowed" });
    await row.waitFor();
    const text = await row.innerText();
    for (const wanted of [
      "Batch, Reports, Production",
      "App, Payments, Production",
      "TCP 8080",
      "payments/batch-to-app",
      "no rule matches",
    ])
      assert.ok(text.includes(wanted), `${wanted} is in:\n${text}`);
    await part.getByText(/0 newly blocked, [1-9]\d* newly allowed/).waitFor();
    await context.looksRight("policy-recorded");
    await part.getByLabel("Filter of recorded flows").fill("from.role=Web");
    await part.getByRole("button", { name: "Apply" }).click();
    await part.getByText("The draft would judge no recorded flow otherwise.").waitFor();
    await page.goBack();
    await row.getByRole("link", { name: "payments/batch-to-app" }).click();
    await page.getByText("Role Batch may connect to role App, TCP 8080.").waitFor();
  } finally {
    await context.ask("no_draft");
  }
}

/** As often as the controller says, with what it thinks of them; of a draft nothing is said. */
export async function rules_tell_what_they_decided(context) {
  const { page } = context;
  await context.go("/policy/rules");
  const line = (sentence) => page.locator("li.rule").filter({ hasText: sentence });
  const used = line("Role Web may connect").getByText(
    /decided [1-9]\d* connections? in the last 30 days, the last \d+ (s|min) ago/,
  );
  await used.waitFor();
  const { rules } = await context.api("findings");
  const { hits, findings } = rules.find((one) => one.rule === "payments/web-to-app");
  assert.ok(hits >= Number(/decided (\d+)/.exec(await used.innerText())[1]), String(hits));
  assert.deepEqual(findings, []);
  const told = line("Every workload may connect").getByRole("list", { name: "Findings about controller" });
  const { findings: wanted } = rules.find((one) => one.rule === "payments/controller");
  assert.ok(wanted.length > 0, "the controller has something to say of a rule");
  assert.deepEqual(await told.getByRole("listitem").allInnerTexts(), wanted);
  await context.accessible("findings of rules");
  await page.getByLabel("Show").selectOption("draft");
  await page
    .getByText(/in the last 30 days/)
    .first()
    .waitFor({ state: "detached" });
  await line("Role Web may connect").waitFor();
}
