import { assert, assertEquals, assertRejects } from "@std/assert";
import { readEvents } from "../../static/read_events.js";
import type { ParsedEvent } from "../../lib/wire/parser.ts";
import { byTheStandard, message, PARSED, randomText } from "../parser_cases.ts";
import { type Arrived, cuts, randomPieces, utf8 } from "../pieces.ts";
import { mulberry32 } from "../random.ts";

/** Reads pieces of a stream, one chunk each, as the pages do. */
async function read(pieces: Uint8Array[]): Promise<Arrived> {
  const arrived: Arrived = { events: [], retries: [], comments: [] };
  await readEvents(ReadableStream.from(pieces), {
    onEvent: (event: ParsedEvent) => arrived.events.push(event),
    onRetry: (retryMs: number) => arrived.retries.push(retryMs),
    onComment: (comment: string) => arrived.comments.push(comment),
  });
  return arrived;
}

for (const [does, text, expected] of PARSED) {
  Deno.test(`readEvents() ${does}`, async () => {
    const arrived = { events: [], retries: [], comments: [], ...expected };
    for (const pieces of cuts(text)) assertEquals(await read(pieces), arrived);
  });
}

Deno.test("readEvents() parses 2 000 random streams as the standard does", async () => {
  const random = mulberry32(3);
  for (let stream = 0; stream < 2_000; stream++) {
    const text = randomText(random);
    assertEquals(await read(randomPieces(text, random)), byTheStandard(text), JSON.stringify(text));
  }
});

Deno.test("readEvents() takes CRLF as one line end with an empty chunk between", async () => {
  const pieces = ["data: a\r", "", "\ndata: b\r", "", "", "\n\r", "", "\n"].map(utf8);
  assertEquals((await read(pieces)).events, [message("a\nb")]);
});

Deno.test("readEvents() tells of an event ended by CR without waiting for more", async () => {
  const { readable, writable } = new TransformStream<Uint8Array>();
  const writer = writable.getWriter();
  const { promise, resolve } = Promise.withResolvers<ParsedEvent>();
  const end = readEvents(readable, { onEvent: resolve });
  await writer.write(utf8("data: a\r\r"));
  assertEquals(await promise, message("a"));
  await writer.close();
  await end;
});

Deno.test("readEvents() rejects with an error of its source", async () => {
  const source = new ReadableStream({
    start: (controller) => controller.error(new SyntaxError("gone")),
  });
  await assertRejects(() => readEvents(source, { onEvent: () => {} }), SyntaxError, "gone");
});

Deno.test("readEvents() parses 5 MB in one line cut into small chunks", async () => {
  const data = "0123456789".repeat(500_000);
  const bytes = utf8(`data: ${data}\n\n`);
  const pieces = [];
  for (let at = 0; at < bytes.length; at += 500) pieces.push(bytes.subarray(at, at + 500));
  const { events } = await read(pieces);
  assert(events.length === 1 && events[0]!.data === data);
});
