import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { compareIds } from "../../lib/wire/ids.ts";
import { openRedisLog, type RedisClient, type RedisLogOptions } from "../../lib/log/redis.ts";
import { Client, subscription } from "../client.ts";
import { lacks } from "../program.ts";
import { Body, ServerProcess } from "../server/support.ts";
import { until } from "../wait.ts";
import { kv, redis } from "./places.ts";
import { RedisServer } from "./redis_server.ts";
import { ResumingClient } from "./resuming_client.ts";

const PUBLISH_TOKEN = "a-token-for-this-test";
const AWAY_MS = 10_000;

/** A hub on a Redis, and the changes that its `onLogChange` was called with. */
async function start(server: RedisServer): Promise<{ hub: BroadcastHub; changes: string[] }> {
  const changes: string[] = [];
  const onLogChange = (isUp: boolean, reason?: unknown) =>
    changes.push(isUp ? "back" : `down: ${reason}`);
  const hub = new BroadcastHub({ log: openRedisLog({ url: server.url }), onLogChange });
  await hub.ready;
  return { hub, changes };
}

Deno.test({
  name: "a hub whose Redis is down for 10 s keeps its subscribers, and loses no acknowledged event",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start(true);
    const { hub, changes } = await start(server);
    await using _ = hub;
    await using client = new ResumingClient((request) => hub.subscribe(request), "stream=x");
    await client.connected();
    const acknowledged: string[] = [];
    let refused = 0;
    let isDone = false;
    const publishing = Array.from({ length: 4 }, async (_, publisher) => {
      for (let i = 0; !isDone; i++) {
        const data = `${publisher}/${i}`;
        // Retries with the same key until the event is acknowledged, as a publisher does.
        for (let isAcknowledged = false; !isAcknowledged && !isDone;) {
          try {
            await hub.publish("x", { id: data, data });
            isAcknowledged = true;
            acknowledged.push(data);
          } catch {
            refused++;
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }
      }
    });
    await client.has(200);
    await server.stop("SIGKILL");
    await until(() => !hub.isLogUp);
    const before = client.data.length;
    await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
    assertEquals([hub.stats().subscribers, hub.isLogUp], [1, false]);
    await server.start();
    await client.has(before + 200);
    isDone = true;
    await Promise.all(publishing);
    await hub.publish("x", { data: "last" });
    await until(() => client.data.at(-1) === "last");
    assertEquals(client.data.length, new Set(client.data).size);
    const seen = new Set(client.data);
    assertEquals(acknowledged.filter((data) => !seen.has(data)), []);
    for (const publisher of [0, 1, 2, 3]) {
      const own = client.data.filter((data) => data.startsWith(`${publisher}/`));
      assertEquals(own, own.map((_, i) => `${publisher}/${i}`));
    }
    assertEquals([client.connections, client.marks], [1, []]);
    assert(refused > 100, `${refused} publishes were refused`);
    // Both connections are lost, possibly for two reasons, and then connecting fails.
    const [last, refusal, ...losses] = changes.toReversed();
    assertEquals([last, new Set(changes).size], ["back", changes.length], changes.join("\n"));
    assertMatch(refusal!, /^down: .*ECONNREFUSED/);
    assert(losses.length === 1 || losses.length === 2, changes.join("\n"));
    const { outages, outageMs, lagEntries } = hub.stats().log!;
    assertEquals([outages, lagEntries], [1, 0]);
    assert(outageMs > AWAY_MS - 100, `${outageMs} ms`);
  },
});

Deno.test({
  name:
    "a hub whose Redis does not answer rejects publishes in time, and goes on when Redis answers",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    const { hub } = await start(server);
    await using _ = hub;
    await using client = new ResumingClient((request) => hub.subscribe(request), "stream=x");
    await client.connected();
    server.signal("SIGSTOP");
    await assertRejects(() => hub.publish("x", { id: "key", data: "1" }), Error, "did not answer");
    assertEquals(hub.isLogUp, false);
    server.signal("SIGCONT");
    await until(() => hub.isLogUp);
    await hub.publish("x", { id: "key", data: "1" });
    await hub.publish("x", { data: "2" });
    await client.has(2);
    assertEquals([client.data, client.connections], [["1", "2"], 1]);
  },
});

