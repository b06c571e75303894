/**
 * Random bodies for the publish parsers, whose events then go to the encoder. Every body becomes events
 * or a 4xx, and no body becomes an invalid byte on the wire or a field that it did not contain.
 *
 * As a program: `deno task fuzz [minutes] [seed]`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it prints

import { assert, assertEquals } from "@std/assert";
import { encodeEvent, type ServerSentEvent } from "../lib/wire/event.ts";
import { EventStreamDecoder } from "../lib/hub/event_stream_decoder.ts";
import { Ingest } from "../lib/hub/ingest.ts";
import { NdjsonDecoder } from "../lib/server/ndjson_decoder.ts";
import { readPublishBody } from "../lib/server/publish_body.ts";
import type { StreamedType } from "../lib/server/publish_type.ts";
import { RefusedError } from "../lib/server/refused_error.ts";
import { reservedTypes } from "../lib/wire/control_events.ts";
import { piecesOf, utf8 } from "./pieces.ts";
import { mulberry32 } from "./random.ts";

const MAX_EVENT_BYTES = 300;

// deno-fmt-ignore
const PIECES = [
  "{", "}", "[", "]", ",", ":", '"', '"data"', '"event"', '"id"', '"retry"', '"comment"', '"__proto__"',
  '"a"', "\\n", "\\r", "\\u0000", "\\ud800", "\n", "\r", "\r\n", "\0", " ", "data: ", "id: 9\n", "event: x",
  "data:", "event:", "id:", "\n\n", "event: gap\n", '{"data":1}\n', "1", "-1", "1e9", "60001", "0.5", "1.0", "-0", "1e400", "12345678901234567", "null", "true", "é", "😀", "\ufeff", '{"data":"', '"}', '{"data":1}', "x",
];
const TYPES = [
  "text/plain",
  "application/json",
  "application/x-ndjson",
  "text/event-stream",
  "text/plain; charset=utf-8",
  'application/json;charset="UTF-8"',
  "text/plain; charset=utf8",
  "text/plain; charset=latin1",
  "application/xml",
  "text/plain;;",
  "",
];

/** Tries one random body. Returns the number of its events. */
async function fuzzOnce(random: () => number): Promise<number> {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const isRaw = random() < 0.1;
  const body = isRaw ? randomBytes(random) : randomText(random, pick);
  const headers = new Headers();
  const type = random() < 0.8 ? pick(TYPES.slice(0, 4)) : pick(TYPES);
  if (type) headers.set("content-type", type);
  if (type === "application/x-ndjson" || type === "text/event-stream") {
    return await fuzzStream(type, typeof body === "string" ? utf8(body) : body, random);
  }
  const request = new Request("http://localhost/", { method: "POST", headers, body });
  const events = await readPublishBody(request, MAX_EVENT_BYTES);
  if (events instanceof Response) {
    assert(events.status >= 400 && events.status < 500, `status ${events.status}`);
    await events.body?.cancel();
    return 0;
  }
  for (const event of events) checkWire(event);
  return events.length;
}

/** Tries a random body of a streamed type, in random pieces. Returns the number of its events. */
async function fuzzStream(
  type: StreamedType,
  body: Uint8Array,
  random: () => number,
): Promise<number> {
  const events: ServerSentEvent[] = [];
  const ingest = new Ingest(ReadableStream.from(piecesOf(body, random)), {
    publish(_, batch) {
      events.push(...batch);
      return Promise.resolve({ id: "" });
    },
    decode: (queue) =>
      type === "text/event-stream"
        ? new EventStreamDecoder(queue, "a", MAX_EVENT_BYTES)
        : new NdjsonDecoder(queue, { stream: "a", maxEventBytes: MAX_EVENT_BYTES }),
    idleMs: 0,
    stallMs: 0,
  });
  try {
    await ingest.run();
  } catch (error) {
    if (error instanceof RefusedError) await error.response.body?.cancel();
    else assert(error instanceof RangeError, `${error}`);
  }
  for (const event of events) {
    assert(!reservedTypes.has(event.event ?? ""), "a control event");
    checkWire(event);
  }
  return events.length;
}

/** Checks that an event's text has the event's fields and the hub's id, and nothing else. */
function checkWire(event: ServerSentEvent): void {
  const text = new TextDecoder("utf-8", { fatal: true })
    .decode(new TextEncoder().encode(encodeEvent({ ...event, id: "ours-1" })));
  assert(text.endsWith("\n\n") && !text.slice(0, -2).includes("\n\n"), "one block");
  const lines = text.slice(0, -2).split("\n");
  const valuesOf = (prefix: string) =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  const expected = {
    "data: ": event.data === undefined ? [] : linesOf(event.data),
    ": ": event.comment === undefined ? [] : linesOf(event.comment),
    "event: ": event.event ? [event.event.toWellFormed()] : [],
    "id: ": ["ours-1"],
    "retry: ": event.retry === undefined ? [] : [`${event.retry}`],
  };
  for (const [prefix, values] of Object.entries(expected)) assertEquals(valuesOf(prefix), values);
  assertEquals(lines.length, Object.values(expected).flat().length);
}

function linesOf(text: string): string[] {
  return text.toWellFormed().split(/\r\n|\r|\n/);
}

function randomText(random: () => number, pick: <T>(from: readonly T[]) => T): string {
  const noise = () =>
    Array.from({ length: Math.floor(random() * 12) }, () => pick(PIECES)).join("");
  if (random() < 0.5) return noise();
  const field = () => `${pick(['"data"', '"event"', '"id"', '"retry"', '"comment"', '"x"'])}:`;
  const value = () =>
    random() < 0.7
      ? JSON.stringify(noise())
      : pick(["1", "null", "{}", "[1]", "-1", "[1.0]", "-0", "1e3"]);
  const event = () =>
    `{${Array.from({ length: 1 + Math.floor(random() * 3) }, () => field() + value()).join(",")}}`;
  return random() < 0.7 ? event() : `[${event()},${event()}]`;
}

function randomBytes(random: () => number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
}

/** Tries random bodies, determined by a seed. Returns the number of their events. */
export async function fuzz(seed: number, bodies: number): Promise<number> {
  const random = mulberry32(seed);
  let events = 0;
  for (let i = 0; i < bodies; i++) events += await fuzzOnce(random);
  return events;
}

if (import.meta.main) {
  const [minutes = 60, seed = Date.now() % 1e9] = Deno.args.map(Number);
  const random = mulberry32(seed);
  const endMs = performance.now() + minutes * 60_000;
  let inputs = 0;
  for (; performance.now() < endMs; inputs++) {
    await fuzzOnce(random);
    if (inputs % 1_000_000 === 0) console.log(`${inputs} inputs from seed ${seed}`);
  }
  console.log(`${inputs} inputs from seed ${seed} passed`);
}
