import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CutConnection } from "../../lib/wire/ending.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { HubError } from "../../lib/hub/hub_error.ts";
import { Client, subscription } from "../client.ts";
import {
  fill,
  oneStream,
  resume,
  runOneStream,
  runSeveralStreams,
  severalStreams,
} from "../cursors.ts";
import { macrotask } from "../wait.ts";

for (const row of oneStream) {
  Deno.test(`BroadcastHub.subscribe() to one stream with ${row[0]}`, async () => {
    assertEquals(...await runOneStream(row));
  });
}

for (const row of severalStreams) {
  Deno.test(`BroadcastHub.subscribe() to several streams with ${row[0]}`, async () => {
    assertEquals(...await runSeveralStreams(row));
  });
}

/** The data of the event `ended` of a subscription to `a`. */
const ENDED = '{"streams":["a"]}';

Deno.test("BroadcastHub.subscribe() names the streams of a gap and of a reset", async () => {
  await using hub = new BroadcastHub({ historyEvents: 1 });
  const [first] = await fill(hub, 4, "a");
  await using gap = new Client(hub.subscribe(subscription("stream=a", first)));
  const [, event] = await gap.take(2);
  assertEquals([event?.event, event?.data], ["gap", '{"streams":["a"]}']);
  await using reset = new Client(hub.subscribe(subscription("stream=b&stream=a", "other-1")));
  const [other] = await reset.take(2);
  assertEquals([other?.event, other?.data], ["reset", '{"streams":["a","b"]}']);
});

Deno.test("BroadcastHub.subscribe() answers an invalid id with a reset, never a refusal", async () => {
  await using hub = new BroadcastHub();
  const [id] = await fill(hub, 1, "a");
  const epoch = id!.split("-")[0];
  const ids = [
    "abc",
    "5",
    "-",
    `${epoch}`,
    `${epoch}-`,
    `${epoch}-x`,
    `${epoch}-01`,
    `${epoch}--1`,
  ];
  ids.push(`${epoch}-1-1`, `${epoch}-1.5`, `${epoch}-1e0`, `x${epoch}-1`, "x".repeat(5_000));
  for (const lastEventId of ids) {
    await using client = new Client(hub.subscribe(subscription("stream=a", lastEventId)));
    assertEquals((await client.take(2)).map(({ event }) => event), ["reset", "hello"]);
  }
});

Deno.test("BroadcastHub.subscribe() takes the id from the header, else from the query", async () => {
  await using hub = new BroadcastHub();
  const [first, second, third] = await fill(hub, 3, "a");
  const query = `stream=a&lastEventId=${first}`;
  assertEquals(await resume(hub, query), ["hello@1", "a2", "a3", "live"]);
  assertEquals((await resume(hub, query, second))[1], "a3");
  assertEquals((await resume(hub, `${query}&lastEventId=${third}`, ""))[1], "a2");
});

Deno.test("BroadcastHub answers an id of another start with a reset", async () => {
  await using earlier = new BroadcastHub();
  await using later = new BroadcastHub();
  const [id] = await fill(earlier, 3, "a");
  await fill(later, 5, "a");
  assertEquals(await resume(later, "stream=a", id), ["reset", "hello@5", "live"]);
});

Deno.test("BroadcastHub resumes a newcomer that was cut off before its first event", async () => {
  await using hub = new BroadcastHub();
  await fill(hub, 3, "a");
  const cut = new Client(hub.subscribe(subscription("stream=a")));
  const { lastEventId } = (await cut.next())!;
  await cut.leave();
  await hub.publish("a", { data: "missed" });
  assertEquals(await resume(hub, "stream=a", lastEventId), ["hello@3", "missed", "live"]);
});

Deno.test("BroadcastHub resumes a client that was ended as slow, with a gap for the evicted events", async () => {
  await using hub = new BroadcastHub({ historyEvents: 3 });
  const response = hub.subscribe(subscription("stream=a"));
  await fill(hub, 10, "a");
  const seen = await new Client(response).rest();
  assertEquals(seen.map(({ data }) => data).slice(1), ["a1", '{"reason":"slow"}']);
  const again = await resume(hub, "stream=a", seen.at(-1)!.lastEventId);
  assertEquals(again, ["hello@1", "gap@7", "a8", "a9", "a10", "live"]);
});

