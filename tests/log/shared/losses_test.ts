import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { BroadcastHub } from "../../../lib/hub/hub.ts";
import type { HubOptions } from "../../../lib/hub/options.ts";
import { SharedLog } from "../../../lib/log/shared_log.ts";
import { Client, subscription } from "../../client.ts";
import { soon, until } from "../../wait.ts";
import { entryNumber } from "../../../lib/log/entries.ts";
import { ListStore, SharedList } from "../list_store.ts";

const TICK_MS = 5;

interface Instance extends AsyncDisposable {
  readonly hub: BroadcastHub;
  readonly store: ListStore;
}

/** A hub on a list store, which other hubs may share. */
async function start(list: SharedList, options: HubOptions = {}): Promise<Instance> {
  const store = new ListStore(list);
  const hub = new BroadcastHub({ ...options, log: new SharedLog(store, {}, undefined, TICK_MS) });
  await hub.ready;
  return { hub, store, [Symbol.asyncDispose]: () => hub.close() };
}

function connect({ hub }: Instance, lastEventId?: string, query = "stream=x"): Client {
  return new Client(hub.subscribe(subscription(query, lastEventId)));
}

/** The next events of a client, without `hello`, in short. */
async function next(client: Client, count: number): Promise<string[]> {
  const seen: string[] = [];
  while (seen.length < count) {
    const event = await soon(client.next(), () => `an event after ${seen}`);
    assert(event, `the connection ended after ${seen}`);
    if (event.event === "message") seen.push(event.data);
    else if (event.event !== "hello") seen.push(`${event.event} ${event.data}`);
  }
  return seen;
}

async function publish({ hub }: Instance, data: string, stream = "x"): Promise<string> {
  return (await hub.publish(stream, { data })).id;
}

/** Two hubs; the first has delivered two events that the store has lost since. */
async function failOver(list: SharedList) {
  const a = await start(list);
  const b = await start(list);
  const [d] = [await publish(a, "d"), await publish(a, "other", "y")];
  await until(() => b.hub.stream("y")?.published === 1);
  const restore = list.snapshot();
  b.store.cut();
  const ids = [d, await publish(a, "e1"), await publish(a, "e2")] as const;
  a.store.cut();
  restore();
  return { a, b, ids };
}

async function rejoin({ hub, store }: Instance): Promise<void> {
  store.join();
  await until(() => hub.isLogUp);
}

const GAP = 'gap {"streams":["x"]}';

Deno.test("hubs send a gap to the clients that lack lost events, whichever hub reconnects first", async () => {
  for (const isFarFirst of [true, false]) {
    const list = new SharedList();
    const { a, b, ids: [d, , e2] } = await failOver(list);
    await using _ = a;
    await using __ = b;
    await using onA = connect(a, e2);
    await using onB = connect(b, d);
    await using onY = connect(b, d, "stream=y");
    const lacking = isFarFirst ? [GAP, "f0", "f1"] : ["f0", GAP, "f1"];
    const seen = [next(onA, 2), next(onB, 3), next(onY, 2)];
    for (const [i, instance] of (isFarFirst ? [a, b] : [b, a]).entries()) {
      await rejoin(instance);
      await publish(instance, `f${i}`);
    }
    await publish(a, "last", "y");
    assertEquals(await Promise.all(seen), [["f0", "f1"], lacking, ["other", "last"]]);
    // A client that reconnects to any hub gets a gap if it lacks an event, and only then.
    await using c = await start(list);
    for (
      const [instance, id, expected] of [
        [a, d, ["e1", "e2", "f0", "f1"]],
        [b, d, lacking],
        [c, d, lacking],
        [a, e2, ["f0", "f1"]],
        [b, e2, ["f0", "f1"]],
        [c, e2, ["f0", "f1"]],
      ] as const
    ) {
      await using client = connect(instance, id);
      assertEquals(await next(client, expected.length), [...expected]);
    }
  }
});

