import { assert, assertEquals } from "@std/assert";
import { Client } from "../client.ts";
import { get, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "text/plain" };

Deno.test("GET /console/events sends figures, streams and connections as they change", async () => {
  await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" });
  const own = await app.fetch(get("/sse"));
  const subscriber = await app.fetch(get("/sse?stream=news"));
  await using client = new Client(await app.fetch(get("/console/events", { headers })));
  assertEquals((await client.next())?.event, "hello");
  await app.fetch(get("/sse?stream=news", { method: "POST", headers, body: "x" }));
  const [figures, overview] = await client.take(2);
  const { published, delivered, connections, subscribers, latencyP50Ms } = JSON.parse(
    figures!.data,
  );
  assertEquals([figures!.event, connections, subscribers], ["figures", 2, 1]);
  assert(published > 0.5 && delivered > 0.5 && latencyP50Ms >= 0);
  const { streams, connections: rows, more, moreStreams } = JSON.parse(overview!.data);
  assertEquals([overview!.event, more, moreStreams], ["overview", 0, 0]);
  assertEquals(streams.map(({ name }: { name: string }) => name), ["news", "time"]);
  assert(streams[0].rate >= 0 && streams[0].published === 1);
  assertEquals(rows.map((row: { streams: string[] }) => row.streams), [["news"], []]);
  for (const response of [own, subscriber]) await response.body!.cancel();
});

Deno.test("GET /console/events lists 200 streams and 200 connections, and counts the others", async () => {
  await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000", STREAMS: "time,s" });
  for (let i = 0; i < 300; i++) app.hub.createStream(`s/${i}`);
  const open = (query: string) => app.fetch(get(`/sse${query}`));
  const own = await Promise.all(Array.from({ length: 110 }, () => open("")));
  const some = await Promise.all(Array.from({ length: 120 }, () => open("?stream=s")));
  const overview = async () => {
    await using client = new Client(await app.fetch(get("/console/events", { headers })));
    return JSON.parse((await client.take(3)).find(({ event }) => event === "overview")!.data);
  };
  const { streams, connections, more, moreStreams } = await overview();
  assertEquals([streams.length, moreStreams, connections.length, more], [200, 101, 200, 30]);
  const rows = connections.map((row: { streams: string[] }) => row.streams.length);
  assertEquals([rows.indexOf(0), rows.lastIndexOf(1)], [120, 119]);
  for (const response of [...own, ...some]) await response.body!.cancel();
});

Deno.test("GET /console/events needs the token, and /sse does not reach its hub", async () => {
  await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" });
  assertEquals((await app.fetch(get("/console/events"))).status, 401);
  await using outsider = new Client(await app.fetch(get("/sse?stream=figures&stream=overview")));
  await using operator = new Client(await app.fetch(get("/console/events", { headers })));
  assertEquals((await operator.take(3)).map(({ event }) => event), [
    "hello",
    "figures",
    "overview",
  ]);
  await app.close();
  assertEquals((await outsider.rest()).map(({ event }) => event), ["hello", "goaway"]);
});

Deno.test("GET /console/events begins with the figures of the past", async () => {
  await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" });
  const open = async () => new Client(await app.fetch(get("/console/events", { headers })));
  await using first = await open();
  const [, figures] = await first.take(2);
  await using second = await open();
  const [, replayed] = await second.take(2);
  assertEquals(replayed, figures);
});
