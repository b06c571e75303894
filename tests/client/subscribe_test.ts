import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { SubscriptionOptions } from "../../lib/client/options.ts";
import {
  json,
  type State,
  subscribe,
  type Subscription,
  type TextEvents,
} from "../../lib/client/mod.ts";
import { hello, ScriptedServer } from "./scripted_server.ts";
import { ScriptedHost, settled } from "./scripted_host.ts";

const URL_OF_NEWS = "http://hub.example/sse?stream=news";

/** A subscription whose server, clock and page the test moves, and what has come of it. */
class Script implements Disposable {
  readonly host = new ScriptedHost();
  readonly server = new ScriptedServer();
  readonly events: Subscription<TextEvents>;
  readonly states: State[] = [];
  readonly data: string[] = [];

  private constructor(options: SubscriptionOptions) {
    const { host, server } = this;
    const { fetch } = server;
    this.events = subscribe(URL_OF_NEWS, { host, fetch, page: host.page, ...options });
    this.events.addEventListener("statechange", () => this.states.push(this.events.state));
    for (const type of ["message", "gap", "reset"]) {
      this.events.addEventListener(
        type,
        (event) => this.data.push(type === "message" ? (event as MessageEvent).data : type),
      );
    }
  }

  /** Begins, up to the first request. */
  static async begin(options: SubscriptionOptions = {}): Promise<Script> {
    const script = new Script(options);
    await settled();
    return script;
  }

  /** Begins, up to the first `hello` and these events. */
  static async open(text = hello("e-1"), options: SubscriptionOptions = {}): Promise<Script> {
    const script = await Script.begin(options);
    await script.server.last.open(text);
    return script;
  }

  /** Why it waits, and for how long. */
  get waits(): [string, number] | string {
    const { state } = this.events;
    return state.name === "waiting"
      ? [state.why.reason, state.until - this.host.now()]
      : state.name;
  }

  [Symbol.dispose](): void {
    this.events.close();
  }
}

Deno.test("subscribe() asks for an event stream, and is open once it is answered", async () => {
  using script = await Script.begin();
  const { last } = script.server;
  assertEquals(last.url.href, URL_OF_NEWS);
  assertEquals(last.header("accept"), "text/event-stream");
  assertEquals([last.init.method, last.init.cache], ["GET", "no-store"]);
  assertEquals(script.waits, "connecting");
  await last.open();
  assertEquals(script.waits, "open");
});

Deno.test("subscribe() connects only once somebody listens to events", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const events = subscribe(URL_OF_NEWS, { host, fetch: server.fetch });
  events.addEventListener("statechange", () => {});
  await settled();
  assertEquals(server.calls.length, 0);
  events.addEventListener("price", () => {});
  await settled();
  assertEquals(server.calls.length, 1);
  events.close();
});

Deno.test("a loop gets events of every type, and leaving the loop closes the subscription", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const events = subscribe(URL_OF_NEWS, { host, fetch: server.fetch });
  const loop = (async () => {
    const got = [];
    for await (const event of events) if (got.push(event) === 2) break;
    return got;
  })();
  await settled();
  await server.last.open(`${hello("e-1")}data: a\nid: e-2\n\nevent: price\ndata: b\n\n`);
  assertEquals(await loop, [
    { event: "message", data: "a", lastEventId: "e-2" },
    { event: "price", data: "b", lastEventId: "e-2" },
  ]);
  assertEquals(events.state, { name: "closed" });
  assert(server.last.isGone);
  assertEquals(host.timers, 0);
});

Deno.test("a listener gets the events of its type as a MessageEvent", async () => {
  using script = await Script.begin();
  const got: unknown[] = [];
  script.events.addEventListener("price", (event) => {
    assert(event instanceof MessageEvent);
    got.push([event.type, event.data, event.lastEventId]);
  });
  await script.server.last.open("data: no\n\nevent: price\ndata: 1.08\nid: 7\n\n");
  assertEquals(got, [["price", "1.08", "7"]]);
});

Deno.test("a cut that had progress leads to an attempt within half a second, with the last id", async () => {
  using script = await Script.open(`${hello("e-1")}data: a\nid: e-2\n\n`);
  script.host.chance = 0.5;
  await script.server.last.fail();
  assertEquals(script.waits, ["broken", 250]);
  await script.host.pass(250);
  assertEquals(script.server.calls.length, 2);
  assertEquals(script.server.last.header("last-event-id"), "e-2");
});

