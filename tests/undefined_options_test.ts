import { assertEquals } from "@std/assert";
import { eventStream, type EventStreamOptions } from "../lib/wire/event_stream.ts";
import { BroadcastHub } from "../lib/hub/hub.ts";
import type { HubOptions, SubscribeOptions } from "../lib/hub/options.ts";
import { encodeEvent, type ServerSentEvent } from "../lib/wire/event.ts";
import type { PipeOptions } from "../lib/hub/pipe.ts";
import type { ReadBackOptions } from "../lib/hub/read_back.ts";
import { type EventParserOptions, EventParserStream } from "../lib/wire/parser.ts";
import { openSqliteLog } from "../lib/log/sqlite.ts";
import { type KvLogOptions, openKvLog, type RetentionOptions } from "../lib/log/kv.ts";
import { openRedisLog, type RedisLogOptions } from "../lib/log/redis.ts";
import type { StreamOptions } from "../lib/hub/stream_options.ts";
import { type AppOptions, createApp, readConfig } from "../lib/server/app.ts";
import { subscribe as follow, type SubscriptionOptions } from "../lib/client/mod.ts";
import { Client, subscription } from "./client.ts";

// An undefined option counts as left out: most people compile without `exactOptionalPropertyTypes`, and
// an object of settings often has undefined options.

/** All options of a function, each `undefined`. The compiler reports a missing option. */
type Undefined<Options> = { readonly [Name in keyof Required<Options>]: undefined };

/** The same options, with the type that the function takes. */
function given<Options>(options: Undefined<Options>): Options {
  return options as unknown as Options;
}

const stream: Undefined<StreamOptions> = {
  ephemeral: undefined,
  slowSubscriber: undefined,
  historyEvents: undefined,
  historyBytes: undefined,
  historyMs: undefined,
  replayEvents: undefined,
};
const { ephemeral: _, ...shared } = stream;
const hub: Undefined<HubOptions> = {
  ...shared,
  retryMs: undefined,
  heartbeatMs: undefined,
  stallMs: undefined,
  maxConnectionMs: undefined,
  ending: undefined,
  historyTotalBytes: undefined,
  maxStreams: undefined,
  maxAudiences: undefined,
  log: undefined,
  now: undefined,
  onSubscribe: undefined,
  onUnsubscribe: undefined,
  onDisconnect: undefined,
  onLogChange: undefined,
  onError: undefined,
};
const subscribe: Undefined<SubscribeOptions> = {
  streams: undefined,
  patterns: undefined,
  control: undefined,
  heartbeat: undefined,
  label: undefined,
  format: undefined,
  event: undefined,
  headers: undefined,
  signal: undefined,
  expiresInMs: undefined,
  onEnd: undefined,
  context: undefined,
  client: undefined,
};
const connection: Undefined<EventStreamOptions> = {
  retryMs: undefined,
  maxWaitingBytes: undefined,
  heartbeatMs: undefined,
  stallMs: undefined,
  ending: undefined,
  headers: undefined,
  signal: undefined,
  expiresInMs: undefined,
  onError: undefined,
  onEnd: undefined,
};
const parser: Undefined<EventParserOptions> = {
  onRetry: undefined,
  onComment: undefined,
  maxEventBytes: undefined,
};
const pipe: Undefined<PipeOptions> = {
  end: undefined,
  abort: undefined,
  maxEventBytes: undefined,
  idleMs: undefined,
  stallMs: undefined,
  signal: undefined,
};
const read: Undefined<ReadBackOptions> = {
  after: undefined,
  since: undefined,
  limit: undefined,
  signal: undefined,
};
const event: Undefined<ServerSentEvent> = {
  data: undefined,
  event: undefined,
  id: undefined,
  retry: undefined,
  comment: undefined,
};

Deno.test("BroadcastHub treats an undefined option as left out", async () => {
  await using plain = new BroadcastHub();
  await using other = new BroadcastHub(given<HubOptions>(hub));
  for (const each of [plain, other]) {
    for (let i = 0; i < 1_001; i++) await each.publish("a", { data: `${i}` });
  }
  // Each hub has ids of its own, and so the bytes differ.
  const own = { bytes: 0, firstId: "", lastId: "" };
  const [expected, found] = [plain, other].map((each) => ({ ...each.stream("a"), ...own }));
  assertEquals(found, expected);
  assertEquals(found?.events, 1_000);
});

Deno.test("BroadcastHub.createStream() treats an undefined option as left out", async () => {
  await using it = new BroadcastHub({ historyEvents: 2, replayEvents: 1 });
  it.createStream("a", { historyEvents: 3 });
  it.createStream("a", given<StreamOptions>(stream));
  for (let i = 0; i < 5; i++) await it.publish("a", { data: `${i}` });
  assertEquals([it.stream("a")?.events, it.stream("a")?.isEphemeral], [3, false]);
});

