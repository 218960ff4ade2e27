// axe finds nothing, in both languages and themes and on a small screen; the terminal minds input methods and the keyboard.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violations } from "./axe.mjs";
import { open } from "./browser.mjs";
import { setup } from "./setup.mjs";

const at = setup();

const screens = {
  "light, English": {},
  "dark, Chinese": { colorScheme: "dark", locale: "zh-CN" },
  "a small screen, little motion": { viewport: { width: 390, height: 844 }, reducedMotion: "reduce" },
};

for (const [name, options] of Object.entries(screens)) {
  test(`axe: ${name}`, { timeout: 120_000 }, async () => {
    const { page, context, wrong } = await open(at.browser, at.url, options);
    assert.deepEqual(await violations(page), []);
    await page.click("#first-try");
    await page.waitForFunction(() => document.querySelectorAll(".step.done").length >= 3, null, { timeout: 60_000 });
    for (const tab of ["terminal", "objects", "rules", "dns", "traffic", "log", "manifests"]) {
      await page.click(`#tab-${tab}`);
      await page.waitForTimeout(150);
      assert.deepEqual(await violations(page), [], tab);
    }
    for (const what of [".ring:not(.system) .hit", ".pod .hit", ".head .hit"]) {
      await page.locator(what).first().focus();
      await page.keyboard.press("Enter");
      await page.waitForSelector(".inspector dl");
      assert.deepEqual(await violations(page), [], `${what} is chosen`);
    }
    await page.click("#inspector-close");
    await page.click("#share");
    await page.waitForSelector("#share-link");
    await page.waitForTimeout(400); // it fades in
    assert.deepEqual(await violations(page), [], "sharing");
    await page.keyboard.press("Escape");
    await page.emulateMedia({ reducedMotion: "reduce" }); // what fades in has no contrast yet
    await page.locator(".lessons .begin").nth(1).click();
    await page.waitForSelector("#lesson-step");
    await page.waitForFunction(() => !document.querySelector(".catching-up"));
    for (let step = 0; step < 3; step++) {
      await page.click("#lesson-hint");
      await page.locator(".lesson .answer").first().click();
      await page.click("#lesson-show");
      assert.deepEqual(await violations(page), [], `step ${step + 1} of a lesson`);
      await page.click("#lesson-next");
    }
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test("the terminal: composing, history, completion", { timeout: 60_000 }, async () => {
  const { page, context, wrong } = await open(at.browser, at.url);
  const input = page.locator(".prompt input");
  await input.waitFor();
  await input.fill("kubectl get no");
  const enter = (init) => input.evaluate((e, more) => e.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...more })), init);
  await enter({ isComposing: true });
  await enter({ keyCode: 229 });
  assert.equal(await input.inputValue(), "kubectl get no");
  await input.press("Tab");
  assert.equal(await input.inputValue(), "kubectl get nodes ");
  await input.press("Enter");
  await page.waitForFunction(() => document.querySelector(".screen")?.textContent.includes("v1.35"));
  assert.equal(await input.inputValue(), "");
  await input.press("ArrowUp");
  assert.equal((await input.inputValue()).trim(), "kubectl get nodes");
  await input.fill("sleep 1000");
  await input.press("Enter");
  await page.waitForSelector(".prompt.busy");
  await input.press("Control+c");
  await page.waitForFunction(() => !document.querySelector(".prompt.busy"));
  assert.deepEqual(wrong, []);
  await context.close();
});
