import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { Denials, MAX_DENIALS } from "../../lib/hub/denials.ts";
import { HubError } from "../../lib/hub/hub_error.ts";
import type { SubscriberFilter } from "../../lib/hub/subscriber_filter.ts";
import { SharedLog } from "../../lib/log/shared_log.ts";
import { Client, subscription } from "../client.ts";
import { ListStore, SharedList } from "../log/list_store.ts";
import { until } from "../wait.ts";

const ADA = { address: "192.0.2.7", subject: "ada", tokenId: "t1" };
const BOB = { address: "192.0.2.7", subject: "bob" };

function open(hub: BroadcastHub, client: SubscriberFilter): Client {
  return new Client(hub.subscribe(subscription("stream=news"), { client }));
}

/** The reasons of the `goaway` events that a client got. */
async function goaways(client: Client): Promise<string[]> {
  const events = await client.rest();
  return events.filter(({ event }) => event === "goaway").map(({ data }) =>
    JSON.parse(data).reason
  );
}

Deno.test("disconnect() ends the clients of a subject, address, token, stream or id, and no other", async () => {
  await using hub = new BroadcastHub();
  const filters: [SubscriberFilter, number][] = [
    [{ subject: "ada" }, 1],
    [{ tokenId: "t1" }, 1],
    [{ address: ADA.address }, 2],
    [{ address: ADA.address, subject: "bob" }, 1],
    [{ stream: "news" }, 2],
    [{ stream: "other" }, 0],
    [{ subject: "eve" }, 0],
  ];
  for (const [filter, count] of filters) {
    await using ada = open(hub, ADA);
    await using bob = open(hub, BOB);
    assertEquals(await hub.disconnect(filter), count, JSON.stringify(filter));
    assertEquals(hub.subscribers().length, 2 - count);
    await Promise.all([ada.leave(), bob.leave()]);
  }
  await using ada = open(hub, ADA);
  const [{ id } = { id: "" }] = hub.subscribers();
  assertEquals(await hub.disconnect({ id }), 1);
  assertEquals(await goaways(ada), ["removed"]);
});

Deno.test("disconnect() with denyUntil refuses the client with a 403 until then, and no other", async () => {
  await using hub = new BroadcastHub();
  await using ada = open(hub, ADA);
  const denyUntil = Date.now() + 60_000;
  assertEquals(await hub.disconnect({ subject: "ada" }, { denyUntil }), 1);
  assertEquals(await goaways(ada), ["removed"]);
  const refused = hub.subscribe(subscription("stream=news"), { client: ADA });
  assertEquals(refused.status, 403);
  assertMatch((await refused.json()).detail, /^This client may not subscribe until \d{4}-/);
  assert(Math.abs(hub.deniedUntil({ subject: "ada" })! - denyUntil) < 50);
  await using bob = open(hub, BOB);
  assertEquals((await bob.next())?.event, "hello");
  await hub.disconnect({ subject: "ada" }, { denyUntil: 0 });
  await using again = open(hub, ADA);
  assertEquals((await again.next())?.event, "hello");
});

Deno.test("a disconnect is carried out by every hub of the log, and a denial by one that starts later", async () => {
  const list = new SharedList();
  const start = async () => {
    const hub = new BroadcastHub({ log: new SharedLog(new ListStore(list)) });
    await hub.ready;
    return hub;
  };
  await using a = await start();
  await using b = await start();
  await using ada = open(b, ADA);
  await using bob = open(b, BOB);
  assertEquals(await a.disconnect({ subject: "bob" }), 0);
  assertEquals(await goaways(bob), ["removed"]);
  await using bobAgain = open(b, BOB);
  await a.disconnect({ tokenId: "t1" }, { denyUntil: Date.now() + 60_000 });
  assertEquals(await goaways(ada), ["removed"]);
  await using later = await start();
  for (const hub of [a, b, later]) assert(hub.deniedUntil(ADA) !== undefined);
  // The order of a moment is not carried out again: Bob's new connection is open.
  assertEquals(b.subscribers().map(({ client }) => client), [BOB]);
  assertEquals((await bobAgain.next())?.event, "hello");
});

