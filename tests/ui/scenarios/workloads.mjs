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

/** By the version in force, with the rules that say so and what happens to everything else. */
export async function what_may_reach_it_is_said(context) {
  const { page } = context;
  await context.go("/workloads/app-1");
  const inbound = page.getByRole("region", { name: "What may reach it" });
  const rule = inbound.getByRole("listitem").filter({ has: page.getByRole("link", { name: "payments/web-to-app" }) });
  await rule.waitFor();
  assert.match(await rule.innerText(), /tcp 8080.*echo\.service/s);
  const { otherwise } = await context.api("workloads/app-1/rules");
  await inbound.getByText(otherwise.inbound).waitFor();
  const outbound = page.getByRole("region", { name: "What it may reach" });
  await outbound.getByRole("link", { name: "payments/controller" }).waitFor();
  await outbound.getByText(otherwise.outbound).waitFor();
  await context.looksRight("workload-rules");
  await rule.getByRole("link").click();
  await page.getByText("Role Web may connect to role App").waitFor();
}

const SUGGESTED = {
  considered: 3,
  items: [
    {
      workload: "batch-1",
      kind: "mislabelled",
      labels: { role: "Batch", app: "Reports", env: "Production" },
      suggested: { role: "Report Server" },
      score: 0.83,
      like: 4,
      evidence: ["reportd listens on tcp 7070, as on 4 of the 4 workloads of role=Report Server", "<b>\u202e"],
    },
  ],
};

/** The fleet is too small to find any by itself: what is suggested is given, what is set is real. */
export async function suggested_labels_are_set_after_a_question(context) {
  const { page } = context;
  const body = JSON.stringify(SUGGESTED);
  await page.route("**/api/v1/suggestions", (route) => route.fulfill({ contentType: "application/json", body }));
  await context.go("/workloads");
  await page.getByText("1 suggestion of labels, from 3 workloads compared").click();
  const list = page.getByRole("list", { name: "Suggested labels" });
  await list.getByText("reportd listens on tcp 7070").waitFor();
  await context.looksRight("workload-suggestions");
  try {
    await page.getByRole("button", { name: "Set these labels… on batch-1" }).click();
    await context.api("workloads/labels", {
      method: "POST",
      body: JSON.stringify({ names: ["batch-1"], set: { loc: "UK" } }),
    });
    await page.getByRole("button", { name: "Set the labels", exact: true }).click();
    await page.getByText("Somebody changed this workload meanwhile; nothing was set.").waitFor();
    assert.equal((await context.api("workloads/batch-1")).spec.labels.role, "Batch");
    await page.getByRole("button", { name: "Set these labels… on batch-1" }).click();
    await page.getByText("Its labels have changed meanwhile").waitFor();
    await page.getByRole("button", { name: "Set the labels", exact: true }).click();
    await page.getByText("The labels are set.").waitFor();
    const { labels } = (await context.api("workloads/batch-1")).spec;
    assert.deepEqual(labels, { role: "Report Server", app: "Reports", env: "Production", loc: "UK" });
  } finally {
    await context.api("workloads/labels", {
      method: "POST",
      body: JSON.stringify({ names: ["batch-1"], set: { role: "Batch" }, remove: ["loc"] }),
    });
  }
}

export async function looks_right(context) {
  const { page } = context;
  await context.go("/workloads");
  await row(page, "web-1").filter({ hasText: "online" }).waitFor();
  await context.looksRight("workloads");
  await context.go("/workloads/app-1");
  await page.getByRole("cell", { name: "TCP 8080", exact: true }).waitFor();
  await page.getByRole("region", { name: "What may reach it" }).getByText("By version").waitFor();
  await context.looksRight("workload");
}
