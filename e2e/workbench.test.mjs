// The workbench and the stage together: messages under their lines, what is chosen and its document, sizes, files of the computer.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFile } from "node:fs/promises";
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
  await opened.page.waitForFunction(() => document.querySelectorAll(".step.done").length >= 3, null, { timeout: 60_000 });
  await opened.page.waitForSelector(".cm-content");
  return opened;
}

async function replace(page, by) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(by);
}

const text = (page) => page.evaluate(() => [...document.querySelector(".editor-host").shadowRoot.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));
const drawn = (page, of) => page.locator(`g:has(> [data-select^="${of}"])`);

for (const options of [{ colorScheme: "dark" }, { locale: "zh-CN" }]) {
  test(`a message under its line, by keys alone: ${JSON.stringify(options)}`, { timeout: 120_000 }, async () => {
    const { page, context, wrong } = await started(options);
    await replace(page, SERVICE);
    const message = page.locator(".cm-problem");
    await message.waitFor();
    assert.match(await message.textContent(), /app=MyAp/);
    assert.equal(await message.getAttribute("data-line"), "7");
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("Alt+Enter");
    await page.locator(".cm-fix:focus").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await message.waitFor({ state: "detached" });
    await page.locator(".cm-folded").click();
    await message.waitFor();
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("Alt+Enter");
    await page.locator(".cm-fix:focus").waitFor();
    await page.keyboard.press("Enter");
    await message.waitFor({ state: "detached" });
    assert.equal(await text(page), SERVICE.replace("MyAp", "MyApp"));
    assert.deepEqual(wrong, []);
    await context.close();
  });
}

test("what is chosen marks its document, and the document at the cursor its objects", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await started();
  const marked = page.locator(".cm-marked");
  await page.locator('[data-select^="pod/default/my-app"]').first().click();
  await marked.first().waitFor();
  assert.match(await marked.allTextContents().then((lines) => lines.join("\n")), /kind: Deployment/);
  assert.match(await page.locator(".made-by").textContent(), /manifests\.yaml/);
  await page.locator('[data-select="service/default/my-service"]').focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => [...document.querySelector(".editor-host").shadowRoot.querySelectorAll(".cm-marked")].some((line) => line.textContent === "kind: Service"));
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("data-select")), "service/default/my-service", "the keyboard stays on the stage");
  assert.deepEqual(await violations(page), []);
  await page.click("#inspector-close");
  await marked.first().waitFor({ state: "detached" });
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+Home");
  await page.locator(".at-caret").first().waitFor();
  assert.match(await page.locator(".at-caret").first().getAttribute("class"), /ring|pod/);
  await page.locator(".prompt input").focus();
  await page.locator(".at-caret").first().waitFor({ state: "detached" });
  await page.click("#tab-objects");
  await page.locator(".objects tr").filter({ hasText: /^Servicemy-service/ }).locator("button").click();
  await page.locator(".objects .made-by").click();
  await marked.first().waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("a card for what is under the pointer or has the focus; a hop lights its place", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await started();
  const card = page.locator("#stage-card");
  await page.locator('[data-select^="pod/default/my-app"]').first().hover();
  await card.waitFor();
  assert.match(await card.textContent(), /Pod IP10\.244\..*Nodenode-\d.*Servicemy-service.*EndpointSlicemy-service-/);
  assert.match(await drawn(page, "service/default/my-service").getAttribute("class"), /linked/);
  await page.mouse.move(5, 400);
  await card.waitFor({ state: "detached" });
  await page.locator('[data-select="service/default/my-service"]').focus();
  await card.waitFor();
  assert.equal(await page.locator('[data-select="service/default/my-service"]').getAttribute("aria-describedby"), "stage-card");
  assert.equal(await page.locator(".pod.linked").count(), 3);
  assert.deepEqual(await violations(page), []);
  await page.locator(".prompt input").focus();
  await page.locator(".hop").filter({ hasText: "etcd" }).first().hover();
  await page.locator(".chip.etcd.lit").waitFor();
  assert.deepEqual(wrong, []);
  await context.close();
});

