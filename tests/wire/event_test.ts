import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  checkEvent,
  encodeComment,
  encodeEvent,
  type ServerSentEvent,
} from "../../lib/wire/event.ts";
import { type Arrived, cuts, parse, randomPieces } from "../pieces.ts";
import { mulberry32 } from "../random.ts";

const ID_OF_128 = "0123456789abcdef".repeat(8);

const WRITTEN: [does: string, event: ServerSentEvent, wire: string][] = [
  [
    "writes comment, event, id, retry, data in this order and a blank line",
    { data: "d", retry: 5, id: "7", event: "e", comment: "c" },
    ": c\nevent: e\nretry: 5\ndata: d\nid: 7\n\n",
  ],
  ["writes data alone", { data: "d" }, "data: d\n\n"],
  ["writes a comment alone without a blank line", { comment: "c" }, ": c\n"],
  ["writes retry alone without a blank line", { retry: 5 }, "retry: 5\n"],
  ["writes comment and retry without a blank line", { comment: "c", retry: 5 }, ": c\nretry: 5\n"],
  ["writes an id alone with a blank line", { id: "7" }, "id: 7\n\n"],
  ["writes a comment and an id with a blank line", { comment: "c", id: "7" }, ": c\nid: 7\n\n"],
  ["writes an empty id as a bare field", { id: "" }, "id:\n\n"],
  ["writes an empty id beside data", { id: "", data: "d" }, "data: d\nid:\n\n"],
  ["writes no line for an empty event name", { event: "", data: "d" }, "data: d\n\n"],
  ["accepts an empty event name without data", { event: "", retry: 5 }, "retry: 5\n"],
  ["writes empty data", { data: "" }, "data: \n\n"],
  ["writes an empty comment", { comment: "" }, ": \n"],

  ["splits data at LF", { data: "a\nb" }, "data: a\ndata: b\n\n"],
  ["splits data at CR", { data: "a\rb" }, "data: a\ndata: b\n\n"],
  ["splits data at CRLF, once", { data: "a\r\nb" }, "data: a\ndata: b\n\n"],
  [
    "splits data at mixed line breaks",
    { data: "a\n\rb\r\r\nc\n\nd" },
    "data: a\ndata: \ndata: b\ndata: \ndata: c\ndata: \ndata: d\n\n",
  ],
  ["keeps a trailing line break of data", { data: "a\n" }, "data: a\ndata: \n\n"],
  ["keeps a leading line break of data", { data: "\na" }, "data: \ndata: a\n\n"],
  ["keeps data of one line break", { data: "\n" }, "data: \ndata: \n\n"],
  ["keeps data of line breaks only", { data: "\r\n\r\n" }, "data: \ndata: \ndata: \n\n"],
  ["keeps a leading space of data", { data: " a" }, "data:  a\n\n"],
  ["keeps leading spaces of every line", { data: " a\n  b" }, "data:  a\ndata:   b\n\n"],
  ["keeps data of one space", { data: " " }, "data:  \n\n"],
  ["keeps trailing spaces of data", { data: "a  " }, "data: a  \n\n"],
  ["keeps a leading colon of data", { data: ":a" }, "data: :a\n\n"],
  ["keeps data that looks like fields", { data: "id: 9\nx" }, "data: id: 9\ndata: x\n\n"],
  ["keeps NUL, tab and BOM in data", { data: "\ufeff\0\t" }, "data: \ufeff\0\t\n\n"],
  [
    "splits data at no other separator",
    { data: "a\u2028b\u2029c\u0085d\v\f" },
    "data: a\u2028b\u2029c\u0085d\v\f\n\n",
  ],
  ["keeps text beyond ASCII", { data: "é €\n😀" }, "data: é €\ndata: 😀\n\n"],
  ["leaves lone surrogates to UTF-8", { data: "\ud800 \udc00" }, "data: \ud800 \udc00\n\n"],

  [
    "keeps spaces and colons of an event name",
    { event: " a: b ", data: "d" },
    "event:  a: b \ndata: d\n\n",
  ],
  [
    "keeps text beyond ASCII in an event name",
    { event: "é😀", data: "" },
    "event: é😀\ndata: \n\n",
  ],
  [
    "splits a comment at every kind of line break",
    { comment: "a\nb\rc\r\nd" },
    ": a\n: b\n: c\n: d\n",
  ],
  ["keeps leading spaces of a comment", { comment: "  a" }, ":   a\n"],
  ["accepts an id of 128 characters", { id: ID_OF_128 }, `id: ${ID_OF_128}\n\n`],
  ["accepts an id of one character", { id: "~", data: "" }, "data: \nid: ~\n\n"],
  ["accepts an id with an inner space", { id: "a b", data: "" }, "data: \nid: a b\n\n"],
  ["accepts an id that begins with a colon", { id: ":7", data: "" }, "data: \nid: :7\n\n"],
  ["accepts a retry of 0", { retry: 0 }, "retry: 0\n"],
  ["accepts the largest retry", { retry: 2 ** 53 - 1 }, "retry: 9007199254740991\n"],
];

