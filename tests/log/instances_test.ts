import { assert, assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { HubError } from "../../lib/hub/hub_error.ts";
import type { HubOptions } from "../../lib/hub/options.ts";
import { compareIds } from "../../lib/wire/ids.ts";
import type { EventLog, LogEntry, LogReceiver } from "../../lib/log/event_log.ts";
import { Client, subscription } from "../client.ts";
import { mulberry32 } from "../random.ts";
import { soon, until } from "../wait.ts";
import type { LogKind, LogPlace } from "./contract.ts";
import { kv, redis, sqlite } from "./places.ts";
import { ResumingClient } from "./resuming_client.ts";

const EVENTS = 10_000;
const CLIENTS = 20;

for (const kind of [kv, sqlite, redis]) testInstances(kind);

function testInstances(kind: LogKind): void {
  const test = (does: string, run: (place: LogPlace) => Promise<void>) =>
    Deno.test({
      name: `hubs that share a log of ${kind.name} ${does}`,
      ignore: kind.ignore,
      async fn() {
        await using place = await kind.place();
        await run(place);
      },
    });

  test(`show ${CLIENTS} clients that hop between them ${EVENTS} events, in one order`, async (place) => {
    // Far fewer than a client misses while it hops: the rest comes from the log.
    const options = { historyEvents: 20 };
    await using a = await start(place, options);
    await using b = await start(place, options);
    const random = mulberry32(7);
    await using clients = new AsyncDisposableStack();
    const all = Array.from({ length: CLIENTS }, () => {
      const open = (request: Request) => (random() < 0.5 ? a : b).subscribe(request);
      return clients.use(new ResumingClient(open, "stream=x&stream=y"));
    });
    await Promise.all(all.map((client) => client.connected()));
    const hopping = setInterval(() => all[Math.floor(random() * CLIENTS)]!.hop(), 3);
    try {
      for (let i = 0; i < EVENTS; i += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, j) => {
          const hub = j % 2 ? a : b;
          return hub.publish(j % 3 ? "x" : "y", { data: `${i + j}` });
        }));
      }
      await Promise.all(all.map((client) => client.has(EVENTS)));
    } finally {
      clearInterval(hopping);
    }
    const [first] = all;
    assertEquals(new Set(first!.data).size, EVENTS);
    for (const { data, ids, marks } of all) {
      assertEquals([data.length, marks], [EVENTS, []]);
      assert(data.every((text, i) => text === first!.data[i]), "another order");
      assert(ids.every((id, i) => i === 0 || compareIds(ids[i - 1]!, id) < 0), "ids go back");
    }
    assertLess(100, all.reduce((sum, { connections }) => sum + connections, 0));
  });

  test("disconnect a client wherever it is, and deny it everywhere, also after a restart", async (place) => {
    await using a = await start(place);
    await using b = await start(place);
    const client = { subject: "ada" };
    await using ada = new Client(b.subscribe(subscription("stream=x"), { client }));
    assertEquals(await a.disconnect(client, { denyUntil: Date.now() + 600_000 }), 0);
    assertEquals((await ada.rest()).at(-1)?.event, "goaway");
    await using later = await start(place);
    for (const hub of [a, b, later]) {
      assertEquals(hub.subscribe(subscription("stream=x"), { client }).status, 403);
    }
    await b.disconnect(client, { denyUntil: 0 });
    await until(() => later.deniedUntil(client) === undefined);
  });

  test("end a stream for the subscribers of all, once", async (place) => {
    await using a = await start(place);
    await using b = await start(place);
    await a.publish("x", { data: "1" });
    await reach(b, "x", 1);
    await using onA = new Client(a.subscribe(subscription("stream=x&since=earliest")));
    await using onB = new Client(b.subscribe(subscription("stream=x&since=earliest")));
    assertEquals(await b.end("x"), true);
    for (const client of [onA, onB]) {
      assertEquals((await client.rest()).map(({ data }) => data).slice(1, 2), ["1"]);
    }
    assertEquals(await a.end("x"), true);
    await using again = await start(place);
    const lastEventId = a.stream("x")!.lastId;
    assertEquals(again.subscribe(subscription("stream=x", lastEventId)).status, 204);
    let error: unknown;
    try {
      again.publish("x", { data: "2" });
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof HubError && error.code === "ended");
  });

  test("do not revive an ended stream by a publish of a hub that is behind", async (place) => {
    await using a = await start(place);
    const { log, release } = holdBack(place.open());
    await using b = new BroadcastHub({ log });
    await b.ready;
    await a.publish("x", { data: "1" });
    await a.end("x");
    const late = assertRejects(() => b.publish("x", { data: "late" }), HubError, "it has ended");
    await a.publish("y", { data: "b receives nothing" });
    release();
    await late;
    const { id } = await b.publish("y", { data: "after what came late" });
    await reach(a, "y", 2);
    for (const hub of [a, b]) {
      const { events, isEnded } = hub.stream("x")!;
      assertEquals([events, isEnded], [1, true]);
    }
    assertEquals(a.subscribe(subscription("stream=x", id)).status, 204);
  });

  test("know the end of a stream whose entries were trimmed before they started", async (place) => {
    await using a = await start(place, {}, { maxEntries: 2 });
    const { log, release } = holdBack(place.open());
    await using behind = new BroadcastHub({ log });
    await behind.ready;
    const last = await a.publish("x", { data: "1" });
    await a.end("x");
    for (const data of ["1", "2"]) await a.publish("y", { data });
    await trimmed(place, "x");
    const late = assertRejects(() => behind.publish("x", { data: "late" }), HubError, "has ended");
    await a.publish("y", { data: "after what came late" });
    await using b = await start(place, { historyMs: 1_500 });
    assertEquals([b.stream("x")?.isEnded, b.stream("x")?.events], [true, 0]);
    await using client = new Client(b.subscribe(subscription("stream=x", last.id)));
    const seen = await soon(client.rest(), () => "the end of the stream");
    assertEquals(seen.map(({ event }) => event), ["hello", "gap", "ended"]);
    assertEquals(b.subscribe(subscription("stream=x", seen[1]!.lastEventId)).status, 204);
    release();
    await late;
    await soon(forgotten(b, "x"), () => "the stream to be forgotten");
  });

  test("lose no acknowledged event when a publish races with the end of its stream", async (place) => {
    await using a = await start(place);
    await using b = await start(place);
    for (let i = 0; i < 20; i++) {
      const name = `race/${i}`;
      await a.publish(name, { data: "first" });
      await reach(b, name, 1);
      const ending = a.end(name);
      const outcome = await b.publish(name, { data: "late" }).then(() => 2, (error) => {
        assertEquals(error.code, "ended");
        return 1;
      });
      await ending;
      await reach(a, name, outcome);
      assertEquals([a.stream(name)!.events, b.stream(name)!.events], [outcome, outcome]);
    }
  });

  test("send an event once if it is published to both with the same key", async (place) => {
    await using a = await start(place);
    await using b = await start(place);
    await using client = new ResumingClient((request) => a.subscribe(request), "stream=x");
    await client.connected();
    for (let i = 0; i < 50; i++) {
      const event = { id: `key-${i}`, data: `${i}` };
      const published = await Promise.all([
        a.publish("x", event),
        b.publish("x", event),
        a.publish("x", event),
      ]);
      assertEquals(new Set(published.map(({ id }) => id)).size, 1);
    }
    await a.publish("x", { data: "last" });
    await client.has(51);
    assertEquals(client.data, [...Array.from({ length: 50 }, (_, i) => `${i}`), "last"]);
  });

  test("keep published events for new clients after a restart, for as long as before", async (place) => {
    const before = await start(place);
    await before.publish("x", [{ data: "1" }, { data: "2", id: "key" }, { data: "3" }]);
    await before.close();
    await using after = await start(place);
    await using client = new Client(after.subscribe(subscription("stream=x&since=2")));
    assertEquals((await client.data(3)).slice(1), ["2", "3"]);
    const { id } = await after.publish("x", { data: "2", id: "key" });
    assertEquals([after.stream("x")!.events, id < after.stream("x")!.lastId], [3, true]);
    // Waits until the events are older than historyMs; a slow machine only makes them older.
    await new Promise((resolve) => setTimeout(resolve, 60));
    await using late = await start(place, { historyMs: 50 });
    late.expire();
    assertEquals(late.stream("x")?.events ?? 0, 0);
  });

  test("let a client wait for an id that they have not reached", async (place) => {
    await using a = await start(place);
    await using b = await start(place);
    await b.publish("x", { data: "1" });
    const { id } = await b.publish("x", { data: "2" });
    const ahead = id.slice(0, -1) + "2";
    await using client = new Client(a.subscribe(subscription("stream=x", ahead)));
    assertEquals((await client.next())?.lastEventId, ahead);
    const next = client.next();
    await b.publish("x", { data: "3" });
    assertEquals((await next)?.data, "3");
    await using gone = new Client(
      a.subscribe(subscription("stream=x", `${id.slice(0, -6)}zzzzzz`)),
    );
    await gone.leave();
    assertEquals([a.stats().subscribers, a.stats().resets], [1, 0]);
  });

  test("send an event once if a client reads it from the log before the hub delivers it", async (place) => {
    await using a = await start(place);
    await a.publish("x", { data: "1" });
    const { log, release, reads } = holdBack(place.open());
    await using b = new BroadcastHub({ log });
    await b.ready;
    const second = await a.publish("x", { data: "2" });
    await a.publish("x", { data: "3" });
    // No pipe, which would read ahead of the test.
    const reader = b.subscribe(subscription("stream=x", second.id)).body!.getReader();
    const read = async () => new TextDecoder().decode((await reader.read()).value);
    assertMatch(await read(), /event: hello/);
    // The next page has been read and waits for the client; meanwhile the hub gets the same events.
    await until(() => reads() > 0);
    assertEquals(b.stream("x")!.published, 1);
    release();
    await a.publish("x", { data: "4" });
    await reach(b, "x", 4);
    let text = "";
    while (!text.includes("data: 4")) text += await read();
    assertEquals(text.match(/(?<=data: ).*/g), ["3", "4"]);
    await reader.cancel();
  });

  test("let a client read on past events of other streams", async (place) => {
    await using hub = await start(place, { historyEvents: 2, heartbeatMs: 0 });
    const { id } = await hub.publish("x", { data: "0" });
    await hub.publish("x", { data: "1" });
    for (let i = 0; i < 350; i++) await hub.publish("y", { data: "not for it" });
    for (const data of ["2", "3", "4"]) await hub.publish("x", { data });
    await using client = new Client(hub.subscribe(subscription("stream=x", id)));
    assertEquals((await soon(client.data(5), () => "four events")).slice(1), ["1", "2", "3", "4"]);
  });

  test("send a gap only for entries that the log no longer has", async (place) => {
    const options = { historyEvents: 2 };
    await using a = await start(place, options, { maxEntries: 5 });
    const ids: string[] = [];
    for (let i = 1; i <= 12; i++) ids.push((await a.publish("x", { data: `${i}` })).id);
    // The log trims in a turn of its own, and has all entries until then.
    await until(async () => {
      await using client = new Client(a.subscribe(subscription("stream=x", ids[0])));
      const [, first, second] = await client.take(3);
      assertEquals(second?.data, first?.event === "gap" ? "8" : "3");
      return first?.event === "gap";
    });
    await using kept = new Client(a.subscribe(subscription("stream=x", ids[7])));
    assertEquals((await kept.data(5)).slice(1), ["9", "10", "11", "12"]);
    assertEquals(a.stats().resets, 0);
  });

  test("close without leaving anything behind, open or not, and twice", async (place) => {
    const hub = await start(place);
    const client = new Client(hub.subscribe(subscription("stream=x")));
    const publishing = hub.publish("x", { data: "on its way" });
    await Promise.all([hub.close(), hub.close()]);
    const { id } = await publishing;
    assert((await client.rest()).length >= 1);
    const again = await start(place);
    assertEquals(again.stream("x")?.lastId, id);
    await again.close();
    await assertRejects(async () => await hub.publish("x", { data: "" }), HubError);
    const opening = new BroadcastHub({ log: place.open() });
    assertEquals(
      await opening.subscribe(subscription("stream=x")).text().then((text) => text.slice(0, 7)),
      "event: ",
    );
    await opening.close();
  });
}

