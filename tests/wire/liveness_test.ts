import { assertEquals } from "@std/assert";
import {
  Liveness,
  type LivenessOptions,
  startTicks,
  type Tick,
  watch,
} from "../../lib/wire/liveness.ts";
import { RESPONSE_SETTINGS } from "../client.ts";
import { EventResponse } from "../../lib/wire/event_response.ts";

const bytes = new TextEncoder().encode("data: x\n\n");

const OFF = { heartbeatMs: 0, stallMs: 0 };

/** An open response whose first bytes are taken, the reader of its body, and its liveness. */
async function open(options: LivenessOptions, expiresMs = Infinity) {
  const response = new EventResponse(bytes, RESPONSE_SETTINGS);
  const reader = response.respond({}).body!.getReader();
  await reader.read();
  return { response, reader, liveness: new Liveness(response, options, expiresMs) };
}

/** A tick that comes on time, with some properties overridden. */
function tickOf(tickMs: number, { timeMs = 0, elapsedMs = tickMs }: Partial<Tick> = {}): Tick {
  return { timeMs, tickMs, elapsedMs };
}

Deno.test("Liveness.tick() sends a heartbeat when silence would become too long, and not before", async () => {
  const { response, reader, liveness } = await open({ heartbeatMs: 30, stallMs: 0 });
  const sent = [];
  for (let tick = 0; tick < 6; tick++) {
    const before = response.bytes;
    liveness.tick(tickOf(10));
    sent.push(response.bytes - before);
    if (sent.at(-1)) await reader.read();
  }
  assertEquals(sent, [0, 0, 2, 0, 0, 2]);
  await reader.cancel();
});

Deno.test("Liveness.tick() sends no heartbeat while events are sent", async () => {
  const { response, reader, liveness } = await open({ heartbeatMs: 20, stallMs: 0 });
  for (let tick = 0; tick < 10; tick++) {
    response.enqueue(bytes, 1);
    await reader.read();
    const before = response.bytes;
    liveness.tick(tickOf(10));
    assertEquals(response.bytes, before);
  }
  await reader.cancel();
});

Deno.test("Liveness.tick() ends a response whose client takes nothing, but not one whose client is slow", async () => {
  const { response, reader, liveness } = await open({ heartbeatMs: 0, stallMs: 30 });
  response.enqueue(bytes, 1);
  response.enqueue(bytes, 1);
  const ended = [];
  for (let tick = 0; tick < 8; tick++) {
    if (tick === 2) await reader.read();
    liveness.tick(tickOf(10));
    ended.push(response.isEnded);
  }
  assertEquals(ended, [false, false, false, false, false, true, true, true]);
  await reader.cancel();
});

Deno.test("Liveness.tick() with everything off does nothing", async () => {
  const { response, reader, liveness } = await open(OFF);
  response.enqueue(bytes, 1);
  const before = response.bytes;
  for (let tick = 0; tick < 100; tick++) {
    liveness.tick(tickOf(1_000));
  }
  assertEquals([response.bytes, response.isEnded], [before, false]);
  await reader.cancel();
});

Deno.test("Liveness.tick() sends expired and ends a response when its time is over by the wall clock", async () => {
  const { response, reader, liveness } = await open(OFF, 3_600_000);
  for (const timeMs of [0, 3_598_000, 3_599_000]) {
    liveness.tick(tickOf(1_000, { timeMs }));
    assertEquals(response.isEnded, false);
  }
  liveness.tick(tickOf(1_000, { timeMs: 3_599_001 }));
  assertEquals(
    new TextDecoder().decode((await reader.read()).value),
    "event: expired\ndata: {}\n\n",
  );
  assertEquals((await reader.read()).done, true);
});

Deno.test("Liveness.tick() ends a response at the first tick after the machine was suspended", async () => {
  const { response, liveness } = await open(OFF, 3_600_000);
  liveness.tick(tickOf(1_000, { timeMs: 1_000 }));
  liveness.tick(tickOf(1_000, { timeMs: 30_000_000 }));
  assertEquals(response.isEnded, true);
});

Deno.test("Liveness.tick() ends no response early when the clock is set back", async () => {
  const { response, reader, liveness } = await open(OFF, 3_600_000);
  for (let i = 0; i < 5_000; i++) {
    liveness.tick(tickOf(1_000, { timeMs: 3_599_000 - i * 1_000 }));
  }
  assertEquals(response.isEnded, false);
  await reader.cancel();
});

Deno.test("Liveness.tick() sends one heartbeat at once after the event loop stood still", async () => {
  const { response, reader, liveness } = await open({ heartbeatMs: 60, stallMs: 0 });
  const sent = [];
  for (const elapsedMs of [10, 10, 1_000, 10, 10]) {
    const before = response.bytes;
    liveness.tick(tickOf(10, { elapsedMs }));
    sent.push(response.bytes - before);
    if (sent.at(-1)) await reader.read();
  }
  assertEquals(sent, [0, 0, 2, 0, 0]);
  await reader.cancel();
});

Deno.test("Liveness.tick() does not end a client as stalled because the event loop stood still", async () => {
  const { response, reader, liveness } = await open({ heartbeatMs: 0, stallMs: 60 });
  response.enqueue(bytes, 1);
  for (let i = 0; i < 3; i++) {
    liveness.tick(tickOf(10, { elapsedMs: 100_000, timeMs: i * 100_000 }));
  }
  assertEquals(response.isEnded, false);
  await reader.cancel();
});

Deno.test("startTicks() says how long ago the last tick was", async () => {
  const { promise, resolve } = Promise.withResolvers<Tick>();
  const beforeMs = performance.now();
  const stop = startTicks(1, resolve);
  // The event loop stands still.
  while (performance.now() - beforeMs < 50);
  const { tickMs, elapsedMs, timeMs } = await promise;
  stop();
  assertEquals([tickMs, elapsedMs >= 50, Math.abs(timeMs - Date.now()) < 60_000], [1, true, true]);
});

Deno.test("watch() checks as often as the options need, and holds no timer once every response has ended", async () => {
  const read = async (heartbeatMs: number) => {
    const response = new EventResponse(bytes, RESPONSE_SETTINGS);
    response.onEnd(watch(response, { heartbeatMs, stallMs: 0 }, Infinity));
    const reader = response.respond({}).body!.getReader();
    await reader.read();
    const { value } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(value);
  };
  assertEquals(await Promise.all([read(20), read(20), read(30)]), [":\n", ":\n", ":\n"]);
});

Deno.test("watch() ends a response whose check throws, and goes on with the others", async () => {
  const errors: unknown[] = [];
  const broken = new EventResponse(bytes, {
    ...RESPONSE_SETTINGS,
    report: (error) => errors.push(error),
  });
  const { response, reader } = await open(OFF);
  Object.defineProperty(broken, "waitingBytes", {
    get() {
      throw new Error("broken");
    },
  });
  for (const one of [broken, response]) {
    one.onEnd(watch(one, { heartbeatMs: 20, stallMs: 0 }, Infinity));
  }
  assertEquals(new TextDecoder().decode((await reader.read()).value), ":\n");
  assertEquals([broken.isEnded, response.isEnded, errors.map(String)], [true, false, [
    "Error: broken",
  ]]);
  await reader.cancel();
});
