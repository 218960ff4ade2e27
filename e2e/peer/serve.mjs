// Bundles the other playground's page in memory and serves it on a free port of this machine.
import { build } from "esbuild";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** The address of its page, the size of its script (gzip, bytes), and a way to stop. */
export async function servePeer() {
  const entry = fileURLToPath(new URL("page.js", import.meta.url));
  const built = await build({ entryPoints: [entry], bundle: true, minify: true, format: "iife", platform: "browser", write: false, logLevel: "error" });
  const script = built.outputFiles[0].contents;
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html; charset=utf-8" });
    response.end(isScript ? script : '<!doctype html><title>peer</title><link rel="icon" href="data:,"><script src="page.js"></script>');
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, size: gzipSync(script).length, stop: () => new Promise((resolve) => server.close(resolve)) };
}