for (const [does, event, wire] of WRITTEN) {
  Deno.test(`encodeEvent() ${does}`, async () => {
    assertEquals(encodeEvent(event), wire);
    for (const pieces of cuts(wire)) assertEquals(await parse(pieces), arrived([event]));
  });
}

const REFUSED: [what: string, event: unknown, error: typeof Error, message: string][] = [
  ["an event name with LF", { event: "a\nb", data: "" }, TypeError, `"event" must not contain`],
  ["an event name with CR", { event: "a\rb", data: "" }, TypeError, `"event" must not contain`],
  [
    "an event name that ends in LF",
    { event: "a\n", data: "" },
    TypeError,
    `"event" must not contain`,
  ],
  ["an event name of LF", { event: "\n", data: "" }, TypeError, `"event" must not contain`],
  ["an event name without data", { event: "a" }, TypeError, `"event" needs "data"`],
  [
    "an event name with id, without data",
    { event: "a", id: "7" },
    TypeError,
    `"event" needs "data"`,
  ],
  ["an event name with retry, without data", { event: "a", retry: 5 }, TypeError, `needs "data"`],
  [
    "an event name with comment, without data",
    { event: "a", comment: "" },
    TypeError,
    `needs "data"`,
  ],
  ["an id with LF", { id: "a\nb", data: "" }, TypeError, `"id" must be`],
  ["an id with CR", { id: "a\rb", data: "" }, TypeError, `"id" must be`],
  ["an id that ends in LF", { id: "a\n", data: "" }, TypeError, `"id" must be`],
  ["an id of LF", { id: "\n", data: "" }, TypeError, `"id" must be`],
  ["an id with NUL", { id: "a\0b", data: "" }, TypeError, `"id" must be`],
  ["an id with a tab", { id: "a\tb", data: "" }, TypeError, `"id" must be`],
  ["an id with DEL", { id: "a\x7fb", data: "" }, TypeError, `"id" must be`],
  ["an id beyond ASCII", { id: "aéb", data: "" }, TypeError, `"id" must be`],
  ["an id with a lone surrogate", { id: "\ud800", data: "" }, TypeError, `"id" must be`],
  ["an id with a leading space", { id: " a", data: "" }, TypeError, `"id" must be`],
  ["an id with a trailing space", { id: "a ", data: "" }, TypeError, `"id" must be`],
  ["an id of one space", { id: " ", data: "" }, TypeError, `"id" must be`],
  ["an id of 129 characters", { id: `${ID_OF_128}x`, data: "" }, TypeError, `"id" must be`],
  [
    "a retry of -1",
    { retry: -1 },
    RangeError,
    `"retry" must be a non-negative safe integer, got -1`,
  ],
  ["a retry of 1.5", { retry: 1.5 }, RangeError, `"retry" must be`],
  ["a retry of NaN", { retry: NaN }, RangeError, `"retry" must be`],
  ["a retry of Infinity", { retry: Infinity }, RangeError, `"retry" must be`],
  ["a retry of 2 ** 53", { retry: 2 ** 53 }, RangeError, `"retry" must be`],
  ["a retry that is a string", { retry: "5" }, RangeError, `"retry" must be`],
  ["a retry that is null", { retry: null, data: "" }, RangeError, `"retry" must be`],
  ["data that is a number", { data: 5 }, TypeError, `"data" must be a string, got 5`],
  ["data that is null", { data: null }, TypeError, `"data" must be a string, got null`],
  ["data that is an object", { data: {} }, TypeError, `"data" must be a string`],
  [
    "data that is an object without prototype",
    { data: Object.create(null) },
    TypeError,
    `"data" must be`,
  ],
  ["data that is a symbol", { data: Symbol("a") }, TypeError, `"data" must be a string`],
  ["a retry that is a symbol", { retry: Symbol("a") }, RangeError, `"retry" must be`],
  ["an event name that is a number", { event: 5, data: "" }, TypeError, `"event" must be a string`],
  ["an id that is a number", { id: 5, data: "" }, TypeError, `"id" must be a string`],
  ["a comment that is a number", { comment: 5 }, TypeError, `"comment" must be a string`],
  ["an event without fields", {}, TypeError, "it has no field"],
  ["an event whose only field is an empty name", { event: "" }, TypeError, "it has no field"],
  ["an event whose fields are undefined", { data: undefined }, TypeError, "it has no field"],
  ["null for an event", null, TypeError, "expected an object, got null"],
  ["undefined for an event", undefined, TypeError, "expected an object, got undefined"],
  ["a string for an event", "data", TypeError, `expected an object, got "data"`],
];