Deno.test("a client that had lost events gets no gap from a hub that had not, after moving there", async () => {
  const { a, b, ids: [d, e1, e2] } = await failOver(new SharedList());
  await using _ = a;
  await using __ = b;
  await rejoin(b);
  await using had = connect(b, e2);
  await using hadOne = connect(b, e1);
  await using hadNone = connect(b, d);
  const seen = [next(had, 2), next(hadOne, 3), next(hadNone, 3)];
  await publish(b, "f");
  await rejoin(a);
  await publish(a, "g");
  assertEquals(await Promise.all(seen), [["f", "g"], ["f", GAP, "g"], ["f", GAP, "g"]]);
});

Deno.test("hubs report a loss even if new entries have the places of the lost entries", async () => {
  const list = new SharedList();
  const { a, b, ids: [d, , e2] } = await failOver(list);
  await using _ = a;
  await using __ = b;
  await using onA = connect(a, e2);
  await using onB = connect(b, d);
  const seen = [next(onA, 2), next(onB, 4)];
  // The store goes on with a clock that is behind.
  list.clock -= 2;
  await rejoin(b);
  const [, f1] = [await publish(b, "f0"), await publish(b, "f1")];
  assertEquals(f1, e2);
  await rejoin(a);
  await publish(a, "f2");
  assertEquals(await Promise.all(seen), [[GAP, "f2"], ["f0", "f1", GAP, "f2"]]);
  for (const hub of [a, b]) {
    await using client = connect(hub, e2);
    assertEquals(await next(client, 2), [GAP, "f2"]);
  }
});

Deno.test("a hub does not mistake a new entry for the lost entry at the same place", async () => {
  const list = new SharedList();
  const { a, b, ids: [, e1, e2] } = await failOver(list);
  await using _ = a;
  await using __ = b;
  await using onA = connect(a, e2);
  list.clock -= 2;
  await rejoin(b);
  assertEquals(await publish(b, "f0"), e1);
  await rejoin(a);
  await publish(a, "last");
  assertEquals(await next(onA, 2), [GAP, "last"]);
});

Deno.test("a publish is not acknowledged if the store loses the event before the hub reads it", async () => {
  for (const isCut of [true, false]) {
    const list = new SharedList();
    await using a = await start(list);
    await using b = await start(list);
    const gate = Promise.withResolvers<void>();
    for (const { store } of [a, b]) store.following = gate.promise;
    await publish(a, "1");
    await until(() => b.hub.stream("x")?.published === 1);
    const restore = list.snapshot();
    const lost = assertRejects(() => publish(a, "2"), Error);
    await until(() => list.entries.length === 2);
    if (isCut) a.store.cut();
    restore();
    const third = publish(b, "3");
    await until(() => list.entries.length === 2);
    gate.resolve();
    await rejoin(a);
    await Promise.all([lost, third]);
  }
});

Deno.test("a client gets a gap for an entry that is missing before the record of a loss", async () => {
  const list = new SharedList();
  const { a, b, ids: [d, e1, e2] } = await failOver(list);
  await using _ = a;
  await using __ = b;
  await rejoin(b);
  await publish(b, "f0");
  await publish(b, "f1");
  await rejoin(a);
  await publish(a, "g");
  list.entries.splice(list.entries.findIndex(({ text }) => text.includes("f0")), 1);
  await using c = await start(list, { historyEvents: 1 });
  for (const id of [d, e1, e2]) {
    await using client = connect(c, id);
    const seen = await next(client, 2);
    while (seen.at(-1) !== "g") seen.push(...await next(client, 1));
    assertEquals(seen[0], GAP);
  }
});

Deno.test("a client gets a gap for an entry that is missing after its own, trimmed entry", async () => {
  const list = new SharedList();
  await using knows = await start(list);
  const ids: string[] = [];
  for (const data of ["1", "2", "3", "4"]) ids.push(await publish(knows, data));
  list.entries.splice(2, 1);
  await using never = await start(list, { historyEvents: 1 });
  for (const instance of [knows, never]) {
    await using client = connect(instance, ids[1]);
    assertEquals((await next(client, 2)).at(-1), "4");
  }
  await never.store.trim([{ place: "101" }, { place: "102" }], "1020001");
  await using client = connect(never, ids[1]);
  assertEquals(await next(client, 2), [GAP, "4"]);
});

