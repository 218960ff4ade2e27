// Every lesson, from its first step to its last, by clicks alone in one language and by keys alone in the other.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open } from "./browser.mjs";
import { setup } from "./setup.mjs";

const at = setup();

const languages = [
  ["en", (target, options) => target.click(options)],
  ["zh-CN", async (target, options) => {
    await target.focus(options);
    await target.press("Enter", options);
  }],
];

/** Does a step: the first answer of each question, every block, the solution, and waits for its goals. */
async function doStep(page, act) {
  const questions = page.locator(".lesson .question");
  for (let n = 0; n < (await questions.count()); n++) {
    await act(questions.nth(n).locator(".answer").first());
    await questions.nth(n).locator(".because").waitFor();
  }
  const blocks = page.locator(".lesson .run button");
  for (let n = 0; n < (await blocks.count()); n++) {
    await act(blocks.nth(n));
    await page.waitForFunction(() => !document.querySelector(".term-tab.on .busy-dot"), null, { timeout: 60_000 });
  }
  const show = page.locator("#lesson-show");
  // The goal may be met, and the button gone, in the very moment in which it is pressed.
  if (await show.count()) await act(show, { timeout: 2_000 }).catch(() => {});
  await page.waitForFunction(() => !document.querySelector(".goals .step:not(.done)"), null, { timeout: 90_000 });
}

describe("lessons", { concurrency: 2 }, () => {
  for (const [language, act] of languages) {
    test(`every lesson is finished in ${language}`, { timeout: 1_800_000 }, async () => {
      const { page, context, wrong } = await open(at.browser, at.url);
      if (language !== "en") await act(page.locator("#language"));
      await page.waitForSelector(".lessons .begin");
      const count = await page.locator(".lessons .begin").count();
      for (let lesson = 0; lesson < count; lesson++) {
        await act(page.locator(".lessons .begin").nth(lesson));
        await page.waitForSelector(".lesson");
        await page.waitForFunction(() => !document.querySelector(".catching-up"));
        while (await page.locator(".lesson").count()) {
          const title = await page.locator("#lesson-step").textContent();
          await doStep(page, act);
          await act(page.locator("#lesson-next"));
          await page.waitForFunction((t) => document.querySelector("#lesson-step")?.textContent !== t, title);
        }
        assert.equal(await page.locator(".lessons .step.done").count(), lesson + 1);
      }
      assert.deepEqual(wrong, []);
      await context.close();
    });
  }
});

test("each line of the article's program is lit while it is at work, and its lost # comes back", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await open(at.browser, at.url);
  await page.locator(".lessons .begin").nth(2).click();
  await page.waitForSelector("#lesson-step");
  await page.waitForFunction(() => !document.querySelector(".catching-up"));
  await page.locator(".lesson .run button").first().click();
  await page.locator(".problems .fix").first().click();
  await page.waitForFunction(() => !document.querySelector(".problems li.bad"));
  const text = await page.evaluate(() => JSON.parse(localStorage.getItem("tidepool.files")).files.find((file) => file.name === "call.py").text);
  for (const comment of ["# 服务名称", "# DNS解析", "# 连接服务", "# 调用服务", "# 接收响应", "# 关闭连接"]) assert.ok(text.includes(comment), comment);
  await page.locator(".apply, .bar .btn.primary").first().click();
  const seen = [];
  const end = Date.now() + 60_000;
  while (!seen.at(-1)?.includes("close") && Date.now() < end) {
    const lit = await page.evaluate(() => document.querySelector(".editor-host")?.shadowRoot?.querySelector(".cm-lit")?.textContent);
    if (lit && seen.at(-1) !== lit) seen.push(lit);
    await page.waitForTimeout(60);
  }
  assert.deepEqual(seen.map((line) => line.match(/gethostbyname|connect|sendall|close/)?.[0]), ["gethostbyname", "connect", "sendall", "close"]);
  assert.deepEqual(wrong, []);
  await context.close();
});
