/**
 * Runs drivers in Node or Deno, each in a thread of its own: `run_drivers.js '[["undici","http://…"]]'`.
 * Prints a line of JSON for each report.
 *
 * @module
 */

import process from "node:process";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { drivers } from "./drivers.js";

if (isMainThread) {
  for (const [client, url] of JSON.parse(process.argv[2])) {
    const print = (kind, text = "") =>
      process.stdout.write(`${JSON.stringify({ client, kind, text })}\n`);
    new Worker(new URL(import.meta.url), { workerData: [client, url] })
      .on("message", ([kind, text]) => print(kind, text))
      .on("error", (error) => print("thrown", `${error}`));
  }
} else {
  const [client, url] = workerData;
  const report = (kind, text) => parentPort.postMessage([kind, text]);
  // With HTTP/2 where the server speaks it.
  if (url.startsWith("https:") && !globalThis.Deno) {
    const { Agent, setGlobalDispatcher } = await import("undici");
    setGlobalDispatcher(new Agent({ allowH2: true }));
  }
  // Some clients wait with timers that keep no thread alive.
  setInterval(() => {}, 60_000);
  await drivers[client.replace("-control-none", "")](url, report);
}
