import { assert, assertEquals, assertMatch } from "@std/assert";
import type { EventLog } from "../../lib/log/event_log.ts";
import { SharedLog } from "../../lib/log/shared_log.ts";
import { Client } from "../client.ts";
import { ListStore } from "../log/list_store.ts";
import { readManual } from "../manual.ts";
import { lacks } from "../program.ts";
import { soon } from "../wait.ts";
import { ScriptedLog } from "../scripted_log.ts";
import { JwksServer } from "./jwks_server.ts";
import { issuerKey } from "./jwt_support.ts";
import { get, type TestApp, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "text/plain" };
const PROCESS = {
  residentBytes: 1,
  heapBytes: 2,
  cpuSeconds: 3.5,
  startedAtSeconds: 1_750_000_000,
};
const SETTINGS = { PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" };

/** The samples of `/metrics`, by name and labels. */
async function samples(app: TestApp): Promise<Map<string, number>> {
  const text = await (await app.fetch(get("/metrics", { headers }))).text();
  const lines = text.split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(" ");
    return [line.slice(0, space), Number(line.slice(space + 1))];
  }));
}

Deno.test("GET /metrics agrees with the counts of clients", async () => {
  await using app = testApp(SETTINGS);
  const clients = [];
  for (let i = 0; i < 5; i++) clients.push(new Client(await app.fetch(get("/sse?stream=news"))));
  const own = await app.fetch(get("/sse"));
  for (let i = 0; i < 20; i++) {
    await app.fetch(get("/sse?stream=news", { method: "POST", headers, body: `${i}` }));
  }
  let counted = 0;
  for (const client of clients) counted += (await client.take(21)).length - 1;
  const before = await samples(app);
  assertEquals(before.get("sse_events_published_total"), 20);
  assertEquals(before.get("sse_events_delivered_total"), counted);
  assertEquals(before.get('sse_connections{shape="hub"}'), 5);
  assertEquals(before.get('sse_connections{shape="own"}'), 1);
  assertEquals(before.get("sse_flush_events_count"), 20);
  assertEquals(before.get('sse_flush_events_bucket{le="1"}'), 20);
  for (const client of clients) await client.leave();
  await own.body!.cancel();
  const after = await samples(app);
  assertEquals(after.get('sse_connections_ended_total{shape="hub",reason="left"}'), 5);
  assertEquals(after.get('sse_connections_ended_total{shape="own",reason="left"}'), 1);
  assertEquals(after.get('sse_connections_total{shape="hub"}'), 5);
  assertEquals(after.get("sse_subscribers"), 0);
});

Deno.test("GET /metrics counts gaps, resets and refusals", async () => {
  await using app = testApp({
    ...SETTINGS,
    HISTORY_EVENTS: "1",
    MAX_CONNECTIONS: "2",
    PUBLISH_RATE: "1",
  });
  const publish = () => app.fetch(get("/sse?stream=a", { method: "POST", headers, body: "x" }));
  const { id } = await (await publish()).json();
  assertEquals((await publish()).status, 429);
  for (let i = 0; i < 3; i++) await app.hub.publish("a", { data: "x" });
  for (const lastEventId of [id, "other-1"]) {
    const request = get("/sse?stream=a", { headers: { "last-event-id": lastEventId } });
    await using client = new Client(await app.fetch(request));
    await client.take(2);
  }
  const held = [await app.fetch(get("/sse")), await app.fetch(get("/sse"))];
  await (await app.fetch(get("/sse"))).body!.cancel();
  const counted = await samples(app);
  assertEquals([counted.get("sse_gaps_total"), counted.get("sse_resets_total")], [1, 1]);
  assertEquals(counted.get('sse_connections_refused_total{reason="max_connections"}'), 1);
  assertEquals(counted.get('sse_publishers_refused_total{reason="rate"}'), 1);
  for (const response of held) await response.body!.cancel();
});

/** The log's samples in `/metrics`, without histograms and `sse_log_up`. */
async function logSamples(app: TestApp): Promise<Record<string, number>> {
  const all = [...await samples(app)].filter(([name]) => /^sse_log_(?!up|lines)/.test(name));
  return Object.fromEntries(all.filter(([name]) => !name.includes("_bucket")));
}

const LOG_ZEROS = {
  sse_log_entries: 0,
  sse_log_oldest_entry_age_seconds: 0,
  sse_log_lag_entries: 0,
  sse_log_lag_seconds: 0,
  sse_log_outages_total: 0,
  sse_log_outage_seconds_total: 0,
  sse_log_append_seconds_sum: 0,
  sse_log_append_seconds_count: 0,
  sse_log_check_seconds_sum: 0,
  sse_log_check_seconds_count: 0,
};