Deno.test("a client gets a gap for lost entries even if the log was trimmed beyond them meanwhile", async () => {
  const list = new SharedList();
  const { a, b, ids: [d] } = await failOver(list);
  await using _ = a;
  await using __ = b;
  await rejoin(b);
  await using onB = connect(b, d);
  await publish(b, "f");
  await publish(b, "g");
  assertEquals(await next(onB, 2), ["f", "g"]);
  const due = list.entries.slice(0, 3).map((entry) => ({ ...entry, number: entryNumber(entry) }));
  await b.store.trim(due, `${due.at(-1)!.place}0001`);
  // The hub's newest entry had the number 4, and the last one trimmed has 3.
  await rejoin(a);
  assertEquals(await next(onB, 1), [GAP]);
  await publish(b, "h");
  assertEquals(await next(onB, 1), ["h"]);
});

Deno.test("a client is told of an entry that is missing right behind the last one trimmed", async () => {
  const list = new SharedList();
  await using a = await start(list);
  const ids: string[] = [];
  for (const data of ["1", "2", "3", "4", "5"]) ids.push(await publish(a, data));
  await a.store.trim([{ place: "102", number: 2 }], "1020001");
  list.entries.shift();
  // A hub without numbers has moved the mark.
  for (
    const [through, expected] of [["1020001", [GAP, "4", "5"]], ["1020002", ["4", "5"]]] as const
  ) {
    list.gone = through;
    await using b = await start(list, { historyEvents: 1 });
    await using client = connect(b, `e-${through}`);
    assertEquals(await next(client, expected.length), [...expected]);
  }
  assertEquals(ids[1], "e-1020001");
});

Deno.test("a client of an empty log is told of the first entry of all, which is missing", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await using early = connect(a);
  const { lastEventId } = (await early.next())!;
  for (const data of ["1", "2", "3"]) await publish(a, data);
  list.entries.shift();
  await using b = await start(list, { historyEvents: 1 });
  await using client = connect(b, lastEventId);
  assertEquals(await next(client, 3), [GAP, "2", "3"]);
});

Deno.test("a publish is answered whose key stands in the newest entry, which was deleted", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await using b = await start(list);
  await using onB = connect(b);
  await onB.next();
  const gate = Promise.withResolvers<void>();
  await until(() => b.store.isFollowed);
  await b.store.read("000", 1);
  b.store.following = gate.promise;
  await publish(a, "1");
  assertEquals(await next(onB, 1), ["1"]);
  await a.hub.publish("x", { id: "key", data: "2" });
  list.entries.pop();
  const repeated = assertRejects(() => b.hub.publish("x", { id: "key", data: "2" }), Error, "lost");
  gate.resolve();
  await repeated;
  assertEquals(await next(onB, 1), [GAP]);
});

Deno.test("a hub is up again though nothing comes after a publish that failed", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await publish(a, "1");
  await until(() => a.store.isFollowed);
  const { epoch } = list;
  list.epoch = "other";
  await assertRejects(() => publish(a, "2"), Error, "epoch");
  list.epoch = epoch;
  await until(() => a.hub.isLogUp);
  assertEquals(a.store.isFollowed, true);
});

Deno.test("a client that reads the log past a loss gets a gap before the hub knows of the loss", async () => {
  const list = new SharedList();
  await using a = await start(list, { historyEvents: 1 });
  await using b = await start(list);
  const d = await publish(a, "d");
  await until(() => b.hub.stream("x")?.published === 1);
  const restore = list.snapshot();
  b.store.cut();
  for (const data of ["e1", "e2"]) await publish(a, data);
  restore();
  await rejoin(b);
  const gate = Promise.withResolvers<void>();
  // Of what is published now, the first entry still comes.
  await until(() => a.store.isFollowed);
  a.store.following = gate.promise;
  await publish(b, "f");
  await until(() => a.hub.stream("x")?.published === 4);
  await using client = connect(a, d);
  assertEquals(await next(client, 1), ["f"]);
  gate.resolve();
  assertEquals(await next(client, 1), [GAP]);
});

