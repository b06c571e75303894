import { assertEquals } from "@std/assert";
import { createResumableStreamContext } from "./resumable_stream.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { kv } from "../log/places.ts";

const TEXTS = ["Paris", " is\r\n", "the 🗼", " capital."];

/** A source that the test lets go on. */
function paced() {
  let controller!: ReadableStreamDefaultController<string>;
  const source = new ReadableStream<string>({ start: (its) => void (controller = its) });
  return {
    source,
    push: (text: string) => controller.enqueue(text),
    close: () => controller.close(),
  };
}

async function textOf(stream: ReadableStream<string> | null | undefined): Promise<string> {
  return (await Array.fromAsync(stream!)).join("");
}

Deno.test("resumableStream() gives everybody the whole text, and produces it once", async () => {
  await using hub = new BroadcastHub({ historyEvents: Infinity });
  const context = createResumableStreamContext(hub);
  let made = 0;
  const make = () => {
    made++;
    return ReadableStream.from(TEXTS);
  };
  const texts = await Promise.all(
    [1, 2, 3].map(async () => textOf(await context.resumableStream("1", make))),
  );
  assertEquals([texts, made], [Array(3).fill(TEXTS.join("")), 1]);
  assertEquals(await context.resumableStream("1", make), null);
});

Deno.test("resumeExistingStream() goes on after characters that a reader has", async () => {
  await using hub = new BroadcastHub({ historyEvents: Infinity });
  const context = createResumableStreamContext(hub);
  const { source, push, close } = paced();
  const first = await context.resumableStream("1", () => source);
  push(TEXTS[0]!);
  push(TEXTS[1]!);
  const second = await context.resumeExistingStream("1", 7);
  push(TEXTS[2]!);
  close();
  assertEquals(await textOf(first), "Paris is\r\nthe 🗼");
  assertEquals(await textOf(second), "s\r\nthe 🗼");
});

Deno.test("hasExistingStream() knows no stream, a stream, and a stream that has ended", async () => {
  await using hub = new BroadcastHub({ historyEvents: Infinity });
  const context = createResumableStreamContext(hub);
  assertEquals([await context.hasExistingStream("1"), await context.resumeExistingStream("1")], [
    null,
    undefined,
  ]);
  const { source, close } = paced();
  const stream = await context.resumableStream("1", () => source);
  assertEquals(await context.hasExistingStream("1"), true);
  close();
  assertEquals(await textOf(stream), "");
  assertEquals([await context.hasExistingStream("1"), await context.resumeExistingStream("1")], [
    "DONE",
    null,
  ]);
});

Deno.test({
  name: "resumeExistingStream() resumes on another instance, through a log",
  ignore: kv.ignore,
  async fn() {
    await using place = await kv.place();
    await using one = new BroadcastHub({ historyEvents: Infinity, log: place.open() });
    await using other = new BroadcastHub({ historyEvents: Infinity, log: place.open() });
    await Promise.all([one.ready, other.ready]);
    const { source, push, close } = paced();
    const first = await createResumableStreamContext(one).resumableStream("1", () => source);
    const reader = first!.getReader();
    push("Paris");
    assertEquals((await reader.read()).value, "Paris");
    const context = createResumableStreamContext(other);
    while (await context.hasExistingStream("1") === null) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const second = await context.resumeExistingStream("1");
    push(" is");
    close();
    assertEquals(await textOf(second), "Paris is");
    await reader.cancel();
  },
});
