/**
 * Random bodies for the publish parser, whose events then go to the encoder. Every body becomes events
 * or a 4xx, and no body becomes an invalid byte on the wire or a field that it did not contain.
 *
 * As a program: `deno task fuzz [minutes] [seed]`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it prints

import { assert, assertEquals } from "@std/assert";
import { encodeEvent, type ServerSentEvent } from "../lib/wire/event.ts";
import { readPublishBody } from "../lib/server/publish_body.ts";
import { mulberry32 } from "./random.ts";

const MAX_EVENT_BYTES = 300;

// deno-fmt-ignore
const PIECES = [
  "{", "}", "[", "]", ",", ":", '"', '"data"', '"event"', '"id"', '"retry"', '"comment"', '"__proto__"',
  '"a"', "\\n", "\\r", "\\u0000", "\\ud800", "\n", "\r", "\r\n", "\0", " ", "data: ", "id: 9\n", "event: x",
  "1", "-1", "1e9", "60001", "0.5", "1.0", "-0", "1e400", "12345678901234567", "null", "true", "é", "😀", "\ufeff", '{"data":"', '"}', '{"data":1}', "x",
];
const TYPES = [
  "text/plain",
  "application/json",
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
  const type = random() < 0.8 ? pick(TYPES.slice(0, 2)) : pick(TYPES);
  if (type) headers.set("content-type", type);
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