Deno.test("a hub records a loss again if the record is lost before the hub has read it", async () => {
  const list = new SharedList();
  const { a, b, ids: [d] } = await failOver(list);
  await using _ = a;
  await using __ = b;
  await using onB = connect(b, d);
  const gate = Promise.withResolvers<void>();
  const restore = list.snapshot();
  a.store.following = gate.promise;
  a.store.join();
  await until(() => list.entries.some(({ text }) => text.includes("through")));
  a.store.cut();
  restore();
  gate.resolve();
  await rejoin(a);
  await rejoin(b);
  await publish(b, "f");
  assertEquals(await next(onB, 2), [GAP, "f"]);
});

Deno.test("hubs report a loss whose record is lost with newer entries that all of them had", async () => {
  for (
    const [isEmpty, isFarFirst] of [[true, true], [true, false], [false, true], [false, false]]
  ) {
    const list = new SharedList();
    await using far = await start(list);
    await using b = await start(list);
    const d = await publish(far, "d");
    await until(() => b.hub.stream("x")?.published === 1);
    const restore = list.snapshot();
    b.store.cut();
    await publish(far, "e");
    restore();
    await using onB = connect(b, d);
    const seen = next(onB, 3);
    await rejoin(b);
    // Both deliver "f". One records the loss of "e", and nobody reads the record.
    const gate = Promise.withResolvers<void>();
    await until(() => far.store.isFollowed && b.store.isFollowed);
    far.store.following = b.store.following = gate.promise;
    await publish(b, "f");
    await until(() => far.hub.stream("x")?.published === 3);
    assertEquals(list.entries.filter(({ text }) => text.includes("through")).length, 1);
    for (const { store } of [far, b]) store.cut();
    if (isEmpty) list.flush();
    else restore();
    gate.resolve();
    for (const instance of isFarFirst ? [far, b] : [b, far]) await rejoin(instance);
    await publish(b, "g");
    assertEquals(await seen, ["f", GAP, "g"]);
  }
});

Deno.test("a hub reports a loss even if a store that begins anew seems to go on with its numbers", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await using b = await start(list);
  const first = await publish(a, "1");
  await until(() => b.hub.stream("x")?.published === 1);
  await using onB = connect(b, first);
  b.store.cut();
  await publish(a, "2");
  list.flush();
  await until(() => list.entries.length === 1 && a.hub.isLogUp);
  // The record of the loss is deleted, and the next entry has the number that the other hub expects.
  list.entries.pop();
  await publish(a, "3");
  await rejoin(b);
  assertEquals(await next(onB, 2), [GAP, "3"]);
});

Deno.test("a hub that starts reports entries missing before the oldest entry, unless they were trimmed", async () => {
  const list = new SharedList();
  await using a = await start(list);
  const first = await publish(a, "1");
  await publish(a, "2");
  await publish(a, "3");
  list.entries.splice(0, 2);
  await using b = await start(list);
  await using onB = connect(b, first);
  assertEquals(await next(onB, 2), [GAP, "3"]);
});

Deno.test("a hub reports a loss only for streams whose lost events it lacked", async () => {
  const list = new SharedList();
  const { a, b } = await failOver(list);
  await using _ = a;
  await using __ = b;
  await Promise.all([rejoin(a), rejoin(b)]);
  await publish(a, "f");
  await until(() => b.hub.stream("x")?.lastId === a.hub.stream("x")?.lastId);
  const restore = list.snapshot();
  await publish(a, "g", "y");
  await until(() => b.hub.stream("y")?.published === 2);
  await using onX = connect(b, b.hub.stream("x")!.lastId!);
  await using onY = connect(b, b.hub.stream("y")!.lastId!, "stream=y");
  b.store.cut();
  await publish(a, "h");
  a.store.cut();
  restore();
  await Promise.all([rejoin(a), rejoin(b)]);
  for (const stream of ["x", "y"]) await publish(a, "last", stream);
  assertEquals(await next(onX, 2), [GAP, "last"]);
  assertEquals(await next(onY, 1), ["last"]);
});