Deno.test("disconnect() rejects where the store is unreachable, and has ended the clients here", async () => {
  const store = new ListStore();
  await using hub = new BroadcastHub({ log: new SharedLog(store) });
  await hub.ready;
  await using ada = open(hub, ADA);
  store.cut();
  const error = await assertRejects(() => hub.disconnect({ subject: "ada" }), HubError);
  assertEquals([error.code, hub.subscribers()], ["unreachable", []]);
  assertEquals(await goaways(ada), ["removed"]);
  store.join();
});

Deno.test("onDisconnect is called with the filter of each disconnect, also of another hub's", async () => {
  const list = new SharedList();
  const told: SubscriberFilter[] = [];
  await using a = new BroadcastHub({ log: new SharedLog(new ListStore(list)) });
  await using b = new BroadcastHub({
    log: new SharedLog(new ListStore(list)),
    onDisconnect: (filter) => told.push(filter),
  });
  await Promise.all([a.ready, b.ready]);
  await b.disconnect({ subject: "ada" });
  await a.disconnect({ address: "192.0.2.7" });
  await until(() => told.length === 2);
  assertEquals(told, [{ subject: "ada" }, { address: "192.0.2.7" }]);
});

Deno.test("a note that is no order is passed over", async () => {
  const list = new SharedList();
  const store = new ListStore(list);
  for (const text of ["", "{}", '{"from":1}', '{"from":"x","filter":{}}', "[1]"]) {
    await store.notes.add("disconnects", text);
  }
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  await using hub = new BroadcastHub({ log: new SharedLog(store), onError });
  await hub.ready;
  assertEquals(errors, []);
});

Deno.test("disconnect() refuses what it can't mean, and names what to give", () => {
  const hub = new BroadcastHub();
  const cases: [object, object, string][] = [
    [{}, {}, "name one of id, stream, address, subject, tokenId"],
    [{ subject: undefined }, {}, "name one of"],
    [{ subject: 7 }, {}, "subject must be a string, got 7"],
    [{ subjekt: "x" }, {}, "did you mean subject?"],
    [{ id: "x" }, { denyUntil: 0 }, "name one of address, subject and tokenId, and nothing else"],
    [{ subject: "x", address: "y" }, { denyUntil: 0 }, "and nothing else"],
    [{ subject: "x" }, { denyUntil: Infinity }, "at most 30 days from now"],
    [{ subject: "x" }, { denyUntil: NaN }, "denyUntil must be milliseconds since 1970"],
    [{ subject: "x" }, { denyUntil: "1" }, "denyUntil must be milliseconds since 1970"],
  ];
  for (const [filter, options, message] of cases) {
    assertThrows(() => hub.disconnect(filter, options), Error, message);
  }
  const client = { subject: 7 } as unknown as SubscriberFilter;
  assertThrows(
    () => hub.subscribe(subscription("stream=x"), { client }),
    TypeError,
    "subject must be",
  );
});

Deno.test("Denials keep the newest, drop those that expired first, and expire", () => {
  const denials = new Denials();
  denials.deny({ subject: "old" }, 5, 0);
  for (let i = 0; i < MAX_DENIALS; i++) denials.deny({ subject: `${i}` }, 1_000, 10);
  assertEquals([denials.size, denials.untilOf({ subject: "0" }, 10)], [MAX_DENIALS, 1_000]);
  denials.deny({ address: "x" }, 2_000, 10);
  assertEquals([denials.size, denials.untilOf({ subject: "0" }, 10)], [MAX_DENIALS, undefined]);
  assertEquals(denials.untilOf({ subject: "1", address: "x" }, 10), 2_000);
  assertEquals(denials.untilOf({ address: "1" }, 10), undefined);
  denials.expire(1_000);
  assertEquals([denials.size, denials.untilOf({ address: "x" }, 2_000)], [1, undefined]);
});