test("sizes: by keys and by pointer, kept, reset, none on a small screen", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await open(at.browser, at.url);
  const now = (id) => page.locator(`#handle-${id}`).getAttribute("aria-valuenow").then(Number);
  const width = (selector) => page.locator(selector).evaluate((element) => Math.round(element.getBoundingClientRect().width));
  const before = await width(".guide");
  await page.locator("#handle-guide").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await width(".guide"), before + 16);
  await page.keyboard.press("Home");
  assert.equal(await width(".guide"), 240);
  await page.locator("#handle-journey").focus();
  await page.keyboard.press("End");
  const box = await page.locator("#handle-bench").boundingBox();
  const usual = await now("bench");
  await page.mouse.move(box.x + 200, box.y + 4);
  await page.mouse.down();
  await page.mouse.move(box.x + 200, box.y - 76, { steps: 4 });
  await page.mouse.up();
  assert.ok(Math.abs((await now("bench")) - usual - 80) < 8);
  assert.equal(await page.evaluate(() => String(getSelection())), "", "nothing was selected by the drag");
  assert.deepEqual(await violations(page), []);
  const kept = await now("bench");
  await page.reload();
  await page.waitForSelector(".bench");
  await page.waitForFunction(() => !document.querySelector(".catching-up"));
  assert.equal(await now("bench"), kept);
  assert.equal(await width(".guide"), 240);
  await page.locator("#handle-bench").dblclick();
  assert.equal(await now("bench"), usual);
  for (const [w, handles] of [[1024, 3], [390, 0]]) {
    await page.setViewportSize({ width: w, height: 800 });
    await page.waitForTimeout(200);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), w, "nothing overflows");
    assert.equal(await page.locator(".handle:visible").count(), handles);
  }
  assert.deepEqual(wrong, []);
  await context.close();
});

test("files of the computer: opened, dropped, refused, saved", { timeout: 120_000 }, async () => {
  const { page, context, wrong } = await started();
  const tabs = page.locator(".files .term-tab");
  const file = (name, buffer) => ({ name, mimeType: "text/plain", buffer });
  const chosen = page.waitForEvent("filechooser");
  await page.click("#open-file");
  await (await chosen).setFiles([
    file("manifests.yaml", Buffer.from("kind: ConfigMap\n")), file("big.yaml", Buffer.alloc((1 << 20) + 1, 97)), file("photo.yaml", Buffer.from([0xff, 0xd8, 0, 1])),
    file("a.exe", Buffer.from("a")),
  ]);
  const notice = page.locator(".notice");
  await notice.filter({ hasText: "a.exe" }).waitFor();
  assert.match(await notice.textContent(), /big\.yaml has more than 1 MiB.*photo\.yaml is not text in UTF-8/);
  assert.deepEqual(await violations(page), []);
  await page.click("#dismiss");
  assert.deepEqual((await tabs.allTextContents()).map((name) => name.replace(/[✎×]/g, "")), ["manifests.yaml", "manifests-2.yaml"]);
  assert.equal(await text(page), "kind: ConfigMap\n");
  await page.locator(".editor-host").evaluate((host) => {
    const data = new DataTransfer();
    data.items.add(new File(["print(1)\n"], "call.py"));
    const onto = host.shadowRoot.querySelector(".cm-content");
    for (const type of ["dragover", "drop"]) onto.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true, composed: true }));
  });
  await tabs.filter({ hasText: "call.py" }).waitFor();
  assert.equal(await text(page), "print(1)\n");
  const download = page.waitForEvent("download");
  await page.click("#save-file");
  const saved = await download;
  assert.equal(saved.suggestedFilename(), "call.py");
  assert.equal(await readFile(await saved.path(), "utf8"), "print(1)\n");
  assert.deepEqual(wrong, []);
  await context.close();
});
