import { assertEquals, assertRejects } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { HubError } from "../../lib/hub/hub_error.ts";
import { entry, ScriptedLog } from "../scripted_log.ts";
import { macrotask } from "../wait.ts";

Deno.test("BroadcastHub.publish() resolves when the log has delivered the event", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  let isDone = false;
  const publishing = hub.publish("x", { data: "1" }).finally(() => isDone = true);
  log.lose(999);
  await log.deliver(999);
  await macrotask();
  assertEquals(isDone, false);
  log.send([entry(1_000)]);
  assertEquals((await publishing).id, "e-1000");
});

Deno.test("BroadcastHub.publish() rejects when the log becomes unreachable before it has delivered the event", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  const publishing = hub.publish("x", { data: "1" });
  const ending = hub.end("x");
  await macrotask();
  log.change(false, new Error("cable pulled"));
  const refused = await assertRejects(() => publishing, HubError, "unreachable: cable pulled");
  assertEquals(refused.code, "unreachable");
  await assertRejects(() => ending, HubError, 'Cannot end stream "x"');
});

Deno.test("BroadcastHub.publish() rejects when the log has lost the event", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  const publishing = hub.publish("x", { data: "1" });
  await macrotask();
  log.lose(1_000);
  const refused = await assertRejects(() => publishing, HubError, "then lost it");
  assertEquals([refused.code, hub.stats().published], ["lost", 0]);
});

Deno.test("BroadcastHub passes an error of onLogChange to onError, and goes on", async () => {
  const log = new ScriptedLog();
  const errors: unknown[] = [];
  const onLogChange = () => {
    throw new Error("a hook that fails");
  };
  const onError = (error: unknown) => errors.push(error);
  await using hub = new BroadcastHub({ log, onLogChange, onError });
  log.change(false);
  log.change(true);
  assertEquals(errors.map(String), ["Error: a hook that fails", "Error: a hook that fails"]);
  await log.deliver(1);
  assertEquals(hub.stats().published, 1);
});

Deno.test("BroadcastHub counts publishers' keys in the bytes of all histories", async () => {
  await using hub = new BroadcastHub({ historyTotalBytes: 10_000 });
  for (let i = 0; i < 100; i++) {
    await hub.publish(`s${i}`, { data: "x", id: `${i}`.padEnd(128, "k") });
  }
  const { historyBytes } = hub.stats();
  assertEquals([historyBytes > 9_000, historyBytes <= 10_000], [true, true]);
  assertEquals([hub.stream("s0")?.events, hub.stream("s99")?.events], [0, 1]);
});

Deno.test("BroadcastHub counts a publisher's key only while it keeps the event", async () => {
  await using hub = new BroadcastHub({ historyEvents: 1 });
  for (let i = 0; i < 1_000; i++) {
    await hub.publish("a", { data: "x", id: `${i}`.padEnd(128, "k") });
  }
  const bytes = hub.stats().historyBytes;
  assertEquals([bytes > 128, bytes < 300], [true, true]);
  await hub.publish("a", { data: "x" });
  assertEquals(hub.stats().historyBytes, hub.stream("a")?.bytes);
});

Deno.test("BroadcastHub.publish() sends an event once if its key is twice in a batch, and returns the event's id", async () => {
  await using hub = new BroadcastHub();
  const { id } = await hub.publish("x", [
    { id: "key", data: "1" },
    { data: "2" },
    { id: "key", data: "1" },
  ]);
  assertEquals([hub.stream("x")!.events, id], [2, hub.stream("x")!.firstId]);
});