Deno.test("attempts without progress wait up to the server's retry, then up to the time it is down, and 30 s", async () => {
  using script = await Script.open(`${hello("e-1")}data: a\nid: e-2\n\n`);
  script.host.chance = 0.999999;
  const waits = [];
  for (let attempt = 0; attempt < 8; attempt++) {
    await script.server.last.fail();
    const [, ms] = script.waits as [string, number];
    waits.push(Math.round(ms));
    await script.host.pass(ms + 1);
  }
  // No wait is longer than the outage until then: 500 ms, 2 502, 5 005 …
  assertEquals(waits, [500, 2_000, 2_502, 5_005, 10_011, 20_023, 30_000, 30_000]);
});

Deno.test("a hello alone is no progress, and ten seconds of a living connection are", async () => {
  using script = await Script.open(hello("e-1", 60));
  script.host.chance = 0.999999;
  await script.server.last.fail();
  assertEquals(Math.round(script.waits[1] as number), 2_000);
  await script.host.pass(2_000);
  await script.server.last.open(hello("e-1", 60));
  await script.host.pass(10_000);
  await script.server.last.send(":\n");
  await script.server.last.fail();
  assertEquals(Math.round(script.waits[1] as number), 500);
});

Deno.test("a response that ends without a word is asked for again after the server's retry", async () => {
  using script = await Script.open("retry: 700\ndata: a\nid: 1\n\n");
  await script.server.last.end();
  assertEquals(script.waits, ["closed", 700]);
});

Deno.test("goaway ends the connection at once, and its retry is the least wait", async () => {
  using script = await Script.open(`${hello("e-1")}data: a\nid: e-2\n\n`);
  script.host.chance = 0.5;
  await script.server.last.send('event: goaway\nretry: 7000\ndata: {"reason":"draining"}\n\n');
  assert(script.server.last.isGone);
  assertEquals(script.waits, ["goaway", 7_250]);
  assertEquals(script.states.at(-1), {
    name: "waiting",
    until: script.host.now() + 7_250,
    why: { reason: "goaway", detail: "draining" },
  });
});

for (const status of [408, 425, 429, 500, 503]) {
  Deno.test(`a ${status} is tried again, after Retry-After at least`, async () => {
    using script = await Script.begin();
    await script.server.last.answer(status, { detail: "Full" }, { "retry-after": "9" });
    assertEquals(script.waits, ["refused", 9_000]);
    await script.host.pass(9_000);
    assertEquals(script.server.calls.length, 2);
  });
}

for (const status of [400, 403, 404, 409]) {
  Deno.test(`a ${status} ends the subscription with its problem details`, async () => {
    using script = await Script.begin();
    await script.server.last.answer(status, { title: "No", detail: "Not for you" });
    const { state } = script.events;
    assert(state.name === "failed");
    assertEquals(state.error.message, "Cannot subscribe: Not for you");
    assertEquals([state.error.status, state.error.problem?.title], [status, "No"]);
    await assertRejects(() => script.events.next(), Error, "Not for you");
    assertEquals(await script.events.next(), { done: true, value: undefined });
    assertEquals(script.host.timers, 0);
  });
}

Deno.test("a page in place of the events ends a first attempt, and no later one", async () => {
  using first = await Script.begin();
  await first.server.last.answer(200, "<html>", { "content-type": "text/html" });
  assertEquals(first.waits, "failed");
  using later = await Script.open(`${hello("e-1")}data: a\nid: e-2\n\n`);
  await later.server.last.fail();
  await later.host.pass(500);
  await later.server.last.answer(200, "<html>", { "content-type": "text/html" });
  assertEquals(later.waits[0], "refused");
});

for (
  const [what, respond] of [
    ["a 204", (script: Script) => script.server.last.answer(204)],
    ["ended", (script: Script) =>
      script.server.last.open(
        'event: ended\nretry: 60000\ndata: {"streams":["news"]}\nid: e-3\n\n',
      )],
  ] as const
) {
  Deno.test(`${what} ends the loop, after what came before`, async () => {
    using script = await Script.begin();
    const loop = Array.fromAsync(script.events);
    await respond(script);
    assertEquals(script.events.state, { name: "ended" });
    assertEquals(await loop, []);
    await script.host.pass(120_000);
    assertEquals(script.server.calls.length, 1);
  });
}

