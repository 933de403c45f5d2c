import assert from "node:assert/strict";

const field = (page, label) => page.getByRole("combobox", { name: label, exact: true });
const yaml = (page) => page.getByLabel("The same as YAML");
const save = (page) => page.getByRole("button", { name: "Save into the draft" });

/** Typed, offered, taken with the keys. */
async function complete(page, label, typed, wanted) {
  await field(page, label).fill(typed);
  const offer = page.getByRole("option").filter({ hasText: wanted }).first();
  await offer.waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await field(page, label).inputValue(), wanted);
}

const gone = (context, name) => context.api(`rule-sets/${name}`, { method: "DELETE" });

/** A new rule set by the form, with what the fleet offers; the YAML beside it says the same, and comes back. */
export async function a_rule_set_is_written(context) {
  const { page } = context;
  await context.go("/policy/rules");
  await page.getByRole("link", { name: "New rule set" }).click();
  try {
    await page.getByLabel("Name of the rule set").fill("reports");
    await page.getByRole("button", { name: "Add a rule" }).click();
    await page.getByLabel("Name", { exact: true }).fill("batch-to-app");
    await page.getByRole("group", { name: "From 1", exact: true }).getByRole("button", { name: "+ label" }).click();
    await complete(page, "From 1, label 1: key", "ro", "role");
    await complete(page, "From 1, label 1: value", "bat", "Batch");
    await page.getByRole("group", { name: "To 1", exact: true }).getByRole("button", { name: "+ label" }).click();
    await complete(page, "To 1, label 1: key", "ro", "role");
    await complete(page, "To 1, label 1: value", "ap", "App");
    await complete(page, "Service 1: ports", "80", "8080");
    await page.getByRole("button", { name: "+ serving program" }).click();
    await complete(page, "Service 1, program: systemd unit", "echo", "echo.service");
    await page.getByRole("button", { name: "+ connecting program" }).click();
    await complete(page, "From 1, program: systemd unit", "cli", "client.service");
    await page
      .getByText(
        "Role Batch running unit client.service may connect to role App, TCP 8080, served by unit echo.service.",
      )
      .waitFor();
    await page.getByText("Would be created", { exact: false }).waitFor();
    assert.match(await yaml(page).inputValue(), /from: \[\{role: Batch, process: \{unit: client\.service\}\}\]/);
    await field(page, "Service 1: ports").focus();
    await page.keyboard.press("Escape");
    await page.getByLabel("Name", { exact: true }).focus();
    await context.looksRight("policy-editor");

    await yaml(page).fill(
      (await yaml(page).inputValue()).replace("role: App", "role: Web").replace("[8080]", "[8443]"),
    );
    await page.getByText(/may connect to role Web, TCP 8443, served by/).waitFor();
    assert.equal(await field(page, "Service 1: ports").inputValue(), "8443");
    await save(page).click();
    await page.getByText("Saved.").waitFor();
    await page.waitForURL(/policy\/edit\/reports/);
    const { spec } = await context.api("rule-sets/reports?version=draft");
    assert.deepEqual(spec.rules[0].to, [{ role: "Web" }]);
    await page.getByRole("button", { name: "Remove this rule set…" }).click();
    await page.getByRole("button", { name: "Remove it from the draft" }).click();
    await page.getByRole("heading", { name: "payments" }).waitFor();
    assert.equal((await context.api("rule-sets/reports?version=draft")).code, "not_found");
  } finally {
    await gone(context, "reports");
  }
}

/** What the controller says against it stands at its field; nothing is saved meanwhile. */
export async function what_is_wrong_stands_at_its_field(context) {
  const { page } = context;
  const before = await openPayments(context);
  await field(page, "From 1, label 1: value").fill("Webb");
  const from = page.getByRole("group", { name: "From 1", exact: true });
  await from.getByText(/Warning: .*"?Web"?/).waitFor();
  await page.getByText(/Would be changed, with \d+ warning/).waitFor();
  await field(page, "Service 1: ports").fill("80, http");
  const service = page.getByRole("group", { name: "Service 1", exact: true });
  await service.getByText(/^Wrong: /).waitFor();
  assert.ok(await save(page).isDisabled());
  await context.looksRight("policy-editor-wrong");
  await yaml(page).fill("apiVersion: [");
  await page.getByText(/^Line \d+: .*The form waits/).waitFor();
  assert.ok(await field(page, "Service 1: ports").isDisabled());
  await page.getByRole("button", { name: "Take back what was typed here" }).click();
  await page.getByRole("link", { name: "Rules of the draft" }).click();
  await page.getByRole("link", { name: "Edit payments in the draft" }).click();
  await openRule(page);
  assert.equal(await field(page, "Service 1: ports").inputValue(), "80, http", "what was typed is still there");
  await page.getByRole("button", { name: "Discard what was changed" }).click();
  await page.getByText("Nothing is changed.").waitFor();
  assert.equal((await context.api("rule-sets/payments?version=draft")).metadata.revision, before);
}

async function openPayments(context) {
  await context.go("/policy/edit/payments");
  await openRule(context.page);
  return (await context.api("rule-sets/payments?version=draft")).metadata.revision;
}

async function openRule(page) {
  await page.getByRole("button", { name: "Edit web-to-app" }).click();
}

/** Two edit the same: the second is told what the first did, and decides. */
export async function a_stale_edit_is_told_what_changed(context) {
  const { page } = context;
  await openPayments(context);
  try {
    await field(page, "Service 1: ports").fill("8080, 8081");
    await page.getByText("Would be changed").waitFor();
    await context.ask("draft");
    const told = page.getByRole("alert", { name: "Changed meanwhile" });
    await told.getByText("rules › batch-to-app added").waitFor();
    await told.getByText(/Role Batch may connect to role App/).waitFor();
    assert.ok(await save(page).isDisabled());
    await context.accessible("changed meanwhile");
    await page.getByRole("button", { name: "Go on from theirs" }).click();
    await page.getByText("Nothing is changed.").waitFor();
    await page.getByText("Role Batch may connect to role App, TCP 8080.").waitFor();
    await page.getByRole("button", { name: "Remove batch-to-app" }).click();
    await page.getByText("Would be changed").waitFor();
    await save(page).click();
    await page.getByText("Saved.").waitFor();
    const { spec } = await context.api("rule-sets/payments?version=draft");
    assert.deepEqual(
      spec.rules.map(({ name }) => name),
      ["web-to-app", "controller"],
    );
  } finally {
    await context.ask("no_draft");
  }
}

export async function a_viewer_sees_no_editor(context) {
  const { page, url } = context;
  await context.go("/policy/rules");
  await page.getByRole("link", { name: "New rule set" }).waitFor();
  const name = `viewer-${Date.now()}`;
  const { secret } = await context.api("tokens", {
    method: "POST",
    body: JSON.stringify({ name, role: "viewer" }),
  });
  const other = await context.browser.newContext({ ignoreHTTPSErrors: true });
  try {
    const view = await other.newPage();
    await view.goto(`${url}#/policy/rules`);
    await view.getByLabel("API token").fill(secret);
    await view.keyboard.press("Enter");
    await view.getByText("Role Web may connect to role App").waitFor();
    assert.equal(await view.getByRole("link", { name: /Edit|New rule set/ }).count(), 0);
    await view.goto(`${url}#/policy/edit/payments`);
    await view.getByText("Your role may read rules, not change them.").waitFor();
    assert.equal(await view.getByRole("textbox").count(), 0);
  } finally {
    await other.close();
    await context.api(`tokens/${name}`, { method: "DELETE" });
  }
}
