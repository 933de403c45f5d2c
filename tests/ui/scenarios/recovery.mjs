export async function the_page_recovers_when_the_controller_does(context) {
  const { page } = context;
  await context.go(`/flows?q=${encodeURIComponent("process=live-2*")}&follow=1`);
  await page.getByText("following").waitFor();
  await context.ask("kill_controller");
  await page.locator(".banner", { hasText: "The controller does not answer." }).waitFor();
  await context.ask("start_controller");
  await page
    .locator(".banner", { hasText: "The controller does not answer." })
    .waitFor({ state: "detached", timeout: 30_000 });
  await page.getByText("following").waitFor({ timeout: 30_000 });
  await context.ask("agents_are_back");
  await context.ask("connect_as", "live-2");
  await page.locator("tbody tr[data-row]").filter({ hasText: "live-2" }).first().waitFor();
}