Deno.test("an application's own event named ended does not end the subscription", async () => {
  using script = await Script.open(
    'event: ended\ndata: {"winner":5}\n\nevent: gap\ndata: x\n\ndata: a\n\n',
  );
  assertEquals(script.waits, "open");
  assertEquals(script.data, ["gap", "a"]);
});

Deno.test("headers and params are functions of each attempt, and are told of the last id", async () => {
  const asked: unknown[] = [];
  using script = await Script.begin({
    headers: (attempt) => {
      asked.push(attempt);
      return Promise.resolve({ authorization: `Bearer ${asked.length}` });
    },
    params: () => ({ label: "stream" }),
  });
  await script.server.last.open(`${hello("e-1")}data: a\nid: e-2\n\n`);
  await script.server.last.fail();
  await script.host.pass(500);
  assertEquals(script.server.calls.map((call) => call.header("authorization")), [
    "Bearer 1",
    "Bearer 2",
  ]);
  assertEquals(script.server.last.url.search, "?stream=news&label=stream");
  assertEquals(asked, [{ refresh: false, lastEventId: "" }, {
    refresh: false,
    lastEventId: "e-2",
  }]);
});

Deno.test("headers that can't be had are tried again", async () => {
  let count = 0;
  using script = await Script.begin({
    headers: () => ++count === 1 ? Promise.reject(new Error("offline")) : {},
  });
  assertEquals(script.waits[0], "unreachable");
  await script.host.pass(2_000);
  assertEquals([count, script.server.calls.length], [2, 1]);
});

Deno.test("a 401 has the headers made anew, once", async () => {
  const asked: boolean[] = [];
  using script = await Script.begin({
    headers: ({ refresh }) => {
      asked.push(refresh);
      return {};
    },
  });
  await script.server.last.answer(401);
  await script.server.last.answer(401, { detail: "Bad token" });
  assertEquals(asked, [false, true]);
  assertEquals(script.waits, "failed");
});

Deno.test("a 401 is final where no option is a function", async () => {
  using script = await Script.begin({ headers: { authorization: "Bearer x" }, page: () => {} });
  await script.server.last.answer(401);
  assertEquals([script.waits, script.server.calls.length], ["failed", 1]);
});

Deno.test("expired has the headers made anew, and a 401 afterwards is final", async () => {
  const asked: boolean[] = [];
  using script = await Script.begin({ headers: ({ refresh }) => (asked.push(refresh), {}) });
  await script.server.last.open(`${hello("e-1")}data: a\nid: e-2\n\nevent: expired\ndata: {}\n\n`);
  assertEquals(script.waits[0], "expired");
  await script.host.pass(500);
  assertEquals(asked, [false, true]);
  await script.server.last.answer(401);
  assertEquals(script.waits, "failed");
});

Deno.test("silence for two and a half heartbeats is a cut", async () => {
  using script = await Script.open(hello("e-1", 4));
  script.host.chance = 0.5;
  await script.host.pass(9_999);
  assertEquals(script.waits, "open");
  await script.host.pass(1);
  assertEquals(script.waits[0], "silent");
  assert(script.server.last.isGone);
});

Deno.test("a comment is a sign of life", async () => {
  using script = await Script.open(hello("e-1", 4));
  for (let beat = 0; beat < 5; beat++) {
    await script.host.pass(9_000);
    await script.server.last.send(":\n");
  }
  assertEquals(script.waits, "open");
});

for (
  const [what, options, ms] of [
    ["45 seconds where the server tells of no heartbeats", {}, 45_000],
    ["silenceMs", { silenceMs: 5_000 }, 5_000],
  ] as const
) {
  Deno.test(`silence is a cut after ${what}`, async () => {
    using script = await Script.open("data: a\n\n", options);
    script.host.chance = 0.5;
    await script.host.pass(ms - 1);
    assertEquals(script.waits, "open");
    await script.host.pass(1);
    assertEquals(script.waits[0], "silent");
  });
}

Deno.test("a server without heartbeats, by its hello, may be silent for ever", async () => {
  using script = await Script.open(hello("e-1", 0));
  await script.host.pass(300_000);
  assertEquals([script.waits, script.server.calls.length], ["open", 1]);
});

