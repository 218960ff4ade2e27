// Measures the page that was built for release: until it is usable, and while five hundred pods come up behind a Service.
// Prints medians of five; asserts nothing.
import { deflateRawSync } from "node:zlib";
import { launch } from "./browser.mjs";
import { serve } from "./server.mjs";

const ROUNDS = 5;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** A page that notes when it was usable, and its long tasks. */
async function watched(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.long = [];
    new PerformanceObserver((list) => list.getEntries().forEach((task) => window.long.push(task.duration))).observe({ type: "longtask", buffered: true });
    const timer = setInterval(() => {
      if (document.querySelector(".bench") && !document.querySelector(".catching-up") && document.querySelector(".pod")) {
        window.usable = performance.now();
        clearInterval(timer);
      }
    }, 5);
  });
  await page.goto(url);
  await page.waitForFunction(() => window.usable, null, { timeout: 60_000 });
  return { context, page };
}

const server = await serve();
const browser = await launch();
try {
  const usable = [];
  for (let n = 0; n < ROUNDS; n++) {
    const { context, page } = await watched(browser, server.url);
    usable.push(await page.evaluate(() => window.usable));
    await context.close();
  }
  console.log(`usable after a first visit: ${Math.round(median(usable))} ms`);

  const nodes = Array.from({ length: 6 }, (_, n) => `    - {name: node-${n + 1}, zone: ${n % 2 ? "b" : "a"}}`).join("\n");
  const cluster = `apiVersion: tidepool.dev/v1\nkind: Cluster\nmetadata: {name: profile}\nspec:\n  nodes:\n${nodes}\n`;
  const recording = JSON.stringify({ version: "0.1.0", seed: 7, cluster, inputs: [] });
  const link = `${server.url}#tidepool1.30000000000.0000000000000000.${deflateRawSync(Buffer.from(recording)).toString("base64url")}`;
  const [ready, longest, count, heap] = [[], [], [], []];
  for (let n = 0; n < ROUNDS; n++) {
    const { context, page } = await watched(browser, link);
    await page.waitForFunction(() => document.querySelectorAll(".node").length === 6 && !document.querySelector(".catching-up"), null, { timeout: 30_000 });
    await page.click("#dismiss");
    await page.click("#play");
    await page.click("#first-try");
    await page.waitForFunction(() => /3 ready/.test(document.querySelector(".ring:not(.system) title")?.textContent ?? ""), null, { timeout: 60_000 });
    await page.evaluate(() => { window.long.length = 0; });
    const began = Date.now();
    await page.locator(".prompt input").fill("kubectl scale deployment my-app --replicas=500");
    await page.locator(".prompt input").press("Enter");
    await page.waitForFunction(() => /500 ready/.test(document.querySelector(".ring:not(.system) title")?.textContent ?? ""), null, { timeout: 120_000 });
    ready.push(Date.now() - began);
    const tasks = await page.evaluate(() => window.long);
    longest.push(Math.max(0, ...tasks));
    count.push(tasks.length);
    heap.push(await page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0));
    await context.close();
  }
  console.log(`500 pods behind one Service: ready after ${median(ready)} ms; tasks over 50 ms: ${median(count)}, the longest ${Math.round(median(longest))} ms`);
  console.log(`JavaScript's heap then: ${Math.round(median(heap) / 1e6)} MB (the world's memory is not in it)`);
} finally {
  await browser.close();
  await server.stop();
}