Deno.test("a hub reports the loss of everything only for streams whose lost events it lacked", async () => {
  for (const isLateFirst of [true, false]) {
    const list = new SharedList();
    await using a = await start(list);
    await using late = await start(list);
    const [onX, onY] = [await publish(a, "1"), await publish(a, "2", "y")];
    await until(() => late.hub.stream("y")?.published === 1);
    await using x = connect(late, onX);
    await using y = connect(late, onY, "stream=y");
    late.store.cut();
    await publish(a, "3", "y");
    a.store.cut();
    list.flush();
    for (const instance of isLateFirst ? [late, a] : [a, late]) await rejoin(instance);
    for (const stream of ["x", "y"]) await publish(a, "last", stream);
    assertEquals(await next(x, 1), ["last"]);
    assertEquals(await next(y, 2), ['gap {"streams":["y"]}', "last"]);
    await using resumed = connect(late, onX);
    assertEquals(await next(resumed, 1), ["last"]);
  }
});

Deno.test("hubs report a second loss of everything only for streams whose lost events were lacked", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await using b = await start(list);
  // The record of the first loss, whose streams are not known, is among the entries of the second one.
  await publish(a, "0");
  await until(() => b.hub.stream("x")?.published === 1);
  for (const { store } of [a, b]) store.cut();
  list.flush();
  for (const instance of [a, b]) await rejoin(instance);
  await publish(a, "1");
  const id = await publish(a, "2");
  await until(() => b.hub.stream("x")?.lastId === id);
  b.store.cut();
  await publish(a, "3", "y");
  a.store.cut();
  list.flush();
  for (const instance of [a, b]) await rejoin(instance);
  await using client = connect(b, id);
  const seen = next(client, 1);
  await publish(a, "last");
  assertEquals(await seen, ["last"]);
});

Deno.test("a client lacks nothing of a lost entry whose later events are of other streams", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await using b = await start(list);
  const restore = list.snapshot();
  b.store.cut();
  const [id] = await Promise.all([publish(a, "1"), publish(a, "2", "y")]);
  assertEquals(list.entries.length, 1);
  a.store.cut();
  restore();
  for (const instance of [a, b]) await rejoin(instance);
  for (const [query, expected] of [["stream=x", "last"], ["stream=y", 'gap {"streams":["y"]}']]) {
    await using client = connect(b, id, query);
    const seen = next(client, 1);
    for (const stream of ["x", "y"]) await publish(a, "last", stream);
    assertEquals(await seen, [expected!]);
  }
});

Deno.test("a client that had all that is lost is told of no gap by a hub that had a part of it", async () => {
  for (const isLateFirst of [true, false]) {
    const list = new SharedList();
    await using a = await start(list);
    await using late = await start(list);
    const d = await publish(a, "d");
    const restore = list.snapshot();
    await publish(a, "e1");
    await until(() => late.hub.stream("x")?.published === 2);
    late.store.cut();
    const e2 = await publish(a, "e2");
    a.store.cut();
    restore();
    for (const instance of isLateFirst ? [late, a] : [a, late]) await rejoin(instance);
    assertEquals(list.entries.filter(({ text }) => text.includes("through")).length, 2);
    await publish(a, "f");
    await using other = await start(list, { historyEvents: 1 });
    await publish(other, "g");
    for (const [id, expected] of [[e2, ["f", "g"]], [d, [GAP, "f", "g"]]] as const) {
      await using client = connect(other, id);
      assertEquals(await next(client, expected.length), [...expected]);
    }
  }
});

Deno.test("a client that was told of a loss gets no second gap when a hub records more of that loss", async () => {
  const list = new SharedList();
  await using behind = await start(list);
  await using near = await start(list);
  await using far = await start(list);
  const d = await publish(far, "d");
  await until(() => behind.hub.stream("x")?.published === 1);
  const restore = list.snapshot();
  behind.store.cut();
  const e1 = await publish(far, "e1");
  await until(() => near.hub.stream("x")?.published === 2);
  near.store.cut();
  await publish(far, "e2");
  far.store.cut();
  restore();
  await using staying = connect(behind, d);
  await using onNear = connect(near, e1);
  const seen = [next(staying, 3), next(onNear, 3)];
  for (const instance of [behind, near]) await rejoin(instance);
  const f = await publish(near, "f");
  await until(() => behind.hub.stream("x")?.lastId === f);
  // Hub "near" did not tell its clients of "e1": it had "e1".
  await using hopped = connect(behind, f);
  seen.push(next(hopped, 2));
  await rejoin(far);
  await publish(far, "g");
  assertEquals(await Promise.all(seen), [[GAP, "f", "g"], ["f", GAP, "g"], [GAP, "g"]]);
  await using late = await start(list, { historyEvents: 1 });
  await using reading = connect(late, d);
  assertEquals(await next(reading, 3), [GAP, "f", "g"]);
});