for (const [what, event, error, message] of REFUSED) {
  Deno.test(`encodeEvent() refuses ${what}`, () => {
    const { message: text } = assertThrows(
      () => encodeEvent(event as ServerSentEvent),
      error,
      message,
    );
    assert(text.startsWith("Cannot encode event: "), text);
  });
}

Deno.test("encodeEvent() treats an undefined field as left out", () => {
  const event = {
    comment: undefined,
    event: undefined,
    id: undefined,
    retry: undefined,
    data: "d",
  };
  assertEquals(encodeEvent(event as unknown as ServerSentEvent), "data: d\n\n");
});

Deno.test("encodeEvent() quotes only the beginning of a long text that it refuses", () => {
  const { message } = assertThrows(() => encodeEvent({ id: "x".repeat(1_000_000) }), TypeError);
  assertLess(message.length, 500);
});

Deno.test("encodeEvent() quotes only the beginning of a long array that it refuses", () => {
  const event = { data: Array(1_000_000).fill(0) } as unknown as ServerSentEvent;
  const { message } = assertThrows(() => encodeEvent(event), TypeError);
  assertLess(message.length, 500);
});

Deno.test("encodeEvent() leaves lone surrogates, which become U+FFFD in UTF-8", () => {
  const bytes = new TextEncoder().encode(encodeEvent({ data: "\udc00\ud800" }));
  assertEquals(new TextDecoder().decode(bytes), "data: \ufffd\ufffd\n\n");
});

Deno.test("encodeEvent() sets the id of later events with an id alone", async () => {
  const wire = encodeEvent({ id: "7" }) + encodeEvent({ data: "d" });
  const { events } = await parse([new TextEncoder().encode(wire)]);
  assertEquals(events, [{ event: "message", data: "d", lastEventId: "7" }]);
});

Deno.test("encodeEvent() clears the id of later events with an empty id", async () => {
  const wire = encodeEvent({ id: "7", data: "a" }) + encodeEvent({ id: "" }) +
    encodeEvent({ data: "b" });
  const { events } = await parse([new TextEncoder().encode(wire)]);
  assertEquals(events.map((event) => event.lastEventId), ["7", ""]);
});

Deno.test("encodeEvent() encodes 10 MB of data", async () => {
  const data = "0123456789".repeat(1_000_000);
  const wire = encodeEvent({ data });
  assert(wire === `data: ${data}\n\n`);
  const { events } = await parse([new TextEncoder().encode(wire)]);
  assert(events[0]?.data === data);
});

for (const [name, lineBreak] of [["LF", "\n"], ["CR", "\r"], ["CRLF", "\r\n"]] as const) {
  Deno.test(`encodeEvent() encodes 200 000 lines that end in ${name}`, async () => {
    const wire = encodeEvent({ data: `line${lineBreak}`.repeat(200_000) });
    assert(wire === `${"data: line\n".repeat(200_000)}data: \n\n`);
    const { events } = await parse([new TextEncoder().encode(wire)]);
    assert(events[0]?.data === "line\n".repeat(200_000));
  });
}

