import { assertEquals } from "@std/assert";
import { BroadcastHub } from "../../lib/mod.ts";
import { MemoryLog } from "../../lib/log/memory.ts";
import { testLog } from "./contract.ts";

testLog({
  name: "MemoryLog",
  isShared: false,
  isDurable: false,
  ignore: false,
  place: () => ({
    open: () => new MemoryLog(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
});

/** A log that has delivered an event before `append()` returns, and answers in the given way. */
class PromisingLog extends MemoryLog {
  override append(...args: Parameters<MemoryLog["append"]>): ReturnType<MemoryLog["append"]> {
    return Promise.resolve(super.append(...args));
  }
}

for (const log of [new MemoryLog(), new PromisingLog()]) {
  Deno.test(`${log.constructor.name} answers publishes with the same ids, with keys and without`, async () => {
    await using hub = new BroadcastHub({ log });
    const publish = async (...ids: (string | undefined)[]) =>
      (await hub.publish("a", ids.map((id) => id ? { id, data: "x" } : { data: "x" }))).id;
    const published = [
      await publish(undefined),
      await publish("k1", undefined, "k2"),
      await publish("k1"),
      await publish("k2", "k2"),
      await publish("k3", "k3"),
      await publish(undefined, undefined),
    ];
    const positions = published.map((id) => id.split("-").at(-1));
    assertEquals(positions, ["1", "4", "2", "4", "5", "7"]);
  });
}