Deno.test({
  name: "a hub sends its subscribers a gap if events were trimmed while its Redis was unreachable",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    const { hub } = await start(server);
    await using _ = hub;
    const { id } = await hub.publish("x", { data: "1" });
    await using client = new Client(hub.subscribe(subscription("stream=x&stream=unknown")));
    await client.next();
    await server.command("CLIENT", "KILL", "TYPE", "normal");
    for (const data of ["2", "3", "4"]) {
      const entry = JSON.stringify([Date.now(), ["x", { data }]]);
      await server.command("XADD", "sse-hub", "*", "entry", entry);
    }
    await server.command("XTRIM", "sse-hub", "MAXLEN", 1);
    const [gap, event] = await client.take(2);
    assertEquals([gap?.event, gap?.data], ["gap", '{"streams":["unknown","x"]}']);
    assertEquals(event?.data, "4");
    await using late = new Client(hub.subscribe(subscription("stream=x", id)));
    assertEquals((await late.take(3)).slice(1).map(({ event }) => event), ["gap", "message"]);
  },
});

for (const hasSnapshot of [false, true]) {
  const what = hasSnapshot ? "its newest entries" : "all its data";
  Deno.test({
    name: `after Redis loses ${what}, a client that resumes from an id Redis knew gets a gap`,
    ignore: redis.ignore,
    async fn() {
      await using server = await RedisServer.start();
      const { hub } = await start(server);
      await using _ = hub;
      const ids = [(await hub.publish("x", { data: "1" })).id];
      if (hasSnapshot) await server.command("SAVE");
      for (const data of ["2", "3"]) ids.push((await hub.publish("x", { data })).id);
      await using live = new Client(hub.subscribe(subscription("stream=x")));
      await live.next();
      await server.stop("SIGKILL");
      await until(() => !hub.isLogUp);
      await server.start();
      await until(() => hub.isLogUp);
      const { id } = await hub.publish("x", { data: "4" });
      assert(compareIds(ids.at(-1)!, id) < 0);
      // A client that stayed connected has missed nothing.
      assertEquals((await live.next())?.data, "4");
      const { hub: other } = await start(server);
      await using __ = other;
      for (const lastId of ids) {
        await using here = new Client(hub.subscribe(subscription("stream=x", lastId)));
        await using there = new Client(other.subscribe(subscription("stream=x", lastId)));
        const missed = ["2", "3", "4"].slice(ids.indexOf(lastId));
        assertEquals((await here.data(1 + missed.length)).slice(1), missed);
        // A client that had received all lost events has missed nothing either.
        const marks = lastId === ids.at(-1) ? [] : ["gap"];
        const [, ...seen] = await there.take(2 + marks.length);
        assertEquals(seen.map(({ event }) => event), [...marks, "message"]);
        assertEquals(seen.at(-1)?.data, "4");
      }
      assertEquals(other.stream("x")?.lastId, id);
    },
  });
}

Deno.test({
  name: "openRedisLog() waits for a Redis that is loading, and trims a Redis that is full",
  async fn() {
    const commands: string[] = [];
    const isFull = { now: false };
    const client = fakeRedis((args) => {
      const isTrim = args[1]?.includes('"XTRIM"');
      commands.push(args[0] === "EVAL" && !isTrim ? "EVAL to read" : args[0]!);
      if (commands.length === 1) throw new Error("LOADING Redis is loading the dataset in memory");
      if (isFull.now && isTrim) throw new Error("OOM command not allowed");
      if (args[0] === "XTRIM") isFull.now = false;
      return {
        GET: args[1] === "sse-hub:epoch" ? "epoch" : null,
        EVAL: [null, null],
        XADD: "9-1",
        TIME: ["1", "0"],
        XRANGE: [],
        XREVRANGE: [],
      }[args[0]!];
    });
    const changes: boolean[] = [];
    const onLogChange = (isUp: boolean) => changes.push(isUp);
    const log = openRedisLog({ client, maxEntries: 1 });
    await using hub = new BroadcastHub({ log, onLogChange });
    await hub.ready;
    assertEquals(changes, [false, true]);
    isFull.now = true;
    const opened = commands.length;
    const trims = () => commands.slice(opened).filter((name) => /^(?:EVAL|XTRIM)$/.test(name));
    await until(() => trims().length >= 3);
    assertEquals(trims().slice(0, 3), ["EVAL", "XTRIM", "EVAL"]);
  },
});

/** A client of a Redis that has two entries and otherwise answers as the test says. */
function fakeRedis(answer: (args: readonly string[]) => unknown): RedisClient {
  const entry = (
    i: number,
  ): [string, string[]] => [`${i}-1`, ["entry", `[${i},["x",{"data":"x"}]]`]];
  let isRead = false;
  const client: RedisClient = {
    duplicate: () => client,
    connect: () => Promise.resolve(),
    on: () => client,
    destroy: () => {},
    async sendCommand(args) {
      if (args[0] !== "XREAD" || !args.includes("BLOCK")) return answer(args);
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (isRead) return null;
      isRead = true;
      return [["sse-hub", [entry(1), entry(2), entry(3)]]];
    },
  };
  return client;
}