Deno.test("BroadcastHub sends a resuming client more than a chunk of kept events, in order and once, then live events", async () => {
  await using hub = new BroadcastHub({ historyEvents: Infinity, historyBytes: Infinity });
  const ids = await fill(hub, 5_000, "a", "b", "a");
  const seen = await resume(hub, "stream=a&stream=b", ids[9]);
  const expected = ids.slice(10).map((_, i) => `${(i + 10) % 3 === 1 ? "b" : "a"}${i + 11}`);
  assertEquals(seen, ["hello@10", ...expected, "live"]);
});

Deno.test("BroadcastHub sends a resuming client every event once while publishers publish", async () => {
  await using hub = new BroadcastHub({ historyEvents: Infinity, historyBytes: Infinity });
  const [first] = await fill(hub, 3_000, "a");
  await using client = new Client(hub.subscribe(subscription("stream=a", first)));
  const racing = fill(hub, 3_000, "b", "a");
  await client.next();
  const kept = await client.data(2_999);
  await racing;
  const live = await client.data(1_500);
  assertEquals(kept, Array.from({ length: 2_999 }, (_, i) => `a${i + 2}`));
  assertEquals(live, Array.from({ length: 1_500 }, (_, i) => `a${2 * i + 2}`));
});

Deno.test("BroadcastHub sends a gap to a client whose stream was forgotten", async () => {
  let nowMs = 0;
  await using hub = new BroadcastHub({ historyMs: 1_000, now: () => nowMs });
  const [first] = await fill(hub, 4, "a");
  const { id } = await hub.publish("b", { data: "kept" });
  nowMs = 5_000;
  hub.expire();
  assertEquals(hub.streams(), []);
  assertEquals(await resume(hub, "stream=a", first), ["hello@1", "gap@5", "live"]);
  assertEquals(await resume(hub, "stream=never&stream=a", id), ["hello@5", "live", "live"]);
});

Deno.test("BroadcastHub names all forgotten streams in one gap", async () => {
  await using hub = new BroadcastHub();
  const [first] = await fill(hub, 4, "a", "b");
  hub.removeStream("a");
  hub.removeStream("b");
  await using client = new Client(hub.subscribe(subscription("stream=a&stream=b&stream=c", first)));
  const [, gap] = await client.take(2);
  assertEquals(gap?.data, '{"streams":["a","b","c"]}');
});

Deno.test("BroadcastHub sends no earlier events of an ephemeral stream", async () => {
  await using hub = new BroadcastHub();
  hub.createStream("time", { ephemeral: true });
  const [first] = await fill(hub, 3, "a");
  await hub.publish("time", { data: "12:00" });
  const seen = await resume(hub, "stream=time&stream=a", first);
  assertEquals(seen, ["hello@1", "a2", "a3", "live"]);
  const all = await resume(hub, "stream=time&stream=a&since=earliest");
  assertEquals(all, ["hello@0", "a1", "a2", "a3", "live", "live"]);
});

Deno.test("BroadcastHub sends newcomers replayEvents events of a stream, unless they ask for a number", async () => {
  await using hub = new BroadcastHub({ replayEvents: 1 });
  hub.createStream("b", { replayEvents: Infinity });
  await fill(hub, 6, "a", "b");
  assertEquals(await resume(hub, "stream=b&stream=a"), ["hello@1", "b2", "b4", "a5", "b6", "live"]);
  assertEquals(await resume(hub, "stream=a"), ["hello@5", "live", "live"]);
  assertEquals(await resume(hub, "stream=a&since=0"), ["hello@8", "live"]);
});

Deno.test("BroadcastHub.end() ends subscribers once they have every event", async () => {
  await using hub = new BroadcastHub();
  await using keepsUp = new Client(hub.subscribe(subscription("stream=a")));
  const lagging = hub.subscribe(subscription("stream=a"));
  await using both = new Client(hub.subscribe(subscription("stream=a&stream=b")));
  await fill(hub, 3, "a");
  assertEquals(await hub.end("a"), true);
  assertEquals((await keepsUp.rest()).map(({ data }) => data).slice(1), ["a1", "a2", "a3", ENDED]);
  const late = await new Client(lagging).rest();
  assertEquals(late.map(({ data }) => data).slice(1), ["a1", "a2", "a3", ENDED]);
  await both.take(4);
  hub.publish("b", { data: "goes on" });
  assertEquals(await both.data(1), ["goes on"]);
  hub.end("b");
  assertEquals((await both.rest()).map(({ data }) => data), ['{"streams":["a","b"]}']);
  assertEquals(hub.stats().ended.ended, 3);
});