Deno.test("a server that does not answer within ten seconds is given up", async () => {
  using script = await Script.begin();
  script.host.chance = 0.5;
  await script.host.pass(9_999);
  assertEquals(script.waits, "connecting");
  await script.host.pass(1);
  assertEquals(script.waits[0], "silent");
});

Deno.test("a machine that slept connects anew within a second of waking", async () => {
  using script = await Script.open(hello("e-1"));
  await script.host.pass(3_300);
  script.host.sleep(60_000);
  await script.host.pass(1_000);
  assertEquals([script.waits, script.server.calls.length], ["connecting", 2]);
});

Deno.test("a machine that slept while the client waited tries at once", async () => {
  using script = await Script.begin();
  await script.server.last.answer(503, undefined, { "retry-after": "300" });
  script.host.sleep(60_000);
  await script.host.pass(1_000);
  assertEquals(script.server.calls.length, 2);
});

Deno.test("late timers of a hidden page are no sleep while its bytes come", async () => {
  using script = await Script.open(hello("e-1"));
  script.host.hidden = true;
  script.host.sleep(14_000); // the browser runs its timers once a minute
  await script.host.pass(1_000);
  assertEquals([script.waits, script.server.calls.length], ["open", 1]);
});

Deno.test("a clock that is set back is as good as a sleep", async () => {
  using script = await Script.open(hello("e-1"));
  script.host.sleep(-3_600_000);
  await script.host.pass(1_000);
  assertEquals(script.server.calls.length, 2);
});

Deno.test("online connects at once: from waiting, and in place of an open connection", async () => {
  using script = await Script.begin();
  await script.server.last.answer(503, undefined, { "retry-after": "300" });
  await script.host.fire("offline");
  assertEquals([script.events.isOffline, script.waits[0]], [true, "refused"]);
  await script.host.fire("online");
  assertEquals([script.events.isOffline, script.server.calls.length], [false, 2]);
  await script.server.last.open(hello("e-1"));
  await script.host.fire("online");
  assertEquals(script.server.calls.length, 2); // it is of the new network already
  await script.host.pass(1_001);
  await script.host.fire("online");
  assertEquals(script.server.calls.length, 3);
  assert(script.server.calls[1]!.isGone);
});

Deno.test("a page shown again connects anew if nothing came for longer than a heartbeat", async () => {
  using script = await Script.open(hello("e-1"));
  await script.host.turn(true);
  await script.host.pass(15_000);
  await script.host.turn(false);
  assertEquals(script.server.calls.length, 1);
  await script.host.turn(true);
  await script.host.pass(1);
  await script.host.turn(false);
  assertEquals(script.server.calls.length, 2);
});

Deno.test("a page has no connection in the back/forward cache, and one as soon as it is back", async () => {
  using script = await Script.open(`${hello("e-1")}data: a\nid: e-2\n\n`);
  await script.host.fire("pagehide", { persisted: true });
  assert(script.server.last.isGone);
  assertEquals(script.waits, ["hidden", Infinity]);
  await script.host.pass(600_000);
  assertEquals(script.server.calls.length, 1);
  await script.host.fire("pageshow", { persisted: true });
  assertEquals(script.server.calls.length, 2);
  assertEquals(script.server.last.header("last-event-id"), "e-2");
});

Deno.test('hidden: "pause" closes the connection of a hidden page, and of one that begins hidden', async () => {
  using script = await Script.open(hello("e-1"), { hidden: "pause" });
  await script.host.turn(true);
  assert(script.server.last.isGone);
  await script.host.turn(false);
  assertEquals(script.server.calls.length, 2);
  const host = new ScriptedHost();
  host.hidden = true;
  const server = new ScriptedServer();
  const events = subscribe(URL_OF_NEWS, {
    host,
    page: host.page,
    hidden: "pause",
    fetch: server.fetch,
  });
  events.addEventListener("message", () => {});
  await settled();
  assertEquals(server.calls.length, 0);
  await host.turn(false);
  assertEquals(server.calls.length, 1);
  events.close();
});

Deno.test('hidden: "pause" connects for nothing while the page is hidden: not for online or streams', async () => {
  using script = await Script.open(hello("e-1"), { hidden: "pause" });
  await script.host.turn(true);
  await script.host.fire("offline");
  await script.host.fire("online");
  await script.events.setStreams(["other"]);
  await settled();
  assertEquals([script.server.calls.length, script.waits], [1, ["hidden", Infinity]]);
  await script.host.turn(false);
  assertEquals(script.server.calls.length, 2);
  assertEquals(script.server.last.url.search, "?stream=other");
});

