// A server and a browser for the tests of one file: started before the first test, stopped after the last.
import { after, before } from "node:test";
import { launch } from "./browser.mjs";
import { serve } from "./server.mjs";

/** Registers both; the browser and the address are there once the tests run. */
export function setup() {
  const at = {};
  let server;
  before(async () => {
    server = await serve();
    at.url = server.url;
    at.browser = await launch();
  });
  after(async () => {
    await at.browser?.close();
    await server?.stop();
  });
  return at;
}