Deno.test("encodeEvent() lets no field of 2 000 random events inject another", async () => {
  const random = mulberry32(1);
  const events = Array.from({ length: 2_000 }, () => randomEvent(random));
  const refused = events.filter(isRefused);
  const accepted = events.filter((event) => !isRefused(event));
  assertGreater(refused.length, 500);
  assertGreater(accepted.length, 500);
  for (const event of refused) assertThrows(() => encodeEvent(event), TypeError);
  const pieces = randomPieces(accepted.map(encodeEvent).join(""), random);
  assertEquals(await parse(pieces), arrived(accepted));
});

Deno.test("encodeComment() writes a line without a blank line", () => {
  assertEquals(encodeComment("keep: alive"), ": keep: alive\n");
});

Deno.test("encodeComment() writes the empty comment", () => {
  assertEquals(encodeComment(""), ": \n");
});

Deno.test("encodeComment() begins each line anew, so that none becomes a field", () => {
  assertEquals(encodeComment("a\ndata: b\r\n\rid: 9\n"), ": a\n: data: b\n: \n: id: 9\n: \n");
});

Deno.test("checkEvent() throws exactly what encodeEvent() throws", () => {
  for (const [what, event] of REFUSED) {
    const expected = assertThrows(() => encodeEvent(event as ServerSentEvent));
    const actual = assertThrows(() => checkEvent(event as ServerSentEvent));
    assertStrictEquals(actual.constructor, expected.constructor, what);
    assertStrictEquals(actual.message, expected.message, what);
  }
});

Deno.test("checkEvent() accepts what encodeEvent() accepts", () => {
  for (const [, event] of WRITTEN) checkEvent(event);
});

function arrived(sent: ServerSentEvent[]): Arrived {
  let lastEventId = "";
  const events = sent.flatMap(({ event, id, data }) => {
    lastEventId = id ?? lastEventId;
    if (data === undefined) return [];
    return [{ event: decoded(event || "message"), data: decoded(data), lastEventId }];
  });
  const retries = sent.flatMap(({ retry }) => retry ?? []);
  const comments = sent.flatMap(({ comment }) =>
    comment === undefined ? [] : decoded(comment).split("\n")
  );
  return { events, retries, comments };
}

function decoded(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").toWellFormed();
}

// deno-fmt-ignore
const NASTY = [
  "\n", "\r", "\r\n", "\n\n", " ", ":", ": ", "\0", "\t", "\ufeff", "\u2028", "\u0085", "é", "€", "😀",
  "\ud83d", "\ude00", "a", "7", "data", "data: ", "\nevent: x", "\nid: 9", "\rretry: 1\n\n", "message",
];
const TAME = ["a", "7", "-", " ", ":", "data", "message", "😀"];

function randomEvent(random: () => number): ServerSentEvent {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!;
  const text = (from: string[]) =>
    Array.from({ length: Math.floor(random() * 7) }, () => pick(from)).join("");
  const maybe = (fields: () => ServerSentEvent) => random() < 0.5 ? fields() : {};
  return {
    ...maybe(() => ({ comment: text(NASTY) })),
    ...maybe(() => ({ event: text(pick([NASTY, TAME])) })),
    ...maybe(() => ({ id: text(pick([NASTY, TAME])).repeat(pick([1, 1, 30])) })),
    ...maybe(() => ({ retry: pick([0, 1, 2_000, Number.MAX_SAFE_INTEGER]) })),
    ...maybe(() => ({ data: text(NASTY) })),
  };
}

function isRefused(event: ServerSentEvent): boolean {
  const { event: name = "", id = "" } = event;
  if (name.includes("\r") || name.includes("\n")) return true;
  if (id.length > 128 || id.startsWith(" ") || id.endsWith(" ")) return true;
  if ([...id].some((character) => character < " " || character > "~")) return true;
  if (event.data !== undefined) return false;
  return name !== "" || Object.keys(event).every((field) => field === "event");
}