Deno.test("BroadcastHub counts a gap once, when it sends it", async () => {
  await using hub = new BroadcastHub({ historyEvents: 1 });
  const [first] = await fill(hub, 3, "a");
  hub.end("a");
  const seen = await new Client(hub.subscribe(subscription("stream=a", first))).rest();
  assertEquals(seen.map(({ event }) => event), ["hello", "gap", "message", "ended"]);
  assertEquals(hub.stats().gaps, 1);
});

Deno.test("BroadcastHub.end() gives a 204 to clients that have every event, and the missing events to others", async () => {
  await using hub = new BroadcastHub();
  const ids = await fill(hub, 3, "a");
  hub.end("a");
  const done = hub.subscribe(subscription("stream=a", ids[2]));
  assertEquals([done.status, done.body], [204, null]);
  const rest = await new Client(hub.subscribe(subscription("stream=a", ids[0]))).rest();
  assertEquals(rest.map(({ data }) => data).slice(1), ["a2", "a3", ENDED]);
  const all = await new Client(hub.subscribe(subscription("stream=a&since=earliest"))).rest();
  assertEquals(all.length, 5);
  const lost = await new Client(hub.subscribe(subscription("stream=a", "other-1"))).rest();
  assertEquals(lost.map(({ event }) => event), ["reset", "hello", "ended"]);
  assertEquals(hub.stats().subscribers, 0);
});

Deno.test("BroadcastHub.end() closes a stream to publishers until it is forgotten", async () => {
  let nowMs = 0;
  await using hub = new BroadcastHub({ historyMs: 1_000, now: () => nowMs });
  await fill(hub, 2, "a");
  assertEquals(await hub.end("unknown"), false);
  hub.end("a");
  assertEquals(await hub.end("a"), true);
  for (const attempt of [() => hub.publish("a", { data: "" }), () => hub.createStream("a")]) {
    let error: unknown;
    try {
      attempt();
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof HubError && error.code === "ended");
    assertMatch(error.message, /^Cannot (?:publish to|create) stream "a": it has ended$/);
  }
  nowMs = 1_001;
  hub.expire();
  assertEquals((await hub.publish("a", { data: "a new one" })).stream, "a");
});

Deno.test("BroadcastHub gives each viewer the whole answer once, however often the viewer reconnects", async () => {
  await using hub = new BroadcastHub();
  const everything = { replayEvents: Infinity, historyEvents: Infinity, historyBytes: 1_000_000 };
  hub.createStream("answers/7", everything);
  const words = Array.from({ length: 500 }, (_, i) => `word${i}`);
  const producing = (async () => {
    for (const data of words) {
      await hub.publish("answers/7", { data });
      await macrotask();
    }
    hub.end("answers/7");
  })();
  const reload = async (patience: number) => {
    const seen: string[] = [];
    let lastEventId: string | undefined;
    for (;;) {
      const response = hub.subscribe(subscription("stream=answers/7", lastEventId));
      if (response.status === 204) return seen;
      await using client = new Client(response);
      const events = await client.take(patience);
      seen.push(...events.filter(({ event }) => event === "message").map(({ data }) => data));
      lastEventId = events.at(-1)?.lastEventId ?? lastEventId;
    }
  };
  for (const seen of await Promise.all([reload(7), reload(50), reload(Infinity)])) {
    assertEquals(seen, words);
  }
  await producing;
  assertEquals(await reload(3), words);
});

Deno.test("BroadcastHub.subscribe() ends a subscription whose signal is aborted, and leaves no listener", async () => {
  const abort = new AbortController();
  const listeners = { added: 0, removed: 0 };
  const { signal } = abort;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListener) => {
    listeners.added++;
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listeners.removed++;
    remove(type, listener);
  };
  const reasons: string[] = [];
  await using hub = new BroadcastHub();
  const subscribe = () =>
    hub.subscribe(subscription("stream=a"), {
      signal,
      onEnd: ({ reason }) => reasons.push(reason),
    });
  await subscribe().body!.cancel();
  assertEquals(listeners, { added: 1, removed: 1 });
  const client = new Client(subscribe());
  await client.next();
  abort.abort();
  assertEquals((await client.rest()).map(({ event }) => event), ["goaway"]);
  assertEquals(listeners, { added: 2, removed: 2 });
  assertEquals(reasons, ["left", "closed"]);
});

