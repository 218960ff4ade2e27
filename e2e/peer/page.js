// The work of the profile in another playground: one Deployment behind one Service, scaled from 3 to N. Runs in the browser.
import { BaseImage, Cluster } from "@ngrok/webernetes";

class Server extends BaseImage {
  static imageName = "server";
  static imageVersion = "1.0";
  defaultCommand = ["serve"];
  async exec(ctx) {
    ctx.listenHttp(9376, async () => ({ statusCode: 200, body: "hello\n" }));
    return await ctx.waitUntilKilled();
  }
}

const deployment = (replicas) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "my-app" },
  spec: {
    replicas,
    selector: { matchLabels: { app: "my-app" } },
    template: { metadata: { labels: { app: "my-app" } }, spec: { containers: [{ name: "app", image: "server:1.0" }] } },
  },
});
const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "my-app" },
  spec: { selector: { app: "my-app" }, ports: [{ port: 80, targetPort: 9376 }] },
};

/** Ready endpoints as its API server lists them, without asking it more often than the informer would. */
function readyEndpoints(cluster) {
  const slices = new Map();
  cluster.informer("endpointslices", (type, slice) => {
    if (slice.metadata.labels?.["kubernetes.io/service-name"] !== "my-app") return;
    if (type === "delete") slices.delete(slice.metadata.name);
    else slices.set(slice.metadata.name, slice.endpoints?.filter((endpoint) => endpoint.conditions?.ready).length ?? 0);
  });
  return () => [...slices.values()].reduce((sum, count) => sum + count, 0);
}

async function until(condition, patience) {
  const began = performance.now();
  while (!condition()) {
    if (performance.now() - began > patience) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}

/** Milliseconds from scaling to ready, the long tasks meanwhile, and what came of it. */
window.measure = async (nodes, replicas, patience) => {
  globalThis.fetch = () => Promise.reject(new Error("no network")); // names that it does not know would leave the page
  const long = [];
  const observer = new PerformanceObserver((list) => list.getEntries().forEach((task) => long.push(task.duration)));
  const cluster = new Cluster({ nodes });
  cluster.registerImage(Server);
  await cluster.init();
  const ready = readyEndpoints(cluster);
  await cluster.apply([deployment(3), service]);
  if (!(await until(() => ready() === 3, patience))) return { done: false, ready: ready(), took: 0, long };
  await new Promise((resolve) => setTimeout(resolve, 1000)); // its defect of a scale lost in the same tick is not measured here
  observer.observe({ type: "longtask" });
  const began = performance.now();
  await cluster.apply([deployment(replicas)]);
  const done = await until(() => ready() === replicas, patience);
  const took = performance.now() - began;
  await new Promise((resolve) => setTimeout(resolve, 100)); // the observer reports a task after it has ended
  return { done, ready: ready(), took, long };
};