Deno.test("a client that had all that is lost gets no gap while nothing stands behind the record", async () => {
  const { a, b, ids: [, , e2] } = await failOver(new SharedList());
  await using _ = a;
  await using __ = b;
  for (const instance of [b, a]) await rejoin(instance);
  const { reads } = b.store;
  await until(() => b.hub.isLogUp && b.store.isFollowed);
  const before = reads.length;
  await using client = connect(b, e2);
  const seen = next(client, 1);
  await until(() => reads.length > before + 1);
  await publish(a, "g");
  assertEquals(await seen, ["g"]);
});

Deno.test("a stream goes on, on every hub, if its end is lost", async () => {
  for (const isEmpty of [false, true]) {
    const list = new SharedList();
    await using a = await start(list);
    await using b = await start(list);
    await publish(a, "d");
    await until(() => b.hub.stream("x")?.published === 1);
    const restore = list.snapshot();
    b.store.cut();
    await a.hub.end("x");
    a.store.cut();
    if (isEmpty) list.flush();
    else restore();
    await rejoin(a);
    await rejoin(b);
    for (const instance of [a, b]) {
      await using client = connect(instance);
      await client.next();
      await publish(instance, "on");
      assertEquals(await next(client, 1), ["on"]);
    }
  }
});

Deno.test("a client with all lost events gets no gap from a hub that goes on before it hears of them", async () => {
  const { a, b, ids: [d, , e2] } = await failOver(new SharedList());
  await using _ = a;
  await using __ = b;
  await rejoin(b);
  const f = await publish(b, "f");
  // The hub has an event after the id of "e2", which it has not had.
  const ids = [e2, d, f, undefined];
  const clients = ids.map((id) => connect(b, id));
  const seen = [2, 3, 2, 1].map((count, i) => next(clients[i]!, count));
  await rejoin(a);
  await publish(a, "g");
  const expected = [["f", "g"], ["f", GAP, "g"], [GAP, "g"], ["g"]];
  assertEquals(await Promise.all(seen), expected);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("a client with all lost events gets no gap from a hub that has yet to read the record of the loss", async () => {
  const list = new SharedList();
  const { a, b, ids: [d, e1, e2] } = await failOver(list);
  await using _ = a;
  await using __ = b;
  await rejoin(b);
  const gate = Promise.withResolvers<void>();
  await until(() => b.store.isFollowed);
  b.store.following = gate.promise;
  list.ring();
  await rejoin(a);
  await publish(a, "f");
  const { reads } = b.store;
  const before = reads.length;
  const clients = [e2, e1, d].map((id) => connect(b, id));
  const seen = [2, 3, 3].map((count, i) => next(clients[i]!, count));
  // The clients read the log.
  await until(() => reads.length >= before + 3);
  gate.resolve();
  await publish(a, "g");
  assertEquals(await Promise.all(seen), [["f", "g"], [GAP, "f", "g"], [GAP, "f", "g"]]);
  for (const client of clients) await client[Symbol.asyncDispose]();
});

Deno.test("a client that received a part of the lost events gets a gap, on every hub", async () => {
  const list = new SharedList();
  const { a, b, ids: [, e1] } = await failOver(list);
  await using _ = a;
  await using __ = b;
  await rejoin(a);
  await rejoin(b);
  await publish(b, "f");
  await using onB = connect(b, e1);
  assertEquals(await next(onB, 2), [GAP, "f"]);
  await until(() => a.hub.stream("x")?.published === 4);
  await using onA = connect(a, e1);
  assertEquals(await next(onA, 2), ["e2", "f"]);
});

Deno.test("a client gets a gap if it may lack events that were lost before its last event", async () => {
  const list = new SharedList();
  const { a, b, ids: [d] } = await failOver(list);
  await using _ = a;
  await using __ = b;
  await using live = connect(b, d);
  await rejoin(b);
  const f = await publish(b, "f");
  assertEquals(await next(live, 1), ["f"]);
  await rejoin(a);
  await publish(a, "g");
  // The client got its last event from the hub that lacked the events before it.
  await using hopped = connect(a, f);
  assertEquals(await next(hopped, 2), [GAP, "g"]);
});

Deno.test("a loss is recorded once, however many hubs had the lost events", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await using b = await start(list);
  const restore = list.snapshot();
  await publish(a, "1");
  await until(() => b.hub.stream("x")?.published === 1);
  for (const { store } of [a, b]) store.cut();
  restore();
  await Promise.all([a, b].map(rejoin));
  assertEquals(list.entries.map(({ text }) => text.includes("through")), [true]);
  await publish(a, "2");
  assertEquals([a.hub.stats().gaps, b.hub.stats().gaps], [0, 0]);
});

Deno.test("a hub sends a gap for entries that were trimmed before it read them, however fast", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await using b = await start(list);
  await publish(a, "1");
  await using onB = connect(b);
  await next(onB, 0);
  const gate = Promise.withResolvers<void>();
  await until(() => b.store.isFollowed);
  b.store.following = gate.promise;
  await publish(a, "2");
  assertEquals(await next(onB, 1), ["2"]);
  for (const data of ["3", "4"]) await publish(a, data);
  list.entries.splice(2, 1);
  gate.resolve();
  assertEquals(await next(onB, 2), [GAP, "4"]);
});

