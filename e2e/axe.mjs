// Accessibility rules, run on a page that is open.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** What axe finds wrong, as short lines. */
export async function violations(page) {
  await page.evaluate(await import("node:fs/promises").then((fs) => fs.readFile(require.resolve("axe-core/axe.min.js"), "utf8")));
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")} ${node.failureSummary ?? ""}`));
}