Deno.test("gap and reset arrive in order, in the loop and as events, with their streams", async () => {
  const text = 'event: reset\ndata: {"streams":["news"]}\n\n' + hello("f-1") +
    'data: a\nid: f-2\n\nevent: gap\ndata: {"streams":["news"]}\nid: f-5\n\ndata: b\nid: f-6\n\n';
  using script = await Script.begin();
  const loop = script.events[Symbol.asyncIterator]();
  let streams: unknown;
  script.events.addEventListener("gap", (event) => streams = event.streams);
  await script.server.last.open(text);
  const got = [];
  for (let i = 0; i < 4; i++) got.push((await loop.next()).value);
  assertEquals(got.map((it) => it?.event), ["reset", "message", "gap", "message"]);
  assertEquals(got[2]?.streams, ["news"]);
  assertEquals(streams, ["news"]);
  assertEquals(script.data, ["reset", "a", "gap", "b"]);
});

Deno.test("a gap that nobody hears is one warning on the console", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const events = subscribe(URL_OF_NEWS, { host, fetch: server.fetch });
  events.addEventListener("message", () => {});
  await settled();
  const warned: string[] = [];
  const { warn } = console;
  // deno-lint-ignore no-console -- what is printed is tested
  console.warn = (text: string) => warned.push(text);
  const gap = 'event: gap\ndata: {"streams":["news"]}\nid: e-5\n\n';
  await server.last.open(hello("e-1") + gap + gap);
  // deno-lint-ignore no-console -- what is printed is tested
  console.warn = warn;
  assertEquals(warned, ["sse-hub: events are missing (gap): listen to gap and reset"]);
  events.close();
});

Deno.test("control: true puts what the server says of the connection into the loop", async () => {
  using script = await Script.begin({ control: true });
  const loop = script.events[Symbol.asyncIterator]();
  await script.server.last.open(
    `${hello("e-1")}event: goaway\nretry: 9\ndata: {"reason":"slow"}\n\n`,
  );
  const got = [await loop.next(), await loop.next()];
  assertEquals(got.map(({ value }) => value?.event), ["hello", "goaway"]);
});

Deno.test("a full queue stops the reading of the response, and the server is not called silent", async () => {
  using script = await Script.begin({ maxMessages: 2 });
  const loop = script.events[Symbol.asyncIterator]();
  await script.server.last.open(`${hello("e-1", 4)}data: 1\n\ndata: 2\n\ndata: 3\n\n`);
  await script.server.last.send("data: 4\n\n");
  assertEquals(script.server.last.isDrained, false);
  await script.host.pass(60_000);
  assertEquals(script.waits, "open");
  const got = [];
  for (let i = 0; i < 4; i++) got.push((await loop.next()).value?.data);
  assertEquals(got, ["1", "2", "3", "4"]);
});

Deno.test("close() releases everybody who waits for a message, and may be called twice", async () => {
  using script = await Script.open();
  const waiting = [script.events.next(), script.events.next(), script.events.next()];
  script.events.close();
  script.events.close();
  for (const result of await Promise.all(waiting)) {
    assertEquals(result, { done: true, value: undefined });
  }
  assertEquals([script.waits, script.host.timers], ["closed", 0]);
});

Deno.test("return() drops what waits for the loop, also once the server has ended the subscription", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const events = subscribe(URL_OF_NEWS, { host, fetch: server.fetch });
  const first = events.next();
  await settled();
  const end = 'event: ended\ndata: {"streams":["news"]}\nid: e-3\n\n';
  await server.last.open(`${hello("e-1")}data: 1\n\ndata: 2\n\n${end}`);
  assertEquals((await first).value?.data, "1");
  for (const result of [await events.return(), await events.next(), await events.return()]) {
    assertEquals(result, { done: true, value: undefined });
  }
});

Deno.test("return() ends a subscription that was refused and never read, without its error", async () => {
  using script = await Script.begin();
  await script.server.last.answer(404);
  assertEquals(script.waits, "failed");
  assertEquals(await script.events.return(), { done: true, value: undefined });
});

