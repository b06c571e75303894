import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EventParserStream } from "../../lib/wire/parser.ts";
import { byTheStandard, message, PARSED, randomText } from "../parser_cases.ts";
import { cuts, parse, randomPieces, utf8 } from "../pieces.ts";
import { mulberry32 } from "../random.ts";

for (const [does, text, expected] of PARSED) {
  Deno.test(`EventParserStream ${does}`, async () => {
    const arrived = { events: [], retries: [], comments: [], ...expected };
    for (const pieces of cuts(text)) assertEquals(await parse(pieces), arrived);
  });
}

Deno.test("EventParserStream takes CRLF as one line end with an empty chunk between", async () => {
  const { events } = await parse(
    ["data: a\r", "", "\ndata: b\r", "", "", "\n\r", "", "\n"].map(utf8),
  );
  assertEquals(events, [message("a\nb")]);
});

Deno.test("EventParserStream ignores comments and retry without callbacks for them", async () => {
  const events = ReadableStream.from([utf8(": c\nretry: 5\ndata: a\n\n")])
    .pipeThrough(new EventParserStream());
  assertEquals(await Array.fromAsync(events), [message("a")]);
});

Deno.test("EventParserStream dispatches an event ended by CR without waiting for more", async () => {
  const { readable, writable } = new EventParserStream();
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  for (const [text, data] of [["data: a\r\r", "a"], ["\ndata: b\r\r", "b"]] as const) {
    const read = reader.read();
    await writer.write(utf8(text));
    assertEquals(await read, { done: false, value: message(data) });
  }
  await Promise.all([reader.read(), writer.close()]);
});

Deno.test("EventParserStream passes an error of its source on", async () => {
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new SyntaxError("gone")),
  });
  const events = source.pipeThrough(new EventParserStream());
  await assertRejects(() => Array.fromAsync(events), SyntaxError, "gone");
});

Deno.test("EventParserStream parses 10 MB in one line cut into small chunks", async () => {
  const data = "0123456789".repeat(1_000_000);
  const { events } = await parse(chunks(`data: ${data}\n\n`, 200));
  assert(events.length === 1 && events[0]!.data === data);
});

for (const [name, lineEnd] of [["LF", "\n"], ["CR", "\r"], ["CRLF", "\r\n"]] as const) {
  Deno.test(`EventParserStream parses 200 000 data lines that end in ${name}`, async () => {
    const text = `data: line${lineEnd}`.repeat(200_000) + lineEnd;
    const { events } = await parse([utf8(text)]);
    assert(events.length === 1 && events[0]!.data === "line\n".repeat(199_999) + "line");
  });
}

Deno.test("EventParserStream parses 100 000 events of one chunk", async () => {
  const { events } = await parse([utf8("data: a\n\n".repeat(100_000))]);
  assert(events.length === 100_000 && events.every(({ data }) => data === "a"));
});

Deno.test("EventParserStream parses 2 000 random streams as the standard does", async () => {
  const random = mulberry32(2);
  for (let stream = 0; stream < 2_000; stream++) {
    const text = randomText(random);
    assertEquals(
      await parse(randomPieces(text, random)),
      byTheStandard(text),
      JSON.stringify(text),
    );
  }
});

Deno.test("EventParserStream accepts an event of maxEventBytes, line ends not counted", async () => {
  const text = "data: 1234\r\n\r\ndata:\ndata\n\ndata: 5678\n\n";
  for (const pieces of cuts(text)) {
    const { events } = await parse(pieces, { maxEventBytes: 10 });
    assertEquals(events, [message("1234"), message("\n"), message("5678")]);
  }
});

Deno.test("EventParserStream refuses one line of more than maxEventBytes", async () => {
  for (const pieces of cuts("data: 12345\n\n")) {
    await assertRejects(
      () => parse(pieces, { maxEventBytes: 10 }),
      RangeError,
      "Cannot parse event: it has more than 10 bytes",
    );
  }
});

Deno.test("EventParserStream refuses data lines of more than maxEventBytes together", async () => {
  for (const pieces of cuts("data:1\ndata:2\n\n")) {
    await assertRejects(() => parse(pieces, { maxEventBytes: 11 }), RangeError, "11 bytes");
    assertEquals((await parse(pieces, { maxEventBytes: 12 })).events, [message("1\n2")]);
  }
});

Deno.test("EventParserStream refuses a line before it ends", async () => {
  for (const line of ["data: ", ": ", "id: ", "foo"]) {
    const pieces = chunks(line + "x".repeat(100), 10);
    await assertRejects(() => parse(pieces, { maxEventBytes: 50 }), RangeError);
  }
});

Deno.test("EventParserStream counts bytes, not characters", async () => {
  const pieces = [utf8("data:€€\n\n")];
  await assertRejects(() => parse(pieces, { maxEventBytes: 10 }), RangeError);
  assertEquals((await parse(pieces, { maxEventBytes: 11 })).events, [message("€€")]);
});

Deno.test("EventParserStream dispatches what came before the event it refuses", async () => {
  const events = ReadableStream.from([utf8("data: a\n\n"), utf8("data: too long\n\n")])
    .pipeThrough(new EventParserStream({ maxEventBytes: 10 })).getReader();
  assertEquals(await events.read(), { done: false, value: message("a") });
  await assertRejects(() => events.read(), RangeError);
});

Deno.test("EventParserStream counts the bytes of each event from 0", async () => {
  const { events } = await parse([utf8("data: 1234\n\n".repeat(1_000))], { maxEventBytes: 10 });
  assertEquals(events.length, 1_000);
});

for (const line of [":", ": heartbeat", "id: 7", "event: e", "retry: 5", "foo: bar", "foo"]) {
  Deno.test(`EventParserStream counts no lines of ${line} toward maxEventBytes`, async () => {
    const text = `data: a\n${`${line}\n`.repeat(10_000)}data: b\n\n`;
    const { events } = await parse(chunks(text, 1_000), { maxEventBytes: 30 });
    assertEquals(events.map((event) => event.data), ["a\nb"]);
  });
}

Deno.test("EventParserStream refuses more than 16 MiB by default", async () => {
  const line = Array(16).fill(new Uint8Array(1_048_576).fill(0x61));
  assertEquals((await parse(line)).events, []);
  await assertRejects(() => parse([...line, utf8("a")]), RangeError, "more than 16777216 bytes");
});

Deno.test("EventParserStream refuses a maxEventBytes that is not above 0", () => {
  for (const maxEventBytes of [0, -1, NaN, -Infinity]) {
    assertThrows(
      () => new EventParserStream({ maxEventBytes }),
      RangeError,
      `Cannot create parser: maxEventBytes must be a number above 0, got ${maxEventBytes}`,
    );
  }
});

Deno.test("EventParserStream accepts a maxEventBytes of Infinity", async () => {
  const { events } = await parse([utf8("data: a\n\n")], { maxEventBytes: Infinity });
  assertEquals(events, [message("a")]);
});

function chunks(text: string, size: number): Uint8Array[] {
  const bytes = utf8(text);
  const count = Math.ceil(bytes.length / size);
  return Array.from(
    { length: count },
    (_, index) => bytes.subarray(index * size, (index + 1) * size),
  );
}
