import assert from "node:assert/strict";
import { largeMap } from "../synthetic.mjs";

const BUDGET_MS = 4;

/** 2,000 groups in 195 hulls and 20,000 lines open and pan; what a frame costs is the time its callbacks take. */
export async function a_large_map_opens_and_pans(context) {
  const { page } = context;
  const body = JSON.stringify(largeMap(2000, 20000));
  await page.route("**/api/v1/map?*", (route) => route.fulfill({ contentType: "application/json", body }));
  await page.addInitScript(() => {
    const frames = (window.frames_ = []);
    const original = window.requestAnimationFrame.bind(window);
    window.requestAnimationFrame = (callback) =>
      original((time) => {
        const began = performance.now();
        callback(time);
        frames.push(performance.now() - began);
      });
  });
  const began = Date.now();
  await context.go("/map?live=0&by=app,role");
  await page.locator('.map-canvas[data-drawn="2000 20000"]').waitFor({ timeout: 60_000 });
  const opened = Date.now() - began;
  await page.getByText("not shown, least busy: 12 groups and 340 connections").waitFor();
  const box = await page.locator(".map-frame").boundingBox();
  await page.mouse.move(box.x + 400, box.y + 200);
  await page.evaluate(() => {
    window.frames_.length = 0;
  });
  await page.mouse.down();
  for (let step = 0; step < 20; step += 1) {
    await page.mouse.move(box.x + 400 + 5 * step, box.y + 200 + 3 * step);
    await page.evaluate(
      () =>
        new Promise((resolve) => {
          requestAnimationFrame(resolve);
        }),
    );
  }
  await page.mouse.up();
  const frames = (await page.evaluate(() => window.frames_)).filter((time) => time > 0.15).sort((a, b) => a - b);
  assert.ok(frames.length >= 12, `${frames.length} frames were drawn while panning`);
  const at = (share) => frames[Math.floor((frames.length - 1) * share)];
  const told = { opened_ms: opened, frames: frames.length, median_ms: at(0.5), p95_ms: at(0.95) };
  assert.ok(told.median_ms <= BUDGET_MS, JSON.stringify(told));
  return told;
}
