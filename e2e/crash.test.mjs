// After a crash the panel is plain JavaScript over storage: it keeps the work, and the last input can be left out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./browser.mjs";
import { setup } from "./setup.mjs";

const at = setup();

const inputs = (page) => page.evaluate(() => JSON.parse(localStorage.getItem("tidepool.recording")).inputs.length);
const panic = (page) => page.evaluate(() => dispatchEvent(new CustomEvent("tidepool-panic", { detail: "panicked at a test" })));

test("a crash keeps the work, and the last input can be left out", { timeout: 90_000 }, async () => {
  const { page, context, wrong } = await open(at.browser, at.url);
  await page.click("#first-try");
  await page.waitForFunction(() => document.querySelector(".ring:not(.system)"));
  const before = await inputs(page);
  await panic(page);
  await page.waitForSelector(".crash");
  assert.match(await page.textContent(".crash"), /panicked at a test/);
  await page.locator(".crash .btn.primary").click();
  await page.waitForSelector(".bench");
  await page.waitForFunction(() => !document.querySelector(".catching-up"));
  assert.equal(await page.locator(".crash").count(), 0);
  assert.equal(await page.locator(".ring:not(.system)").count(), 0, "the apply was left out");
  await page.click("#first-try");
  await page.waitForFunction(() => document.querySelector(".ring:not(.system)"));
  assert.equal(await inputs(page), before);
  assert.deepEqual(wrong, []);
  await context.close();
});

test("a start that finds the mark asks before it runs anything", { timeout: 60_000 }, async () => {
  const { page, context, wrong } = await open(at.browser, at.url);
  await page.click("#first-try");
  await page.waitForFunction(() => document.querySelector(".ring:not(.system)"));
  await page.evaluate(() => localStorage.setItem("tidepool.mark", "input"));
  await page.reload();
  await page.waitForSelector(".crash");
  assert.equal(await page.locator(".bench").count(), 0);
  await page.locator(".crash .btn").nth(1).click();
  await page.waitForFunction(() => document.querySelector(".ring:not(.system)"));
  assert.deepEqual(wrong, []);
  await context.close();
});
