// Measures the page that was built for release: until it is usable, and while five hundred pods come up behind a Service;
// and the same five hundred in webernetes, the other cluster that runs in a tab. Prints medians of five; asserts nothing.
import { deflateRawSync } from "node:zlib";
import { launch } from "./browser.mjs";
import { servePeer } from "./peer/serve.mjs";
import { serve } from "./server.mjs";

const ROUNDS = 5;
const NODES = 6;
const PODS = 500;
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

/** The same work in webernetes, whose clock is the wall's as well. */
async function measurePeer(browser) {
  const peer = await servePeer();
  const [took, longest, count] = [[], [], []];
  try {
    for (let n = 0; n < ROUNDS; n++) {
      const context = await browser.newContext();
      const page = await context.newPage();
      await page.goto(peer.url);
      const result = await page.evaluate(([nodes, pods]) => window.measure(nodes, pods, 300_000), [NODES, PODS]);
      if (result.done) took.push(result.took);
      else console.log(`webernetes: only ${result.ready} of ${PODS} became ready in 300 s`);
      longest.push(Math.max(0, ...result.long));
      count.push(result.long.length);
      await context.close();
    }
  } finally {
    await peer.stop();
  }
  if (took.length === 0) return;
  console.log(`webernetes 0.3.5, ${NODES} nodes, ${PODS} pods: ready after ${Math.round(median(took))} ms (${took.length} of ${ROUNDS} runs); tasks over 50 ms: ${median(count)}, the longest ${Math.round(median(longest))} ms; its script is ${peer.size} bytes gzip`);
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

  const nodes = Array.from({ length: NODES }, (_, n) => `    - {name: node-${n + 1}, zone: ${n % 2 ? "b" : "a"}}`).join("\n");
  const cluster = `apiVersion: tidepool.dev/v1\nkind: Cluster\nmetadata: {name: profile}\nspec:\n  nodes:\n${nodes}\n`;
  const recording = JSON.stringify({ version: "0.1.0", seed: 7, cluster, inputs: [] });
  const link = `${server.url}#tidepool1.30000000000.0000000000000000.${deflateRawSync(Buffer.from(recording)).toString("base64url")}`;
  const [ready, longest, count, heap] = [[], [], [], []];
  for (let n = 0; n < ROUNDS; n++) {
    const { context, page } = await watched(browser, link);
    await page.waitForFunction((nodes) => document.querySelectorAll(".node").length === nodes && !document.querySelector(".catching-up"), NODES, { timeout: 30_000 });
    await page.click("#dismiss");
    await page.click("#play");
    await page.click("#first-try");
    await page.waitForFunction(() => /\b3 ready/.test(document.querySelector(".ring:not(.system) .hit")?.getAttribute("aria-label") ?? ""), null, { timeout: 60_000 });
    await page.evaluate(() => { window.long.length = 0; });
    const began = Date.now();
    await page.locator(".prompt input").fill(`kubectl scale deployment my-app --replicas=${PODS}`);
    await page.locator(".prompt input").press("Enter");
    await page.waitForFunction((pods) => document.querySelector(".ring:not(.system) .hit")?.getAttribute("aria-label").includes(`${pods} ready`), PODS, { timeout: 120_000 });
    ready.push(Date.now() - began);
    const tasks = await page.evaluate(() => window.long);
    longest.push(Math.max(0, ...tasks));
    count.push(tasks.length);
    heap.push(await page.evaluate(() => performance.memory?.usedJSHeapSize ?? 0));
    await context.close();
  }
  console.log(`${PODS} pods behind one Service: ready after ${median(ready)} ms; tasks over 50 ms: ${median(count)}, the longest ${Math.round(median(longest))} ms`);
  console.log(`JavaScript's heap then: ${Math.round(median(heap) / 1e6)} MB (the world's memory is not in it)`);
  await measurePeer(browser);
} finally {
  await browser.close();
  await server.stop();
}