Deno.test("hubs whose store lost everything adopt the epoch of the hub that began anew", async () => {
  const list = new SharedList();
  await using a = await start(list, { historyEvents: 2 });
  const ids: string[] = [];
  for (const data of ["1", "2", "3", "4"]) ids.push(await publish(a, data));
  const read = Promise.withResolvers<void>();
  await using current = connect(a);
  await current.next();
  a.store.reading = read.promise;
  await using reading = connect(a, ids[0]);
  await reading.next();
  const behind = a.hub.subscribe(subscription("stream=x", ids[2])).body!.getReader();
  list.flush();
  await using c = await start(list);
  await publish(c, "5");
  read.resolve();
  assertMatch((await next(current, 1))[0]!, /^reset /);
  assertEquals(await next(current, 1), ["5"]);
  const seen = await next(reading, 1);
  while (!seen.at(-1)!.startsWith("reset")) seen.push(...await next(reading, 1));
  assertEquals(await next(reading, 1), ["5"]);
  let text = "";
  while (!text.includes("data: 5")) text += new TextDecoder().decode((await behind.read()).value);
  assertMatch(text, /event: reset\n/);
  await behind.cancel();
  await until(() => a.hub.isLogUp);
  const id = await publish(a, "6");
  assertEquals(id.split("-")[0], c.hub.stream("x")!.lastId.split("-")[0]);
  assertEquals([a.hub.stats().resets, a.hub.stats().subscribers], [3, 2]);
  await using old = connect(a, ids[3]);
  assertMatch((await next(old, 1))[0]!, /^reset /);
});

Deno.test("a hub rejects a pending publish with the code lost when its log begins anew", async () => {
  const list = new SharedList();
  await using a = await start(list);
  await publish(a, "1");
  const gate = Promise.withResolvers<void>();
  await until(() => a.store.isFollowed);
  a.store.following = gate.promise;
  await publish(a, "2");
  const pending = assertRejects(() => a.hub.publish("x", { data: "3" }), Error, "lost");
  await until(() => list.entries.length === 3);
  list.flush();
  await using _ = await start(list);
  await pending;
  gate.resolve();
});

Deno.test("a hub restores an evicted epoch, without any notice to clients", async () => {
  const list = new SharedList();
  await using a = await start(list);
  const first = await publish(a, "1");
  list.epoch = undefined;
  await until(() => list.epoch !== undefined);
  await until(() => a.hub.isLogUp);
  const second = await publish(a, "2");
  assertEquals(second.split("-")[0], first.split("-")[0]);
  await using client = connect(a, first);
  assertEquals(await next(client, 1), ["2"]);
  assertEquals([a.hub.stats().resets, a.hub.stats().gaps], [0, 0]);
});
