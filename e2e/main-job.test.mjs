// The main job: the article's Service as it was pasted, repaired, applied, called by name, and watched. Every page
// fails on a console error, a violation of the Content-Security-Policy, and a request to another origin.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./browser.mjs";
import { setup } from "./setup.mjs";

const at = setup();

const seen = (page, selector, text) =>
  page.waitForFunction(([s, t]) => [...document.querySelectorAll(s)].some((e) => e.textContent.includes(t)), [selector, text], { timeout: 60_000 });

test("the article's Service: repaired, applied, called by name", { timeout: 180_000 }, async () => {
  const { page, context, wrong } = await open(at.browser, at.url);
  const next = () => page.locator(".step.next button").first().click();
  await next();
  await page.waitForSelector(".problems li.bad");
  await page.locator(".problems .fix").first().click();
  await page.waitForFunction(() => !document.querySelector(".problems li.bad"));
  await next();
  await seen(page, ".ring", "my-service");
  await next();
  await page.waitForFunction(() => document.querySelectorAll(".step.done").length >= 3, null, { timeout: 90_000 });
  // Ready pods are not yet in every node's rules: kube-proxy syncs once a second at most, and refuses until then.
  await page.waitForTimeout(5_000);
  await next();
  await seen(page, ".hop .what", "answers A");
  await seen(page, ".hops mark", "KUBE-SVC");
  await seen(page, ".headline .ending", "200");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("both languages, both themes, and a reload that restores", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await open(at.browser, at.url);
  await page.click("#first-try");
  await seen(page, ".ring", "my-service");
  await page.click("#language");
  await page.waitForFunction(() => document.documentElement.lang === "zh-CN");
  await page.click("#theme");
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  await page.reload();
  await page.waitForSelector(".bench");
  await seen(page, ".ring", "my-service");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-CN");
  assert.deepEqual(wrong, []);
  await context.close();
});