Deno.test("BroadcastHub.subscribe() treats an undefined option as left out", async () => {
  await using it = new BroadcastHub();
  const response = it.subscribe(subscription("stream=a"), given<SubscribeOptions>(subscribe));
  await using client = new Client(response);
  assertEquals((await client.next())?.data, '{"heartbeatSeconds":15}');
});

Deno.test("BroadcastHub.pipe() and read() treat an undefined option as left out", async () => {
  await using it = new BroadcastHub();
  const source = new Response("data: 1\n\n").body!;
  assertEquals((await it.pipe("a", source, given<PipeOptions>(pipe))).events, 1);
  const { events, reset } = await it.read("a", given<ReadBackOptions>(read));
  assertEquals([events.length, reset, it.stream("a")?.isEnded], [1, false, false]);
});

Deno.test("subscribe() of the client treats an undefined option as left out", async () => {
  const options: Undefined<SubscriptionOptions> = {
    headers: undefined,
    params: undefined,
    method: undefined,
    body: undefined,
    resendBody: undefined,
    credentials: undefined,
    fetch: undefined,
    parse: undefined,
    store: undefined,
    share: undefined,
    lastEventId: undefined,
    hidden: undefined,
    silenceMs: undefined,
    maxMessages: undefined,
    control: undefined,
    signal: undefined,
    onUnheardLoss: undefined,
    page: undefined,
    setStreams: undefined,
    host: undefined,
  };
  await using it = new BroadcastHub();
  const fetch = (url: URL, init: RequestInit) =>
    Promise.resolve(it.subscribe(new Request(url, init)));
  await it.publish("a", "x");
  const events = follow("http://localhost/sse?stream=a&since=1", {
    ...given<SubscriptionOptions>(options),
    fetch,
  });
  assertEquals((await events.next()).value?.data, "x");
  events.close();
});

Deno.test("eventStream() treats an undefined option as left out", async () => {
  async function* source() {
    yield "x";
  }
  const text = await eventStream(source(), given<EventStreamOptions>(connection)).text();
  assertEquals(text, "retry: 2000\ndata: x\n\n");
});

Deno.test("EventParserStream treats an undefined option as left out", async () => {
  const bytes = new Response("retry: 1\n: c\ndata: x\n\n").body!;
  const events = await Array.fromAsync(
    bytes.pipeThrough(new EventParserStream(given<EventParserOptions>(parser))),
  );
  assertEquals(events.map(({ data }) => data), ["x"]);
});

Deno.test("encodeEvent() treats an undefined field as left out", () => {
  const fields = { ...given<ServerSentEvent>(event), data: "x" };
  assertEquals(encodeEvent(fields), "data: x\n\n");
});

Deno.test("BroadcastHub.publish() treats an undefined field as left out", async () => {
  await using it = new BroadcastHub();
  await it.publish("a", { ...given<ServerSentEvent>(event), data: "x" });
  await using client = new Client(it.subscribe(subscription("stream=a&since=earliest")));
  await client.next();
  assertEquals(await client.data(1), ["x"]);
});

Deno.test("every log treats an undefined option as left out", () => {
  const retention: Undefined<RetentionOptions> = {
    maxEntries: undefined,
    maxBytes: undefined,
    maxAgeMs: undefined,
  };
  const kv: Undefined<KvLogOptions> = { ...retention, path: undefined, prefix: undefined };
  const { url: _, ...redis }: Undefined<RedisLogOptions> = {
    ...retention,
    client: undefined,
    url: undefined,
    ca: undefined,
    sentinels: undefined,
    master: undefined,
    key: undefined,
    onWarning: undefined,
  };
  // Elsewhere there is no Deno KV.
  if ("Deno" in globalThis) assertEquals(openKvLog(given<KvLogOptions>(kv)).isUp, false);
  assertEquals(openSqliteLog({ ...given<RetentionOptions>(retention), path: "x" }).isUp, false);
  const options = { ...redis as unknown as RedisLogOptions, url: "redis://localhost" };
  assertEquals(openRedisLog(options).isUp, false);
});

Deno.test("createApp() treats an undefined option as left out", async () => {
  const options: Undefined<AppOptions> = {
    print: undefined,
    pages: undefined,
    processStats: undefined,
    droppedLines: undefined,
    authorize: undefined,
    eventLog: undefined,
  };
  const config = readConfig(() => undefined);
  const app = createApp(config, { ...given<AppOptions>(options), pages: new Map() });
  const response = await app.fetch(new Request("http://localhost/healthz"));
  assertEquals(await response.text(), "ok\n");
  await app.close();
});
