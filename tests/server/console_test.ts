import { assert, assertEquals } from "@std/assert";
import { SharedLog } from "../../lib/log/shared_log.ts";
import { Client } from "../client.ts";
import { ListStore, SharedList } from "../log/list_store.ts";
import { until } from "../wait.ts";
import { get, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "text/plain" };
const settings = { PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" };

Deno.test("GET /console/events sends figures as they change", async () => {
  await using app = testApp(settings);
  const own = await app.fetch(get("/sse"));
  const subscriber = await app.fetch(get("/sse?stream=news"));
  await using client = new Client(await app.fetch(get("/console/events", { headers })));
  assertEquals((await client.next())?.event, "hello");
  await app.fetch(get("/sse?stream=news", { method: "POST", headers, body: "x" }));
  await app.fetch(get("/nowhere"));
  const gone = await app.fetch(get("/sse"));
  await gone.body!.cancel();
  const figures = await client.next();
  const { published, delivered, connections, subscribers, latencyP50Ms, ...more } = JSON.parse(
    figures!.data,
  );
  assertEquals([figures!.event, connections, subscribers], ["figures", 2, 1]);
  assert(published > 0.5 && delivered > 0.5 && latencyP50Ms >= 0);
  assert(more.refused["404 path"] > 30 && more.ended.left > 30, JSON.stringify(more));
  assertEquals([more.gaps, more.resets, Object.keys(more.ended), Object.keys(more.refused)], [
    ...[0, 0, ["left"], ["404 path"]],
  ]);
  for (const response of [own, subscriber]) await response.body!.cancel();
});

Deno.test("GET /console/events needs the token, and /sse does not reach its hub", async () => {
  await using app = testApp(settings);
  assertEquals((await app.fetch(get("/console/events"))).status, 401);
  await using outsider = new Client(await app.fetch(get("/sse?stream=figures&stream=15m")));
  await using operator = new Client(await app.fetch(get("/console/events", { headers })));
  assertEquals((await operator.take(2)).map(({ event }) => event), ["hello", "figures"]);
  await app.close();
  assertEquals((await outsider.rest()).map(({ event }) => event), ["hello", "goaway"]);
});

Deno.test("GET /console/events begins with the figures of the past, of the span asked for", async () => {
  await using app = testApp(settings);
  const open = async (query: string) =>
    new Client(await app.fetch(get(`/console/events${query}`, { headers })));
  await using first = await open("");
  const [, figures] = await first.take(2);
  await using second = await open("?span=15m");
  const [, replayed] = await second.take(2);
  assertEquals(replayed, figures);
  await using hour = await open("?span=1h");
  const [hello, coarse] = await hour.take(2);
  assertEquals([hello!.event, coarse!.event], ["hello", "figures"]);
  const wrong = await app.fetch(get("/console/events?span=1d", { headers }));
  assertEquals((await wrong.json()).detail, "The parameter span must be 15m, 1h, 12h");
});

Deno.test("GET /console/instances lists the instances that share a log, and names the one that answers", async () => {
  const shared = new SharedList();
  const start = () =>
    testApp(settings, new Map(), { eventLog: new SharedLog(new ListStore(shared)) });
  await using a = start();
  await using b = start();
  const list = async () => {
    const response = await a.fetch(get("/console/instances", { headers }));
    return (await response.json()).instances as { id: string; isSelf: boolean; version: string }[];
  };
  await until(async () => (await list()).length === 2);
  const rows = await list();
  assertEquals(rows.map(({ id }) => id), [a.hub.id, b.hub.id].sort());
  assertEquals(rows.filter(({ isSelf }) => isSelf).map(({ id }) => id), [a.hub.id]);
  assert(rows.every(({ version }) => /^\d+\.\d+/.test(version)));
  assertEquals((await a.fetch(get("/console/instances"))).status, 401);
});

Deno.test("an instance whose note is older than 15 seconds is listed no more; a wrong note is passed over", async () => {
  const shared = new SharedList();
  const store = new ListStore(shared);
  const note = (id: string) => JSON.stringify({ id, version: "0.1.0", uptimeSeconds: 1 });
  for (const text of [note("young"), "{}", "x", note("old")]) {
    await store.notes.add("instances", text);
  }
  Object.assign(shared.notes.at(-1)!, { timeMs: Date.now() - 15_100 });
  await using app = testApp(settings, new Map(), { eventLog: new SharedLog(store) });
  await app.hub.ready;
  const response = await app.fetch(get("/console/instances", { headers }));
  const { instances } = await response.json();
  assertEquals(instances.map(({ id }: { id: string }) => id).sort(), [app.hub.id, "young"].sort());
});