Deno.test("GET /metrics has the figures of a shared log, zeros at first", async () => {
  const store = new ListStore();
  await using app = testApp(SETTINGS, new Map(), { eventLog: new SharedLog(store) });
  await app.hub.ready;
  assertEquals(await logSamples(app), LOG_ZEROS);
  for (const data of ["1", "2"]) await app.hub.publish("a", { data });
  store.cut();
  await soon(
    (async () => {
      while (app.hub.isLogUp) await new Promise((resolve) => setTimeout(resolve, 5));
    })(),
    () => "an outage",
  );
  for (const reason of ["one reason", "another"]) store.fail(new Error(reason));
  const figures = await logSamples(app);
  assertEquals([figures.sse_log_entries, figures.sse_log_outages_total], [2, 1]);
  assertEquals(figures.sse_log_append_seconds_count, 2);
  assertEquals((await samples(app)).get("sse_log_up"), 0);
  assertEquals(app.log.all.filter((line) => line.includes("event log unreachable")).length, 3);
});

Deno.test("GET /metrics writes the figures of a log in seconds", async () => {
  const eventLog: EventLog = new ScriptedLog();
  const appendMs = { bounds: [1, 2_500], counts: [3, 2, 1], sum: 12_500 };
  const checkMs = { bounds: [1], counts: [1, 0], sum: 0.5 };
  eventLog.stats = () => ({
    entries: 7,
    oldestAgeMs: 60_500,
    lagEntries: 4,
    lagMs: 1_250,
    outages: 2,
    outageMs: 30_000,
    appendMs,
    checkMs,
  });
  await using app = testApp(SETTINGS, new Map(), { eventLog });
  assertEquals(await logSamples(app), {
    sse_log_entries: 7,
    sse_log_oldest_entry_age_seconds: 60.5,
    sse_log_lag_entries: 4,
    sse_log_lag_seconds: 1.25,
    sse_log_outages_total: 2,
    sse_log_outage_seconds_total: 30,
    sse_log_append_seconds_sum: 12.5,
    sse_log_append_seconds_count: 6,
    sse_log_check_seconds_sum: 0.0005,
    sse_log_check_seconds_count: 1,
  });
  assertEquals((await samples(app)).get('sse_log_append_seconds_bucket{le="2.5"}'), 5);
});

Deno.test("GET /metrics leaves out the figures of a log without stats()", async () => {
  for (const eventLog of [undefined, new ScriptedLog()]) {
    await using app = testApp(SETTINGS, new Map(), eventLog && { eventLog });
    assertEquals([await logSamples(app), app.hub.stats().log], [{}, undefined]);
    assertEquals((await samples(app)).get("sse_log_up"), 1);
  }
});

Deno.test({
  name: "the manual lists exactly the metrics of the server, with their types",
  ignore: await lacks("read", "net"),
  async fn() {
    const eventLog = new SharedLog(new ListStore());
    await using jwks = new JwksServer([(await issuerKey("ES256")).jwk]);
    const settings = { ...SETTINGS, JWKS_URL: jwks.url };
    await using app = testApp(settings, new Map(), { eventLog, processStats: () => PROCESS });
    await app.log.line("JWT keys changed");
    const text = await (await app.fetch(get("/metrics", { headers }))).text();
    const manual = await readManual();
    const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
    const lines = [...manual.matchAll(/^\| `((?:sse|process)_\w+)` +\| (\w+) +\|/gm)];
    const pairs = (matches: RegExpExecArray[]) => matches.map(([, ...pair]) => pair.join(" "));
    assertEquals(pairs(lines), pairs(types));
  },
});

Deno.test("GET /metrics is well-formed, and has no label that a client chose", async () => {
  const eventLog = new SharedLog(new ListStore());
  await using app = testApp(SETTINGS, new Map(), { eventLog });
  await app.hub.ready;
  await app.hub.publish("a-name-of-a-stranger", { data: "x" });
  const response = await app.fetch(get("/metrics", { headers }));
  assertEquals(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const text = await response.text();
  for (const line of text.trimEnd().split("\n")) {
    assertMatch(
      line,
      /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? [0-9.e+-]+)$/,
    );
  }
  assert(!text.includes("stranger"));
  assertEquals(text.includes("process_resident_memory_bytes"), false);
});

Deno.test("GET /metrics counts log lines that could not be printed", async () => {
  await using app = testApp(SETTINGS, new Map(), { droppedLines: () => 7 });
  assertEquals((await samples(app)).get("sse_log_lines_dropped_total"), 7);
});

Deno.test("GET /metrics needs the token", async () => {
  await using app = testApp(SETTINGS);
  assertEquals((await app.fetch(get("/metrics"))).status, 401);
});
