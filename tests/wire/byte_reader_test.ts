import { assertEquals, assertRejects } from "@std/assert";
import { ByteReader } from "../../lib/wire/byte_reader.ts";
import { macrotask } from "../wait.ts";

const never = () => new Error("late");

/** A stream of type "bytes" that remembers how large the buffers of its reads were. */
function bytesSource(bytes: Uint8Array, sizes: number[] = []): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream({
    type: "bytes",
    pull(controller) {
      const view = controller.byobRequest!.view as Uint8Array;
      sizes.push(view.byteLength);
      const part = bytes.subarray(offset, offset + view.byteLength);
      offset += part.length;
      view.set(part);
      if (part.length === 0) controller.close();
      controller.byobRequest!.respond(part.length);
    },
  });
}

Deno.test("ByteReader reads few bytes at once until they come faster than that", async () => {
  const sizes: number[] = [];
  const reader = new ByteReader(bytesSource(new Uint8Array(3_000), sizes));
  let length = 0;
  for (let bytes; (bytes = await reader.read(0, never));) length += bytes.length;
  assertEquals([length, sizes], [3_000, [1_024, 65_536, 1_024]]);
});

Deno.test("ByteReader reads streams of any type", async () => {
  const reader = new ByteReader(ReadableStream.from([Uint8Array.of(1), Uint8Array.of(2)]));
  assertEquals(await reader.read(0, never), Uint8Array.of(1));
  assertEquals(await reader.read(0, never), Uint8Array.of(2));
  assertEquals(await reader.read(0, never), undefined);
});

Deno.test("ByteReader.read() rejects after the timeout", async () => {
  const reader = new ByteReader(new ReadableStream());
  await assertRejects(() => reader.read(1, never), Error, "late");
});

Deno.test("ByteReader.interrupt() makes the waiting read reject, and every later one", async () => {
  const reader = new ByteReader(ReadableStream.from([Uint8Array.of(1)]));
  const waiting = reader.wait(new Promise(() => {}), 60_000);
  reader.interrupt(new Error("stop"));
  await assertRejects(() => waiting, Error, "stop");
  await assertRejects(() => reader.read(0, never), Error, "stop");
});

Deno.test("ByteReader.release() unlocks a stream that no read waits for", async () => {
  const source = ReadableStream.from([Uint8Array.of(1)]);
  const reader = new ByteReader(source);
  await reader.read(0, never);
  reader.release();
  assertEquals(source.locked, false);
});

Deno.test("ByteReader.release() cancels a stream only when its waiting read has settled", async () => {
  let isCancelled = false;
  let push = (_: Uint8Array) => {};
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => void (push = (bytes) => controller.enqueue(bytes)),
    cancel: () => void (isCancelled = true),
  });
  const reader = new ByteReader(source);
  await assertRejects(() => reader.read(1, never), Error, "late");
  reader.release();
  await macrotask();
  assertEquals(isCancelled, false);
  push(Uint8Array.of(1));
  await macrotask();
  assertEquals(isCancelled, true);
});
