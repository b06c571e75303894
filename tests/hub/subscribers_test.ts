import { assert, assertEquals, assertMatch } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { Client, subscription } from "../client.ts";

Deno.test("subscribers() lists connections in the order in which they came, in pages", async () => {
  await using hub = new BroadcastHub();
  await using clients = new AsyncDisposableStack();
  const all = Array.from({ length: 7 }, (_, i) => {
    const client = { address: `192.0.2.${i}` };
    return clients.use(new Client(hub.subscribe(subscription(`stream=s${i % 2}`), { client })));
  });
  const pages: string[][] = [];
  for (let after = "";;) {
    const page = hub.subscribers({ after, limit: 3 });
    if (page.length === 0) break;
    pages.push(page.map(({ client }) => client.address!.slice(-1)));
    after = page.at(-1)!.id;
    // The connection after which the next page begins may have ended.
    await all[Number(pages.flat().at(-1))]!.leave();
  }
  assertEquals(pages, [["0", "1", "2"], ["3", "4", "5"], ["6"]]);
  assertEquals(hub.subscribers({ stream: "s1" }).length, 2);
});

Deno.test("a connection has an id that no other has, and is found by it while it is open", async () => {
  await using hub = new BroadcastHub();
  await using other = new BroadcastHub();
  await using a = new Client(hub.subscribe(subscription("stream=x")));
  await using _b = new Client(hub.subscribe(subscription("stream=x")));
  await using _c = new Client(other.subscribe(subscription("stream=x")));
  const ids = [...hub.subscribers(), ...other.subscribers()].map(({ id }) => id);
  assertEquals(new Set(ids).size, 3);
  for (const id of ids) assertMatch(id, /^[0-9a-z]+-[0-9a-z]+$/);
  assertEquals(hub.subscribers({ id: ids[0]! }).map(({ id }) => id), [ids[0]]);
  for (const id of [ids[2]!, "", "x", `${ids[0]}-`, `${ids[0]!.split("-")[0]}-0`]) {
    assertEquals(hub.subscribers({ id }), [], id);
  }
  await a.leave();
  assertEquals(hub.subscribers({ id: ids[0]! }), []);
});

Deno.test("a subscriber's lastId is the id through which it was sent everything, also at its end", async () => {
  const ends: (string | undefined)[] = [];
  await using hub = new BroadcastHub({ onUnsubscribe: (_, { lastId }) => ends.push(lastId) });
  await hub.publish("other", "1");
  await using client = new Client(hub.subscribe(subscription("stream=x")));
  const [{ lastId: begun } = { lastId: "" }] = hub.subscribers();
  assertEquals((await client.next())!.lastEventId, begun);
  const { id } = await hub.publish("x", "2");
  await hub.publish("other", "3");
  const [info] = hub.subscribers();
  assertEquals(info!.lastId, id);
  assert(info!.bytes > 0);
  await client.leave();
  assertEquals(ends, [id]);
});
