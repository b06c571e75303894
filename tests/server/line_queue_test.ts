import { assert, assertEquals, assertLess } from "@std/assert";
import { LineQueue, type LineQueueOptions, type LineWriter } from "../../lib/server/line_queue.ts";

/** An output that does what `take` says: writes a number of bytes, fails, or blocks for ever. */
class Output implements LineWriter {
  text = "";
  readonly writes: number[] = [];
  take: (bytes: number) => number | Promise<number> = (bytes) => bytes;

  async write(bytes: Uint8Array): Promise<number> {
    this.writes.push(bytes.length);
    const taken = await this.take(bytes.length);
    this.text += new TextDecoder().decode(bytes.subarray(0, taken));
    return taken;
  }
}

/** A queue that reports dropped lines, and its output. */
function open(options: LineQueueOptions = {}) {
  const output = new Output();
  const queue: LineQueue = new LineQueue(output, {
    onDropped: (lines) => queue.print(`dropped ${lines}`),
    ...options,
  });
  return { output, queue };
}

const never = () => new Promise<number>(() => {});
const full = () => Promise.reject(new Error("No space left on device"));

Deno.test("LineQueue writes the lines of a turn at once, in order", async () => {
  const { output, queue } = open();
  for (const line of ["a", "", "grün"]) queue.print(line);
  await queue.flush(1_000);
  assertEquals([output.text, output.writes], ["a\n\ngrün\n", [9]]);
});

Deno.test("LineQueue writes at most 4096 bytes at once, or one line", async () => {
  const { output, queue } = open();
  for (const length of [4_000, 94, 95, 5_000, 1]) queue.print("x".repeat(length));
  await queue.flush(1_000);
  assertEquals(output.writes, [4_096, 96, 5_001, 2]);
});

Deno.test("LineQueue writes the rest of a chunk that was written in part", async () => {
  const { output, queue } = open();
  output.take = (bytes) => Math.min(bytes, 3);
  queue.print("one line");
  queue.print("another");
  await queue.flush(1_000);
  assertEquals(output.text, "one line\nanother\n");
});

Deno.test("LineQueue.print() drops and counts lines while its output blocks", async () => {
  const { output, queue } = open({ maxCharacters: 10 });
  output.take = never;
  queue.print("taken");
  await queue.flush(0);
  for (let i = 0; i < 100_000; i++) queue.print("1234");
  assertEquals([queue.dropped, output.writes.length, output.text], [99_998, 1, ""]);
});

Deno.test("LineQueue reports the number of dropped lines in their place", async () => {
  const { output, queue } = open({ maxCharacters: 5_000 });
  const { promise: goesOn, resolve } = Promise.withResolvers<number>();
  output.take = () => goesOn;
  queue.print("first");
  await queue.flush(0);
  for (let i = 0; i < 10; i++) queue.print(`${i}`.repeat(999));
  output.take = (bytes) => bytes;
  resolve(6);
  await queue.flush(1_000);
  queue.print("last");
  await queue.flush(1_000);
  const lines = output.text.split("\n").map((line) => line.slice(0, 9));
  const kept = [0, 1, 2, 3, 4].map((i) => `${i}`.repeat(9));
  assertEquals(lines, ["first", ...kept, "dropped 5", "last", ""]);
});

Deno.test("LineQueue goes on after a line longer than its limit", async () => {
  const { output, queue } = open({ maxCharacters: 10 });
  for (const line of ["x".repeat(20), "dropped", "also dropped"]) queue.print(line);
  await queue.flush(1_000);
  queue.print("a");
  await queue.flush(1_000);
  assertEquals(output.text, `${"x".repeat(20)}\ndropped 2\na\n`);
});

Deno.test("LineQueue retries a failed write from the byte where it stopped", async () => {
  const { output, queue } = open();
  output.take = (bytes) => output.writes.length === 1 ? Math.min(bytes, 4) : full();
  queue.print("one line");
  await queue.flush(1_000);
  queue.print("another");
  await queue.flush(1_000);
  assertEquals([output.text, queue.dropped], ["one ", 0]);
  output.take = (bytes) => bytes;
  queue.print("last");
  await queue.flush(1_000);
  assertEquals(output.text, "one line\nanother\nlast\n");
});

Deno.test("LineQueue.print() tries a failing output once a turn", async () => {
  const { output, queue } = open({ maxCharacters: 100 });
  output.take = full;
  for (let turn = 0; turn < 50; turn++) {
    queue.print("a line");
    queue.print("a line");
    await queue.flush(1_000);
  }
  assertEquals(output.writes.length, 50);
  assert(queue.dropped > 0);
});

Deno.test("LineQueue.print() treats a write of 0 bytes as a failure", async () => {
  const { output, queue } = open();
  output.take = () => 0;
  queue.print("a line");
  await queue.flush(1_000);
  assertLess(output.writes.length, 3);
});

Deno.test("LineQueue.flush() gives up in time on an output that blocks", async () => {
  const { output, queue } = open();
  output.take = never;
  queue.print("a line");
  await queue.flush(10);
  await queue.flush(10);
  assertEquals([output.text, output.writes.length], ["", 1]);
});

Deno.test("LineQueue.flush() resolves at once if there is nothing to write", async () => {
  const { output, queue } = open();
  await queue.flush(1e9);
  assertEquals(output.writes, []);
});
