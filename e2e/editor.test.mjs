// The editor: what is offered, what is nearly right and how it is put right, help in both languages, files, differences.
import assert from "node:assert/strict";
import { test } from "node:test";
import { violations } from "./axe.mjs";
import { open } from "./browser.mjs";
import { setup } from "./setup.mjs";

const at = setup();

const SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: my-service\nspec:\n  selector:\n    app: MyAp\n  ports:\n  - port: 80\n    targetPort: 9376\n";

/** A page whose editor has arrived and whose cluster has the first example's pods. */
async function started(options) {
  const opened = await open(at.browser, at.url, options);
  await opened.page.click("#first-try");
  await opened.page.waitForFunction(() => document.querySelectorAll(".pod").length >= 3 || document.querySelectorAll(".step.done").length >= 3, null, { timeout: 60_000 });
  await opened.page.waitForSelector(".cm-content");
  return opened;
}

const text = (page) => page.evaluate(() => [...document.querySelector(".editor-host").shadowRoot.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));

async function replace(page, by) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  // Typed over a selection, the browser itself tries to keep the selection's style, which the policy forbids.
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(by);
}

test("kinds, fields and labels are offered, by key alone", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await started();
  const options = page.locator(".cm-tooltip-autocomplete li");
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.keyboard.type("apiVersion: v1\nkind: Ser", { delay: 20 });
  await options.first().waitFor();
  assert.match(await options.first().textContent(), /^Service/);
  assert.deepEqual(await violations(page), []);
  await page.waitForTimeout(150);
  await page.keyboard.press("Enter");
  await page.keyboard.type("\nspec:\n", { delay: 20 });
  await page.keyboard.type("  sele", { delay: 20 });
  await options.first().waitFor();
  await page.waitForTimeout(150);
  await page.keyboard.press("Enter");
  await options.filter({ hasText: "app" }).first().waitFor();
  await page.keyboard.type("app: ", { delay: 20 });
  await options.filter({ hasText: "MyApp" }).first().waitFor();
  await page.waitForTimeout(150);
  await page.keyboard.press("Enter");
  assert.equal(await text(page), "apiVersion: v1\nkind: Service\nspec:\n  selector:\n    app: MyApp");
  assert.deepEqual(wrong, []);
  await context.close();
});

test("a selector that no pod has is put right", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await started();
  await replace(page, SERVICE);
  const problem = page.locator(".problems li").filter({ hasText: "app=MyAp" });
  await problem.waitFor();
  assert.match(await problem.textContent(), /Three pods have app=MyApp/);
  assert.deepEqual(await violations(page), []);
  await problem.locator(".fix").click();
  await page.waitForFunction(() => !document.querySelector(".problems"));
  assert.equal(await text(page), SERVICE.replace("MyAp", "MyApp"));
  assert.deepEqual(wrong, []);
  await context.close();
});

test("help under the pointer and at the cursor, in both languages", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await started();
  await replace(page, SERVICE);
  const help = page.locator(".help").first();
  await page.locator(".cm-line").nth(9).hover({ position: { x: 60, y: 8 } });
  await help.waitFor();
  const english = await help.textContent();
  assert.match(english, /Service\.spec\.ports\.targetPort/);
  await page.mouse.move(700, 300);
  await help.waitFor({ state: "detached" });
  await page.click("#language");
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+End");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("F1");
  await help.waitFor();
  assert.match(await help.textContent(), /Pod 上的端口/);
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
  assert.deepEqual(wrong, []);
  await context.close();
});

test("files: added, renamed, closed, brought back, kept", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await started();
  const files = page.locator(".files .term-tab");
  await page.click("#new-file");
  await page.fill("#file-name", "call.exe");
  assert.ok(await page.locator(".naming button[type=submit]").isDisabled());
  assert.deepEqual(await violations(page), []);
  await page.fill("#file-name", "call.sh");
  await page.press("#file-name", "Enter");
  await files.nth(1).waitFor();
  await replace(page, "echo hello from a file\n");
  await page.click("#apply");
  await page.waitForFunction(() => document.querySelector(".screen")?.textContent.includes("sh call.sh"));
  await page.waitForFunction(() => document.querySelector(".screen")?.textContent.includes("hello from a file"), null, { timeout: 30_000 });
  await files.nth(1).locator("button").first().press("F2");
  await page.fill("#file-name", "hello.sh");
  await page.press("#file-name", "Enter");
  await files.filter({ hasText: "hello.sh" }).waitFor();
  await page.reload();
  await files.filter({ hasText: "hello.sh" }).waitFor();
  await page.waitForSelector(".cm-content");
  assert.match(await text(page), /hello from a file/);
  await files.nth(1).locator(".x").last().click();
  await page.waitForFunction(() => document.querySelectorAll(".files .term-tab").length === 1);
  await page.click("#reopen-file");
  await files.filter({ hasText: "hello.sh" }).waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("what apply would change", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await started({ colorScheme: "dark" });
  await replace(page, SERVICE.replace("app: MyAp", "app: Other"));
  await page.click("#diff");
  await page.locator(".differences del").filter({ hasText: "app: MyApp" }).waitFor();
  await page.locator(".differences ins").filter({ hasText: "app: Other" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.click("#diff");
  await replace(page, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: new\n");
  await page.click("#diff");
  await page.locator(".differences .new").waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("kubectl edit opens its object here, and goes on when it is left", { timeout: 120_000 }, async () => {
  for (const locale of ["en", "zh-CN"]) {
    const { page, context, wrong } = await started({ locale });
    const type = async (line) => {
      await page.locator(".prompt:not(.busy) input").fill(line);
      await page.keyboard.press("Enter");
    };
    await type("kubectl edit service my-service");
    await page.waitForSelector(".waits");
    assert.match(await page.locator(".files .term-tab.on").textContent(), /^kubectl-edit-\d+\.yaml/);
    assert.deepEqual(await violations(page), []);
    await replace(page, SERVICE.replace("MyAp", "MyApp") + "  sessionAffinity: ClientIP\n");
    // By keys: Ctrl-Enter saves and quits.
    await page.keyboard.press("Control+Enter");
    await page.waitForFunction(() => document.querySelector(".screen").textContent.includes("service/my-service edited"));
    assert.equal(await page.locator(".waits").count(), 0);
    await type("kubectl edit service my-service");
    await page.waitForSelector(".waits");
    await page.locator(".manifests .bar button").first().click();
    await page.waitForFunction(() => document.querySelector(".screen").textContent.includes("Edit cancelled, no changes made."));
    assert.match(await page.locator(".files .term-tab.on").textContent(), /^manifests\.yaml/);
    assert.deepEqual(wrong, []);
    await context.close();
  }
});