/**
 * Makes a log deliver the entries that it had when it opened, and later entries only once it is released.
 * Counts the pages that were read.
 */
function holdBack(log: EventLog): { log: EventLog; release: () => void; reads: () => number } {
  const held: (readonly LogEntry[])[] = [];
  let deliver: LogReceiver["deliver"];
  let isHolding = false;
  const open = async (receiver: LogReceiver) => {
    deliver = (entries) => isHolding ? void held.push(entries) : receiver.deliver(entries);
    await log.open({ ...receiver, deliver: (entries) => deliver(entries) });
    isHolding = true;
  };
  let pages = 0;
  const read: EventLog["read"] = async (...args) => {
    const page = await log.read!(...args);
    pages++;
    return page;
  };
  return {
    reads: () => pages,
    log: new Proxy(log, {
      get(target, name) {
        if (name === "open") return open;
        if (name === "read") return read;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    release() {
      isHolding = false;
      held.splice(0).forEach((entries) => deliver(entries));
    },
  };
}

async function start(
  place: LogPlace,
  options: HubOptions = {},
  retention?: { maxEntries: number },
): Promise<BroadcastHub> {
  const hub = new BroadcastHub({ ...options, log: place.open(retention) });
  await hub.ready;
  return hub;
}

/** Waits until a log has trimmed all events of a stream, as seen by a hub that starts then. */
async function trimmed(place: LogPlace, stream: string): Promise<void> {
  for (let events = Infinity; events > 0;) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await using hub = await start(place);
    events = hub.stream(stream)?.events ?? 0;
  }
}

/** Waits until a hub has forgotten a stream. */
async function forgotten(hub: BroadcastHub, stream: string): Promise<void> {
  while (hub.hasStream(stream)) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Waits until a hub has delivered a number of events of a stream. */
async function reach(hub: BroadcastHub, stream: string, events: number): Promise<void> {
  await until(() => (hub.stream(stream)?.published ?? 0) >= events);
}
