import { assertEquals } from "@std/assert";
import { Pulse } from "../lib/pulse.ts";
import { EventResponse } from "../lib/response.ts";

const bytes = new TextEncoder().encode("data: x\n\n");

/** A response whose first bytes are taken, its pulse, and what was sent since. */
async function open() {
  const response = new EventResponse(bytes, reportError);
  const reader = response.respond({}).body!.getReader();
  await reader.read();
  return { response, reader, pulse: new Pulse(response) };
}

Deno.test("Pulse.tick() sends a heartbeat when silence would become too long, and not before", async () => {
  const { response, reader, pulse } = await open();
  const options = { heartbeatMs: 30, stallMs: 0 };
  const sent = [];
  for (let tick = 0; tick < 6; tick++) {
    const before = response.bytes;
    pulse.tick(10, options);
    sent.push(response.bytes - before);
    if (sent.at(-1)) await reader.read();
  }
  assertEquals(sent, [0, 0, 2, 0, 0, 2]);
  await reader.cancel();
});

Deno.test("Pulse.tick() sends no heartbeat while there is something else", async () => {
  const { response, reader, pulse } = await open();
  for (let tick = 0; tick < 10; tick++) {
    response.enqueue(bytes, 1);
    await reader.read();
    const before = response.bytes;
    pulse.tick(10, { heartbeatMs: 20, stallMs: 0 });
    assertEquals(response.bytes, before);
  }
  await reader.cancel();
});

Deno.test("Pulse.tick() ends a response of which nothing is taken, not one that is slow", async () => {
  const { response, reader, pulse } = await open();
  const options = { heartbeatMs: 0, stallMs: 30 };
  response.enqueue(bytes, 1);
  response.enqueue(bytes, 1);
  const ended = [];
  for (let tick = 0; tick < 8; tick++) {
    if (tick === 2) await reader.read();
    pulse.tick(10, options);
    ended.push(response.isEnded);
  }
  assertEquals(ended, [false, false, false, false, false, true, true, true]);
  await reader.cancel();
});

Deno.test("Pulse.tick() with everything off does nothing", async () => {
  const { response, reader, pulse } = await open();
  response.enqueue(bytes, 1);
  const before = response.bytes;
  for (let tick = 0; tick < 100; tick++) pulse.tick(1_000, { heartbeatMs: 0, stallMs: 0 });
  assertEquals([response.bytes, response.isEnded], [before, false]);
  await reader.cancel();
});
