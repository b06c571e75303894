import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EventParserStream, type ParsedEvent } from "../lib/parser.ts";
import { type Arrived, cuts, parse, randomPieces, utf8 } from "./pieces.ts";
import { mulberry32 } from "./random.ts";

const MAX_DIGITS = "9007199254740991";

const PARSED: [does: string, text: string | Uint8Array, arrived: Partial<Arrived>][] = [
  ["takes data", "data: a\n\n", { events: [message("a")] }],
  ["takes every field", "event: e\nid: 7\nretry: 5\ndata: a\n: c\n\n", {
    events: [{ event: "e", data: "a", lastEventId: "7" }],
    retries: [5],
    comments: ["c"],
  }],
  ["takes several events", "data: a\n\ndata: b\n\n", { events: [message("a"), message("b")] }],
  ["takes no event from nothing", "", {}],
  ["takes no event from blank lines", "\n\r\n\r\n\n", {}],

  ["takes a value without a space", "data:a\n\n", { events: [message("a")] }],
  ["removes one space of two", "data:  a\n\n", { events: [message(" a")] }],
  ["removes no tab", "data:\ta\n\n", { events: [message("\ta")] }],
  ["keeps trailing spaces", "data: a \n\n", { events: [message("a ")] }],
  ["keeps later colons", "data: a: b:\n\n", { events: [message("a: b:")] }],
  ["takes a field without a colon as empty", "data\n\n", { events: [message("")] }],
  ["takes a field without a value as empty", "data:\n\n", { events: [message("")] }],
  ["takes a field of one space as empty", "data: \n\n", { events: [message("")] }],
  ["joins data lines by LF", "data: a\ndata: b\n\n", { events: [message("a\nb")] }],
  ["joins two empty data lines to one LF", "data\ndata\n\n", { events: [message("\n")] }],
  ["keeps empty data lines at both ends", "data\ndata: a\ndata:\n\n", {
    events: [message("\na\n")],
  }],
  ["joins data lines with others between", "data: a\nid: 7\n:\ndata: b\n\n", {
    events: [message("a\nb", "7")],
    comments: [""],
  }],
  ["ignores unknown fields", "foo: a\ndate: b\ndata: c\ndatas: d\n\n", { events: [message("c")] }],
  ["ignores a name in capitals", "Data: a\nDATA: b\ndata: c\n\n", { events: [message("c")] }],
  ["ignores a name with spaces", " data: a\ndata : b\ndata: c\n\n", { events: [message("c")] }],
  ["takes a line without a colon as a name", "data a\ndata: b\n\n", { events: [message("b")] }],

  ["ends lines at CR", "data: a\rdata: b\r\r", { events: [message("a\nb")] }],
  ["ends lines at CRLF", "data: a\r\ndata: b\r\n\r\n", { events: [message("a\nb")] }],
  ["ends lines at CR and LF mixed", "data: a\rdata: b\ndata: c\r\n\r", {
    events: [message("a\nb\nc")],
  }],
  ["takes LF and CRLF as two line ends", "data: a\n\r\ndata: b\n\r", {
    events: [message("a"), message("b")],
  }],
  ["takes CR and CRLF as two line ends", "data: a\r\r\ndata: b\r\r\n", {
    events: [message("a"), message("b")],
  }],
  ["takes CRLF and LF as two line ends", "data: a\r\n\ndata: b\r\n\n", {
    events: [message("a"), message("b")],
  }],
  ["ends lines at nothing else", "data: a\u2028b\u0085c\v\f\0d\n\n", {
    events: [message("a\u2028b\u0085c\v\f\0d")],
  }],

  ["removes a BOM at the start", "\ufeffdata: a\n\n", { events: [message("a")] }],
  ["removes one BOM of two", "\ufeff\ufeffdata: a\ndata: b\n\n", { events: [message("b")] }],
  ["removes a BOM before a comment", "\ufeff: c\n", { comments: ["c"] }],
  ["removes a BOM before a blank line", "\ufeff\n\ufeffdata: a\ndata: b\n\n", {
    events: [message("b")],
  }],
  ["keeps a BOM at a later line", "data: a\n\ufeffdata: b\n\n", { events: [message("a")] }],
  ["keeps a BOM at a later event", "data: a\n\n\ufeffdata: b\n\n", { events: [message("a")] }],
  ["keeps a BOM in a value", "data:\ufeff\ndata: \ufeffa\n\n", {
    events: [message("\ufeff\n\ufeffa")],
  }],

  ["tells of comments", ": a\n:b\n:  c\n::d\n", { comments: ["a", "b", " c", ":d"] }],
  ["tells of empty comments", ":\n: \n", { comments: ["", ""] }],
  ["takes no field from a comment", ":data: a\n: id: 7\ndata: b\n\n", {
    events: [message("b")],
    comments: ["data: a", "id: 7"],
  }],

  ["takes the event name", "event: e\ndata: a\n\n", { events: [{ ...message("a"), event: "e" }] }],
  ["takes the event name after data", "data: a\nevent: e\n\n", {
    events: [{ ...message("a"), event: "e" }],
  }],
  ["takes the last event name", "event: d\nevent: e\ndata: a\n\n", {
    events: [{ ...message("a"), event: "e" }],
  }],
  ["takes an empty event name as message", "event: e\nevent\ndata: a\n\n", {
    events: [message("a")],
  }],
  ["forgets the event name with its event", "event: e\ndata: a\n\ndata: b\n\n", {
    events: [{ ...message("a"), event: "e" }, message("b")],
  }],
  ["forgets the event name without data", "event: e\n\ndata: a\n\n", { events: [message("a")] }],
  ["dispatches nothing without data", "event: e\nid: 7\nretry: 5\n\n", { retries: [5] }],

  ["keeps the id for later events", "id: 7\ndata: a\n\ndata: b\n\n", {
    events: [message("a", "7"), message("b", "7")],
  }],
  ["keeps the id of a block without data", "id: 7\n\ndata: a\n\n", { events: [message("a", "7")] }],
  ["takes the last id", "id: 7\ndata: a\nid: 8\n\n", { events: [message("a", "8")] }],
  ["clears the id with an empty one", "id: 7\ndata: a\n\nid:\ndata: b\n\n", {
    events: [message("a", "7"), message("b", "")],
  }],
  ["clears the id with a bare field", "id: 7\ndata: a\n\nid\ndata: b\n\n", {
    events: [message("a", "7"), message("b", "")],
  }],
  ["ignores an id with NUL", "id: 7\nid: a\0b\nid: \0\ndata: a\n\n", {
    events: [message("a", "7")],
  }],
  ["takes an id beyond ASCII", "id:  é \ndata: a\n\n", { events: [message("a", " é ")] }],

  ["tells of retry at once", "retry: 5\nretry:0\nretry: 007\n", { retries: [5, 0, 7] }],
  ["tells of the largest safe retry", `retry: ${MAX_DIGITS}\n`, { retries: [2 ** 53 - 1] }],
  ["ignores a retry that is not of digits", "retry: -1\nretry: 1.5\nretry: 1e3\nretry: 0x1\n", {}],
  ["ignores a retry with spaces", "retry:  5\nretry: 5 \nretry: 5\t\n", {}],
  ["ignores a retry of digits beyond ASCII", "retry: ٣\nretry: ５\n", {}],
  ["ignores an empty retry", "retry\nretry:\nretry: \n", {}],
  [
    "ignores a retry of absurdly many digits",
    `retry: 9007199254740992\nretry: ${MAX_DIGITS}0\n`,
    {},
  ],

  ["drops an unfinished event", "data: a\n\ndata: b\n", { events: [message("a")] }],
  ["drops an unfinished line", "data: a\n\ndata: b\nretry: 5", { events: [message("a")] }],

  ["takes text beyond ASCII", "event: é\ndata: € 😀\ndata:😀\n\n", {
    events: [{ ...message("€ 😀\n😀"), event: "é" }],
  }],
  ["makes U+FFFD of a stray byte", latin1("data: a\xffb\x80\n\n"), {
    events: [message("a\ufffdb\ufffd")],
  }],
  ["makes U+FFFD of a character cut by LF", latin1("data: \xf0\x9f\x98\ndata: b\n\n"), {
    events: [message("\ufffd\nb")],
  }],
  ["makes U+FFFD of a character cut by CR", latin1("data: \xe2\x82\r\xac\rdata: b\r\r"), {
    events: [message("\ufffd\nb")],
  }],
  ["makes U+FFFD of each byte of an encoded surrogate", latin1("data: \xed\xa0\x80\n\n"), {
    events: [message("\ufffd\ufffd\ufffd")],
  }],
  ["makes U+FFFD of each byte of an overlong LF", latin1("data: \xc0\x8a\n\n"), {
    events: [message("\ufffd\ufffd")],
  }],
];

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