Deno.test("BroadcastHub.subscribe() with an already aborted signal ends after hello", async () => {
  const reasons: string[] = [];
  await using hub = new BroadcastHub();
  const response = hub.subscribe(subscription("stream=a"), {
    signal: AbortSignal.abort(),
    onEnd: ({ reason }) => reasons.push(reason),
  });
  const events = await new Client(response).rest();
  assertEquals(events.map(({ event }) => event), ["hello", "goaway"]);
  assertEquals([reasons, hub.stats().subscribers], [["closed"], 0]);
});

Deno.test("BroadcastHub.subscribe() ignores a signal that is aborted after the end", async () => {
  const abort = new AbortController();
  await using hub = new BroadcastHub();
  const response = hub.subscribe(subscription("stream=a"), { signal: abort.signal });
  await hub.publish("a", "1");
  await hub.end("a");
  abort.abort();
  const events = await new Client(response).rest();
  assertEquals(events.map(({ event }) => event), ["hello", "message", "ended"]);
  assertEquals(hub.stats().ended.closed, 0);
});

Deno.test("BroadcastHub.subscribe() answers ended, not a 204, to an EventSource without an id", async () => {
  await using hub = new BroadcastHub();
  await fill(hub, 1, "a");
  await hub.end("a");
  const [ended] = await new Client(hub.subscribe(subscription("stream=a"))).rest();
  assertEquals(ended?.event, "ended");
  assertEquals(hub.subscribe(subscription("stream=a", ended?.lastEventId)).status, 204);
});

Deno.test("BroadcastHub.subscribe() answers ended, not a 204, to other clients than EventSource", async () => {
  await using hub = new BroadcastHub();
  await fill(hub, 1, "a");
  await hub.end("a");
  const asks = [
    {},
    { accept: "text/event-stream" },
    { accept: "text/event-stream, */*", "cache-control": "no-cache" },
  ];
  for (const headers of asks) {
    let reason: string | undefined;
    const request = new Request("http://localhost/?stream=a", { headers });
    const response = hub.subscribe(request, { onEnd: (end) => reason = end.reason });
    assertEquals(response.status, 200);
    assertMatch(
      await response.text(),
      /^event: ended\nretry: 60000\ndata: \{"streams":\["a"\]\}\nid: [0-9a-z]+-2\n\n$/,
    );
    assertEquals(reason, "ended");
  }
});

Deno.test("BroadcastHub cuts connections that end with goaway, and closes those that end with ended", async () => {
  await using hub = new BroadcastHub({ ending: "cut" });
  hub.createStream("a");
  hub.createStream("b");
  const subscribe = (query: string) => hub.subscribe(subscription(query)).body!.getReader();
  const [sentAway, ended] = [subscribe("stream=a"), subscribe("stream=b")];
  hub.removeStream("a");
  await hub.end("b");
  for (const reader of [sentAway, ended]) await reader.read();
  const chunks = await Promise.all([sentAway, ended].map((reader) => reader.read()));
  const types = chunks.map(({ value }) => new TextDecoder().decode(value).split("\n")[0]);
  assertEquals(types, ["event: goaway", "event: ended"]);
  await assertRejects(() => sentAway.read(), CutConnection);
  assertEquals((await ended.read()).done, true);
});

Deno.test("BroadcastHub renews a connection after maxConnectionMs if its streams can be resumed", async () => {
  await using hub = new BroadcastHub({ maxConnectionMs: 30, heartbeatMs: 20 });
  hub.createStream("time", { ephemeral: true });
  await using lasting = new Client(hub.subscribe(subscription("stream=a&stream=time")));
  const text = await hub.subscribe(subscription("stream=a")).text();
  assertMatch(text, /event: goaway\nretry: \d{3}\ndata: \{"reason":"renew"\}\n\n$/);
  assertEquals([(await lasting.next())?.event, hub.stats().subscribers], ["hello", 1]);
});
