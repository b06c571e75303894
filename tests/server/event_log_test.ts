import { assert, assertEquals, assertMatch } from "@std/assert";
import { MemoryLog } from "../../lib/log/memory.ts";
import { get, testApp } from "./support.ts";

const PUBLISH_TOKEN = "a-token-for-these-tests";
const headers = { authorization: `Bearer ${PUBLISH_TOKEN}`, "content-type": "text/plain" };

/** A log that becomes unreachable on demand; pending appends then fail. */
class FailingLog extends MemoryLog {
  override isUp = true;
  readonly #append = super.append.bind(this);

  override append: MemoryLog["append"] = (...args) =>
    this.isUp ? this.#append(...args) : Promise.reject(new Error("disk full"));

  override end: MemoryLog["end"] = () => Promise.reject(new Error("disk full"));
}

Deno.test("a server whose event log is unreachable answers 503 with Retry-After, and counts it", async () => {
  const eventLog = new FailingLog();
  await using app = testApp({ PUBLISH_TOKEN }, undefined, { eventLog });
  const post = () => app.fetch(get("/sse?stream=x", { method: "POST", headers, body: "x" }));
  assertEquals((await post()).status, 200);
  eventLog.isUp = false;
  const refused = [
    await post(),
    await app.fetch(get("/sse?stream=x", { method: "DELETE", headers })),
  ];
  for (const response of refused) {
    assertEquals([response.status, response.headers.get("retry-after")], [503, "5"]);
    assertMatch((await response.json()).detail, /^The event log is unreachable; /);
  }
  const ready = await app.fetch(get("/readyz"));
  assertEquals([ready.status, await ready.text()], [503, "the event log's store is unreachable\n"]);
  assertEquals((await app.fetch(get("/healthz"))).status, 200);
  const metrics = await (await app.fetch(get("/metrics", { headers }))).text();
  assert(metrics.includes("\nsse_log_up 0\n"));
  assert(metrics.includes('\nsse_publishers_refused_total{reason="log_away"} 2\n'));
  eventLog.isUp = true;
  assertEquals([(await post()).status, (await app.fetch(get("/readyz"))).status], [200, 200]);
});

Deno.test("a server logs a line when its event log is unreachable, and another when it is reachable again", async () => {
  const eventLog = new MemoryLog();
  const open = eventLog.open.bind(eventLog);
  let changed: ((isUp: boolean, reason?: unknown) => void) | undefined;
  eventLog.open = (receiver) => {
    changed = receiver.changed;
    open(receiver);
  };
  await using app = testApp({}, undefined, { eventLog });
  changed!(false, new Error("disk\nfull"));
  changed!(true);
  assertEquals(app.log.all.map((line) => line.slice(line.indexOf(" ") + 1)), [
    'event log unreachable reason="Error: disk\\nfull"',
    "event log reachable again",
  ]);
});