Deno.test("a response that comes after close() is cancelled, though fetch did not heed the signal", async () => {
  const host = new ScriptedHost();
  const isCancelled = Promise.withResolvers<void>();
  const late = Promise.withResolvers<Response>();
  const events = subscribe(URL_OF_NEWS, { host, fetch: () => late.promise });
  events.addEventListener("message", () => {});
  await settled();
  events.close();
  const body = new ReadableStream({ cancel: () => isCancelled.resolve() });
  late.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
  await isCancelled.promise;
  assertEquals([events.state.name, host.timers], ["closed", 0]);
});

Deno.test("an aborted signal closes the subscription", async () => {
  const end = new AbortController();
  using script = await Script.open(hello("e-1"), { signal: end.signal });
  end.abort();
  assertEquals([script.waits, script.server.last.isGone], ["closed", true]);
});

Deno.test("a body is sent once: a reconnect is a GET that resumes by the id", async () => {
  using script = await Script.begin({ body: "prompt" });
  assertEquals([script.server.last.init.method, script.server.last.init.body], ["POST", "prompt"]);
  await script.server.last.open("data: a\nid: 1\n\n");
  await script.server.last.fail();
  await script.host.pass(500);
  assertEquals([script.server.last.init.method, script.server.last.init.body], ["GET", undefined]);
  assertEquals(script.server.last.header("last-event-id"), "1");
});

Deno.test("a body that was sent, without an id to resume by, is final", async () => {
  using script = await Script.begin({ body: "prompt" });
  await script.server.last.fail();
  await script.host.pass(2_000);
  const { state } = script.events;
  assert(state.name === "failed");
  assertEquals(state.error.message, "Cannot resume without an id");
});

Deno.test("resendBody: true sends the body at each attempt", async () => {
  using script = await Script.begin({ body: () => "prompt", method: "PUT", resendBody: true });
  await script.server.last.fail();
  await script.host.pass(2_000);
  assertEquals([script.server.last.init.method, script.server.last.init.body], ["PUT", "prompt"]);
});

Deno.test("an id without an event is resumed from, after the events before it", async () => {
  using script = await Script.open("data: a\nid: 5\n\nid: 6\n\n");
  assertEquals(script.events.lastEventId, "6");
  await script.server.last.fail();
  await script.host.pass(500);
  assertEquals(script.server.last.header("last-event-id"), "6");
});

Deno.test("an id is sent as UTF-8, and kept by events without an id on the next connection", async () => {
  using script = await Script.open("data: a\nid: ü€\n\n");
  await script.server.last.fail();
  await script.host.pass(500);
  assertEquals(script.server.last.header("last-event-id"), "Ã¼â\u0082¬");
  await script.server.last.open("data: b\n\n");
  assertEquals(script.events.lastEventId, "ü€");
});

Deno.test("parse makes data of text, and what it throws becomes an event invalid", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const options = { host, fetch: server.fetch, parse: json };
  const events = subscribe<{ price: { eur: number } }>(URL_OF_NEWS, options);
  const invalid: unknown[] = [];
  events.addEventListener(
    "invalid",
    ({ event, data, error }) => invalid.push([event, data, error instanceof SyntaxError]),
  );
  const loop = events[Symbol.asyncIterator]();
  await settled();
  await server.last.open(
    'event: price\ndata: {"eur":1}\n\nevent: price\ndata: {\n\nevent: price\ndata: {"eur":2}\n\n',
  );
  const prices = [];
  for (let i = 0; i < 2; i++) {
    const { value } = await loop.next();
    if (value?.event === "price") prices.push(value.data.eur);
  }
  assertEquals(prices, [1, 2]);
  assertEquals(invalid, [["price", "{", true]]);
  events.close();
});

Deno.test("subscribe() refuses an unknown option and a number out of range", () => {
  const subscribeWith = (options: object) => () => subscribe(URL_OF_NEWS, options);
  assertThrows(subscribeWith({ header: {} }), TypeError, "did you mean headers?");
  assertThrows(subscribeWith({ maxMessages: 0 }), RangeError, "maxMessages must be");
  assertThrows(subscribeWith({ silenceMs: 0 }), RangeError, "silenceMs must be");
});

Deno.test("subscribe() refuses a URL that is not valid", () => {
  assertThrows(() => subscribe("http://"), TypeError);
});
