import { assertEquals } from "@std/assert";
import { Pulse, startTicks, type Tick } from "../lib/pulse.ts";
import { EventResponse } from "../lib/response.ts";

const bytes = new TextEncoder().encode("data: x\n\n");

/** A response whose first bytes have been taken, its reader and its pulse. */
async function open(expiresMs = Infinity) {
  const response = new EventResponse(bytes, reportError);
  const reader = response.respond({}).body!.getReader();
  await reader.read();
  return { response, reader, pulse: new Pulse(response, expiresMs) };
}

/** A tick that comes in time, unless the options say otherwise. */
function tickOf(tickMs: number, { timeMs = 0, elapsedMs = tickMs }: Partial<Tick> = {}): Tick {
  return { timeMs, tickMs, elapsedMs };
}

Deno.test("Pulse.tick() sends a heartbeat when silence would become too long, and not before", async () => {
  const { response, reader, pulse } = await open();
  const options = { heartbeatMs: 30, stallMs: 0 };
  const sent = [];
  for (let tick = 0; tick < 6; tick++) {
    const before = response.bytes;
    pulse.tick(tickOf(10), options);
    sent.push(response.bytes - before);
    if (sent.at(-1)) await reader.read();
  }
  assertEquals(sent, [0, 0, 2, 0, 0, 2]);
  await reader.cancel();
});

Deno.test("Pulse.tick() sends no heartbeat while events are sent", async () => {
  const { response, reader, pulse } = await open();
  for (let tick = 0; tick < 10; tick++) {
    response.enqueue(bytes, 1);
    await reader.read();
    const before = response.bytes;
    pulse.tick(tickOf(10), { heartbeatMs: 20, stallMs: 0 });
    assertEquals(response.bytes, before);
  }
  await reader.cancel();
});

Deno.test("Pulse.tick() ends a response whose client takes nothing, but not one whose client is slow", async () => {
  const { response, reader, pulse } = await open();
  const options = { heartbeatMs: 0, stallMs: 30 };
  response.enqueue(bytes, 1);
  response.enqueue(bytes, 1);
  const ended = [];
  for (let tick = 0; tick < 8; tick++) {
    if (tick === 2) await reader.read();
    pulse.tick(tickOf(10), options);
    ended.push(response.isEnded);
  }
  assertEquals(ended, [false, false, false, false, false, true, true, true]);
  await reader.cancel();
});

Deno.test("Pulse.tick() with everything off does nothing", async () => {
  const { response, reader, pulse } = await open();
  response.enqueue(bytes, 1);
  const before = response.bytes;
  for (let tick = 0; tick < 100; tick++) pulse.tick(tickOf(1_000), { heartbeatMs: 0, stallMs: 0 });
  assertEquals([response.bytes, response.isEnded], [before, false]);
  await reader.cancel();
});

const OFF = { heartbeatMs: 0, stallMs: 0 };

Deno.test("Pulse.tick() sends expired and ends a response when its time is over by the wall clock", async () => {
  const { response, reader, pulse } = await open(3_600_000);
  for (const timeMs of [0, 3_598_000, 3_599_000]) {
    pulse.tick(tickOf(1_000, { timeMs }), OFF);
    assertEquals(response.isEnded, false);
  }
  pulse.tick(tickOf(1_000, { timeMs: 3_599_001 }), OFF);
  assertEquals(
    new TextDecoder().decode((await reader.read()).value),
    "event: expired\ndata: {}\n\n",
  );
  assertEquals((await reader.read()).done, true);
});

Deno.test("Pulse.tick() ends a response at the first tick after the machine was suspended", async () => {
  const { response, pulse } = await open(3_600_000);
  pulse.tick(tickOf(1_000, { timeMs: 1_000 }), OFF);
  pulse.tick(tickOf(1_000, { timeMs: 30_000_000 }), OFF);
  assertEquals(response.isEnded, true);
});

Deno.test("Pulse.tick() ends no response early because the clock was set back", async () => {
  const { response, reader, pulse } = await open(3_600_000);
  for (let i = 0; i < 5_000; i++) {
    pulse.tick(tickOf(1_000, { timeMs: 3_599_000 - i * 1_000 }), OFF);
  }
  assertEquals(response.isEnded, false);
  await reader.cancel();
});

Deno.test("Pulse.tick() sends a heartbeat at once after the event loop stood still, and only one", async () => {
  const { response, reader, pulse } = await open();
  const sent = [];
  for (const elapsedMs of [10, 10, 1_000, 10, 10]) {
    const before = response.bytes;
    pulse.tick(tickOf(10, { elapsedMs }), { heartbeatMs: 60, stallMs: 0 });
    sent.push(response.bytes - before);
    if (sent.at(-1)) await reader.read();
  }
  assertEquals(sent, [0, 0, 2, 0, 0]);
  await reader.cancel();
});

Deno.test("Pulse.tick() does not end a client as stalled because the event loop stood still", async () => {
  const { response, reader, pulse } = await open();
  response.enqueue(bytes, 1);
  for (let i = 0; i < 3; i++) {
    pulse.tick(tickOf(10, { elapsedMs: 100_000, timeMs: i * 100_000 }), {
      heartbeatMs: 0,
      stallMs: 60,
    });
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
