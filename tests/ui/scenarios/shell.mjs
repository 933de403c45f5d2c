import assert from "node:assert/strict";

export async function a_wrong_token_is_told({ page, url, accessible, ...rest }) {
  await page.goto(url);
  await page.getByLabel("API token").fill("nobody-has-this-one");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("This token is not accepted.").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
}

export async function a_token_logs_in_for_this_tab_only(context) {
  const { page, url, token } = context;
  await page.goto(url);
  await page.getByRole("heading", { name: "Ringwall" }).waitFor();
  await context.accessible("login");
  await context.shot("login-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator('html[data-theme="dark"]').waitFor();
  await context.accessible("login, dark");
  await context.shot("login-dark");
  await page.getByLabel("API token").fill(` ${token} `);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Log out" }).waitFor();
  assert.ok(
    !(await page.evaluate(() => JSON.stringify(localStorage))).includes(token),
    "the token is in no lasting storage",
  );
  assert.ok(!page.url().includes(token));
  await page.reload();
  await page.getByRole("button", { name: "Log out" }).waitFor();
  const other = await page.context().newPage();
  await other.goto(url);
  await other.getByLabel("API token").waitFor();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByLabel("API token").waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.getItem("ringwall.token")), null);
}

export async function nothing_comes_from_elsewhere(context) {
  const answer = await context.page.goto(context.url);
  const policy = answer.headers()["content-security-policy"] ?? "";
  assert.match(policy, /default-src 'self'/);
  assert.doesNotMatch(policy, /unsafe/);
  for (const page of ["map", "flows", "workloads", "policy", "progress"]) {
    await context.go(`/${page}`);
    await context.page.locator("main h1").first().waitFor({ state: "attached" });
  }
  const { origin } = new URL(context.url);
  const foreign = context.requests.filter((request) => !request.startsWith(origin) && !/^(blob|data):/.test(request));
  assert.deepEqual(foreign, []);
  assert.ok(context.requests.length > 10);
}

export async function colours_follow_the_system_and_the_switch(context) {
  const { page } = context;
  await context.go("/flows");
  const theme = () => page.locator("html").getAttribute("data-theme");
  assert.equal(await theme(), "light");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.locator('html[data-theme="dark"]').waitFor();
  await page.getByRole("button", { name: "Light colours" }).click();
  assert.equal(await theme(), "light");
  await page.reload();
  await page.locator(".shell").waitFor();
  assert.equal(await theme(), "light");
}

export async function keys_lead_to_pages(context) {
  const { page } = context;
  await context.go("/flows");
  await page.locator("main h1").waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await page.getByRole("heading", { name: "Workloads" }).waitFor();
  await page.waitForURL(/#\/workloads$/);
  await page.goBack();
  await page.getByRole("heading", { name: "Flows" }).waitFor();
}

export async function a_viewer_may_look_and_change_nothing(context) {
  const { page, url } = context;
  await context.ask("draft");
  try {
    await context.go("/policy/changes");
    await page.getByRole("button", { name: "Provision", exact: true }).waitFor();
    const name = `viewer-${Date.now()}`;
    const { secret } = await context.api("tokens", { method: "POST", body: JSON.stringify({ name, role: "viewer" }) });
    const other = await context.browser.newContext({ ignoreHTTPSErrors: true });
    try {
      const view = await other.newPage();
      await view.goto(`${url}#/policy/changes`);
      await view.getByLabel("API token").fill(secret);
      await view.keyboard.press("Enter");
      await view.getByText("Your role may read this, not provision it.").waitFor();
      assert.equal(await view.getByRole("button", { name: "Provision", exact: true }).count(), 0);
      await view.getByRole("link", { name: "From traffic" }).click();
      await view.getByText("Your role may read this, not put it into the draft.").waitFor();
      assert.equal(await view.getByRole("button", { name: "Put into the draft" }).count(), 0);
      await view.getByRole("link", { name: "Pending changes" }).click();
      await view.getByText("Your role may read this, not provision it.").waitFor();
      await context.api(`tokens/${name}`, { method: "DELETE" });
      await view.getByText("The token is no longer accepted.").waitFor();
    } finally {
      await other.close();
    }
  } finally {
    await context.ask("no_draft");
  }
}