Deno.test({
  name:
    "a hub that starts before its Redis asks clients to reconnect, and is ready once Redis is up",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    await server.stop();
    const changes: string[] = [];
    const onLogChange = (isUp: boolean) => changes.push(isUp ? "back" : "down");
    await using hub = new BroadcastHub({ log: openRedisLog({ url: server.url }), onLogChange });
    await until(() => changes.length > 0);
    assertMatch(
      await hub.subscribe(subscription("stream=x")).text(),
      /^event: goaway\nretry: \d+\ndata: {"reason":"unavailable"}\n\n$/,
    );
    await assertRejects(() => hub.publish("x", { data: "x" }), Error, "its store is unreachable");
    await server.start();
    await hub.ready;
    await hub.publish("x", { data: "x" });
    assertEquals(changes, ["down", "back"]);
  },
});

Deno.test({
  name:
    "openRedisLog() uses the settings of the application's client, and leaves the client as it was",
  ignore: redis.ignore,
  async fn() {
    await using server = await RedisServer.start();
    const old = "npm:redis@5.9.0";
    const current = "npm:@redis/client@6.3.1";
    const packages = await Promise.all([import(old), import(current)]);
    for (
      const [{ createClient }, RESP] of packages.flatMap((all) => [[all, 2], [all, 3]] as const)
    ) {
      const client: RedisClient & { get: (key: string) => Promise<string>; close: () => unknown } =
        createClient({ url: server.url, RESP });
      client.on("error", () => {});
      await client.connect();
      const hub = new BroadcastHub({ log: openRedisLog({ client, key: `events ${RESP}` }) });
      await hub.ready;
      const { id } = await hub.publish("x", { data: "x" });
      assertEquals(hub.stream("x")?.lastId, id);
      await hub.close();
      assertEquals(await client.get(`{events ${RESP}}:epoch`), id.split("-")[0]!);
      await client.close();
    }
  },
});

Deno.test("openRedisLog() rejects a URL that is not a Redis URL, and keeps the URL out of the error", () => {
  const urls = [
    "localhost:6379",
    "http://localhost",
    "redis://a b",
    "",
    "redis:///0",
    "redis:localhost",
    "redis://localhost:99999",
    "redis://localhost/database",
    "redis://user:pass/word@localhost",
    "redis://user:100%@localhost",
    "redis://u%ser:password@localhost",
  ];
  for (const url of urls) {
    const error = assertThrows(() => openRedisLog({ url }), TypeError, "redis://localhost:6379");
    assert(url.length < 20 || !error.message.includes(url), url);
  }
});

Deno.test("openRedisLog() accepts a URL with a password, an IPv6 host, a database or an address family", () => {
  const urls = [
    "redis://localhost",
    "rediss://localhost/",
    "redis://:p%40ss%25@[::1]:6380/15",
    "redis://user@redis.example:6379/0?family=6",
  ];
  for (const url of urls) assertEquals(openRedisLog({ url }).isUp, false, url);
});

Deno.test("openRedisLog() rejects sentinels without a master, a master without sentinels, and an invalid key", () => {
  const sentinels = ["localhost:26379"];
  const wrong: RedisLogOptions[] = [
    { sentinels },
    { url: "redis://localhost", master: "events" },
    { sentinels: ["localhost:26379", "redis://a b"], master: "events" },
    { sentinels: [], master: "events" },
    { url: "redis://localhost", key: "a}b" },
    { url: "redis://localhost", key: "{}a" },
  ];
  for (const options of wrong) {
    assertThrows(() => openRedisLog(options), TypeError, "Cannot open log: expected ");
  }
  openRedisLog({ sentinels, master: "events", key: "{events}:of" });
});

