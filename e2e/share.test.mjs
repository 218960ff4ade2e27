// A recording shared as a link opens in a fresh profile with the same digest; links that are damaged or hostile do no harm.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { open } from "./browser.mjs";
import { setup } from "./setup.mjs";

const at = setup();

const digest = (text) => text.match(/[0-9a-f]{16}/)?.[0];

test("a shared link replays to the same digest in a fresh profile", { timeout: 180_000 }, async () => {
  const { page, context, wrong } = await open(at.browser, at.url);
  await page.click("#first-try");
  await page.waitForFunction(() => document.querySelectorAll(".step.done").length >= 3, null, { timeout: 90_000 });
  await page.waitForTimeout(4_000);
  await page.locator(".step.next button").first().click();
  await page.waitForFunction(() => document.querySelector(".headline .ending")?.textContent.includes("200"), null, { timeout: 60_000 });
  await page.click("#share");
  const link = await page.locator("#share-link").inputValue();
  assert.ok(link.length < 8_000, `${link.length} characters`);
  await context.close();

  const other = await open(at.browser, link);
  await other.page.waitForFunction(() => /[0-9a-f]{16}/.test(document.querySelector(".notice")?.textContent ?? ""), null, { timeout: 60_000 });
  const notice = await other.page.locator(".notice").textContent();
  assert.match(notice, /same digest/);
  assert.equal(digest(notice), digest(link));
  assert.equal(new URL(other.page.url()).hash, "", "a reload shows what is here, not the link again");
  assert.ok(await other.page.locator(".ring", { hasText: "my-service" }).count());
  assert.deepEqual([...wrong, ...other.wrong], []);
  await other.context.close();
});

test("links that are cut, hostile or from elsewhere say so, and change nothing", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await open(at.browser, at.url);
  await page.click("#first-try");
  await page.waitForFunction(() => document.querySelector(".ring:not(.system)"));
  const url = (bytes) => Buffer.from(bytes).toString("base64url");
  const head = "#tidepool1.30000000000.0123456789abcdef.";
  const cases = [
    [`${head}AAAA${"B".repeat(40)}`, /damaged/],
    [`${head}%%%`, /damaged/],
    ["#tidepool1.30", /damaged/],
    [head + url(deflateRawSync(Buffer.alloc(12 << 20))), /more than is opened/],
    [head + url(deflateRawSync(Buffer.from('{"version":"9","seed":1,"inputs":[{"at":1}]}'))), /no recording/],
    [head + url(deflateRawSync(Buffer.from("<script>alert(1)</script>"))), /no recording/],
  ];
  for (const [fragment, message] of cases) {
    await page.evaluate((hash) => { location.hash = hash; }, fragment);
    await page.waitForSelector(".notice");
    assert.match(await page.locator(".notice").textContent(), message, fragment.slice(0, 60));
    await page.click("#dismiss");
    await page.waitForFunction(() => !document.querySelector(".notice"));
  }
  const sound = '{"version":"0.0.1","seed":3,"inputs":[]}';
  await page.evaluate((hash) => { location.hash = hash; }, head + url(deflateRawSync(Buffer.from(sound))));
  await page.click("#shared-no");
  assert.ok(await page.locator(".ring:not(.system)").count(), "one's own cluster is kept");
  await page.evaluate((hash) => { location.hash = hash; }, head + url(deflateRawSync(Buffer.from(sound))));
  await page.click("#shared-yes");
  await page.waitForFunction(() => /version 0\.0\.1/.test(document.querySelector(".notice")?.textContent ?? ""), null, { timeout: 30_000 });
  assert.deepEqual(wrong, []);
  await context.close();
});