Deno.test("EventParserStream ignores comments and retry that nobody asked for", async () => {
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

Deno.test("EventParserStream begins to count anew with each event", async () => {
  const { events } = await parse([utf8("data: 1234\n\n".repeat(1_000))], { maxEventBytes: 10 });
  assertEquals(events.length, 1_000);
});

for (const line of [":", ": heartbeat", "id: 7", "event: e", "retry: 5", "foo: bar", "foo"]) {
  Deno.test(`EventParserStream bears endless lines of ${line} within an event`, async () => {
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

function message(data: string, lastEventId = ""): ParsedEvent {
  return { event: "message", data, lastEventId };
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function chunks(text: string, size: number): Uint8Array[] {
  const bytes = utf8(text);
  const count = Math.ceil(bytes.length / size);
  return Array.from(
    { length: count },
    (_, index) => bytes.subarray(index * size, (index + 1) * size),
  );
}

function randomText(random: () => number): string {
  // deno-fmt-ignore
  const parts = [
    "\n", "\n", "\r", "\r", "\r\n", "\n\n", "data", "data: ", "data: a\n", "event", "event: e\r", "id", "id: 7\r\n",
    "retry", "retry: 12\n", ":", ":", ": c\n", " ", "\0", "\ufeff", "é", "😀", "1", "0", "x",
  ];
  const length = Math.floor(random() * 40);
  return Array.from({ length }, () => parts[Math.floor(random() * parts.length)]).join("");
}

/** The events of a whole text, parsed as plainly as the standard describes it. */
function byTheStandard(text: string): Arrived {
  const arrived: Arrived = { events: [], retries: [], comments: [] };
  let [data, event, lastEventId] = ["", "", ""];
  for (const line of text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/).slice(0, -1)) {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (line.startsWith(":")) arrived.comments.push(value);
    if (name === "data") data += value + "\n";
    if (name === "event") event = value;
    if (name === "id" && !value.includes("\0")) lastEventId = value;
    if (name === "retry" && /^[0-9]+$/.test(value)) arrived.retries.push(parseInt(value, 10));
    if (line !== "") continue;
    if (data) {
      arrived.events.push({ event: event || "message", data: data.slice(0, -1), lastEventId });
    }
    [data, event] = ["", ""];
  }
  return arrived;
}