Deno.test({
  name: "the server answers 503 on a full disk, keeps its subscribers, and prints the reason once",
  ignore: kv.ignore || await lacks("net", "run"),
  async fn() {
    const folder = await Deno.makeTempDir();
    const settings = { PUBLISH_TOKEN, EVENT_LOG: "kv", KV_PATH: `${folder}/hub.sqlite` };
    {
      // No file may exceed 256 kB: a write beyond fails as on a full disk.
      const before = "trap '' XFSZ; ulimit -f 500";
      await using server = new ServerProcess(settings, { before, folder });
      const url = await server.url();
      await using subscriber = new Body(await fetch(new URL("/sse?stream=x", url)));
      await subscriber.until(/hello/);
      const answers: string[] = [];
      for (let i = 0; i < 60; i++) {
        const { status, headers } = await post(url, "x".repeat(20_000));
        answers.push(`${status} ${headers.get("retry-after")}`);
      }
      const full = answers.indexOf("503 5");
      assert(full > 0, `${answers}`);
      assertEquals(new Set(answers.slice(0, full)), new Set(["200 null"]));
      assertEquals(new Set(answers.slice(full)), new Set(["503 5"]));
      const ready = await fetch(new URL("/readyz", url));
      assertEquals([ready.status, await ready.text()], [
        503,
        "the event log's store is unreachable\n",
      ]);
      await subscriber.until(new RegExp(`(data: x{20000}\\n[^]*){${full}}`));
      await using other = new Body(await fetch(new URL("/sse?stream=x&since=1", url)));
      await other.until(/data: x{20000}\n/);
      const unreachable = server.stdout.all.filter((line) =>
        line.includes("event log unreachable")
      );
      assertEquals(unreachable.length, 1, unreachable.join("\n"));
      server.kill("SIGTERM");
      assertEquals(await server.exitCode(), 0);
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "the server exits if it can't open the KV file, and names the file",
  ignore: kv.ignore || await lacks("net", "run"),
  async fn() {
    const KV_PATH = "/proc/none/hub.sqlite";
    await using server = new ServerProcess({ EVENT_LOG: "kv", KV_PATH }, { folder: "/proc" });
    assertEquals(await server.exitCode(), 1);
    const text = server.stderr.all.join("\n");
    assertMatch(text, /^Cannot open the event log at \/proc\/none\/hub.sqlite: /);
    assertEquals(server.stderr.all.length, 1, text);
  },
});

Deno.test({
  name: "the server answers 413 to events that are too large for the log",
  ignore: kv.ignore || await lacks("net", "run"),
  async fn() {
    const folder = await Deno.makeTempDir();
    {
      const settings = { PUBLISH_TOKEN, EVENT_LOG: "kv", KV_PATH: `${folder}/hub.sqlite` };
      await using server = new ServerProcess(settings, { folder });
      const url = await server.url();
      const large = await post(url, "x".repeat(65_000));
      assertEquals(large.status, 413);
      assertMatch(large.text, /The event log cannot keep this as one entry/);
      assertEquals((await post(url, "x".repeat(64_000))).status, 200);
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "two servers with REUSE_PORT and one KV file deliver to each other's subscribers",
  ignore: kv.ignore || await lacks("net", "run"),
  async fn() {
    const folder = await Deno.makeTempDir();
    {
      const settings = { PUBLISH_TOKEN, EVENT_LOG: "kv", KV_PATH: `${folder}/hub.sqlite` };
      await using first = new ServerProcess({ ...settings, REUSE_PORT: "true" }, { folder });
      const url = await first.url();
      const shared = { ...settings, REUSE_PORT: "true", PORT: url.port };
      await using second = new ServerProcess(shared, { folder });
      await second.url();
      await using stack = new AsyncDisposableStack();
      const bodies = await Promise.all(Array.from({ length: 24 }, async () => {
        const response = await fetch(new URL("/sse?stream=x", url), {
          headers: { connection: "close" },
        });
        return stack.use(new Body(response));
      }));
      await Promise.all(bodies.map((body) => body.until(/hello/)));
      for (let i = 0; i < 20; i++) {
        assertEquals((await post(url, `event ${i}`)).status, 200);
      }
      const all = Array.from({ length: 20 }, (_, i) => `data: event ${i}\n`);
      const pattern = new RegExp(all.join("[^]*"));
      for (const body of bodies) await body.until(pattern);
      const connected = [first, second].map(({ stdout }) =>
        stdout.all.filter((line) => line.includes(" connected ")).length
      );
      assertEquals(connected[0]! + connected[1]!, 24);
      assert(Math.min(...connected) > 0, `all connections went to one process: ${connected}`);
    }
    await Deno.remove(folder, { recursive: true });
  },
});

async function post(
  url: URL,
  body: string,
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(new URL("/sse?stream=x", url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${PUBLISH_TOKEN}`,
      "content-type": "text/plain",
      // Each publish over its own connection, so that any process may get the publish.
      connection: "close",
    },
    body,
  });
  const { status, headers } = response;
  return { status, headers, text: await response.text() };
}
