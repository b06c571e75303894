import { assert, assertEquals, assertLessOrEqual, assertMatch, assertRejects } from "@std/assert";
import { fromHex } from "../../lib/wire/byte_text.ts";
import { reservedTypes } from "../../lib/wire/control_events.ts";
import { encodeEvent, type ServerSentEvent } from "../../lib/wire/event.ts";
import { readPublishBody } from "../../lib/server/publish_body.ts";
import { mulberry32 } from "../random.ts";
import { get, words } from "./support.ts";

const TEXT = "text/plain";
const JSON_TYPE = "application/json";
const MAX = 100;

type Content = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

function post(body: Content | null, type: string, headers: Record<string, string> = {}): Request {
  return get("/sse?stream=a", {
    method: "POST",
    body,
    headers: { ...type === "" ? {} : { "content-type": type }, ...headers },
  });
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The events of a request, or the status and the detail of its refusal. */
async function read(
  request: Request,
  maxEventBytes = MAX,
): Promise<ServerSentEvent[] | [status: number, detail: string]> {
  const result = await readPublishBody(request, maxEventBytes);
  if (!(result instanceof Response)) return result;
  assertEquals(result.headers.get("content-type"), "application/problem+json");
  const { status, detail } = await result.json();
  assertEquals(result.status, status);
  return [status, detail];
}

async function readJson(body: string): ReturnType<typeof read> {
  return await read(post(body, JSON_TYPE));
}

/** A body of chunks that counts how many were read. */
class Chunks {
  taken = 0;
  readonly body: ReadableStream<Uint8Array>;

  constructor(chunk: (nth: number) => Uint8Array | undefined) {
    this.body = new ReadableStream({
      pull: (controller) => {
        const bytes = chunk(this.taken);
        if (!bytes) return controller.close();
        this.taken++;
        controller.enqueue(bytes);
      },
    }, { highWaterMark: 0 });
  }
}

Deno.test("readPublishBody() reads text as the data of one event", async () => {
  const texts = [
    "hello",
    "two\nlines\r\n",
    "",
    " a ",
    '{"data":1}',
    "é€😀",
    "\0",
    "id: 7\n\nevent: x",
  ];
  for (const text of texts) {
    assertEquals(await read(post(text, TEXT)), [{ data: text }], JSON.stringify(text));
  }
  assertEquals(await read(post(null, TEXT)), [{ data: "" }]);
});

Deno.test("readPublishBody() reads a JSON object as the fields of one event", async () => {
  const table: ServerSentEvent[] = [
    { data: "hello" },
    { data: "" },
    { data: "two\r\nlines" },
    { data: "a", event: "price", id: "7", retry: 60_000, comment: "two\nlines" },
    { data: "a", event: "", id: "", retry: 0, comment: "" },
    { comment: "alone" },
    { retry: 1 },
    { id: "7", comment: "x" },
  ];
  for (const event of table) {
    assertEquals(await readJson(JSON.stringify(event)), [event], JSON.stringify(event));
    assertEquals(await readJson(`\t\r\n ${JSON.stringify(event)} `), [event]);
  }
});

Deno.test("readPublishBody() reads a JSON list as a batch, in its order", async () => {
  const events = [{ data: "1" }, { data: "2", event: "x" }, { comment: "3" }, { data: "1" }];
  assertEquals(await readJson(JSON.stringify(events)), events);
  assertEquals(await readJson('[{"data":"1"}]'), [{ data: "1" }]);
});

Deno.test("readPublishBody() turns data that is not a string into JSON", async () => {
  const table = {
    "null": "null",
    "true": "true",
    "0": "0",
    "-1.50": "-1.50",
    "[]": "[]",
    "{}": "{}",
    '[1, "a", null]': '[1,"a",null]',
    '{ "b": 1, "a": [ { } ] }': '{"b":1,"a":[{}]}',
    '{"a":1,"a":2}': '{"a":2}',
    '{"__proto__":{"a":1}}': '{"__proto__":{"a":1}}',
    '{"toJSON":"x"}': '{"toJSON":"x"}',
    '"\\"quoted\\""': '"quoted"',
    '"\\u0061"': "a",
    '"[1]"': "[1]",
    '"null"': "null",
  };
  for (const [json, data] of Object.entries(table)) {
    assertEquals(await readJson(`{"data":${json}}`), [{ data }], json);
  }
});

Deno.test("readPublishBody() keeps the text of numbers in data", async () => {
  const numbers = words(
    `1234567890123456789 -1234567890123456789 12345678901234567890 9007199254740993
    0.1234567890123456789 1.0 -0 -0.0 0.0 1.10 1e400 -1e400 1E2 1e2 1e+2 1e-7 0.0000001 0.000001 5e-324
    1${"0".repeat(30)} 123456789012345 0.1 1.08 -1.5 0 100 0.3333333333333333 3.141592653589793238`,
  );
  for (const number of numbers) {
    for (const data of [number, `[${number}]`, `[0,${number},0]`, `{"a":{"b":${number}},"c":1}`]) {
      assertEquals(await readJson(`{"data":${data}}`), [{ data }], data);
      const spaced = data.replace(number, ` \n\t${number}\r\n `);
      assertEquals(await readJson(`[{"data":1},{ "data": ${spaced} }]`), [{ data: "1" }, { data }]);
    }
  }
});

Deno.test("readPublishBody() reads other values the same way if a number keeps its text", async () => {
  const table = {
    '{"a":1.0,"a":{"b":2.0}}': '{"a":{"b":2.0}}',
    '{"a":1.0,"a":"1.0"}': '{"a":"1.0"}',
    '{"__proto__":{"a":1.0}}': '{"__proto__":{"a":1.0}}',
    '{"rawJSON":"1.0","toJSON":1.0}': '{"rawJSON":"1.0","toJSON":1.0}',
    '[{"rawJSON":"1"},1.0]': '[{"rawJSON":"1"},1.0]',
    '[": 1.0 ","\\u0061",1.0,null,true]': '[": 1.0 ","a",1.0,null,true]',
    '": 1.0 ,"': ": 1.0 ,",
  };
  for (const [json, data] of Object.entries(table)) {
    assertEquals(await readJson(`{"data":${json}}`), [{ data }], json);
  }
  assertEquals(await readJson('{"data":1.0,"retry":1.0}'), [{ data: "1.0", retry: 1 }]);
  assertEquals(await readJson('{"data":1.0,"retry":6e4}'), [{ data: "1.0", retry: 60_000 }]);
  for (const field of ["id", "event", "comment"]) {
    assertEquals((await readJson(`{"data":1.0,"${field}":1.0}`))[0], 400, field);
  }
  const detail = "An event must be a JSON object";
  assertEquals(await readJson("[ 1.0 ]"), [400, `At index 0: ${detail}: send {"data":1.0}`]);
  assertEquals(await readJson(" 1.0 "), [400, `${detail}: send {"data":1.0}`]);
});

Deno.test("readPublishBody() uses the last of several equal fields", async () => {
  assertEquals(await readJson('{"data":"1","data":"2"}'), [{ data: "2" }]);
  assertEquals(await readJson('{"event":"a\\n","data":"1","event":"b"}'), [{
    event: "b",
    data: "1",
  }]);
});

Deno.test("readPublishBody() refuses a wrong field and names it", async () => {
  const event = `"event" must be a string without line breaks, and none of ${
    [...reservedTypes].join(", ")
  }, which are the hub's`;
  const id =
    '"id" must be a string of at most 128 printable ASCII characters without spaces at its ends';
  const retry = '"retry" must be a whole number of milliseconds from 0 to 60000';
  const comment = '"comment" must be a string';
  const table: [detail: string, fields: string[]][] = [
    [event, words(String.raw`"event":"a\nb" "event":"a\rb" "event":"\n" "event":1 "event":null`)],
    [event, words(String.raw`"event":["a"] "event":{} "event":true "event":false`)],
    [
      event,
      words(
        `"event":"hello" "event":"gap" "event":"reset" "event":"ended" "event":"goaway" "event":"expired"`,
      ),
    ],
    [event, words(`"event":"open" "event":"error"`)],
    [id, words(String.raw`"id":"a\nb" "id":"a\r" "id":"\u0000" "id":"\u007f" "id":"é" "id":7`)],
    [id, [
      `"id":" a"`,
      `"id":"a "`,
      `"id":" "`,
      `"id":"${"x".repeat(129)}"`,
      `"id":null`,
      `"id":[]`,
    ]],
    [retry, words(`"retry":60001 "retry":-1 "retry":0.5 "retry":1e400 "retry":"1" "retry":null`)],
    [retry, words(`"retry":true "retry":[1] "retry":{} "retry":9007199254740993`)],
    [comment, words(`"comment":1 "comment":null "comment":["a"] "comment":{} "comment":false`)],
  ];
  for (const [detail, fields] of table) {
    for (const field of fields) {
      assertEquals(await readJson(`{"data":"a",${field}}`), [400, detail], field);
      assertEquals(await readJson(`[{"data":"a"},{${field},"data":"a"}]`), [
        400,
        `At index 1: ${detail}`,
      ]);
    }
  }
});

Deno.test("readPublishBody() refuses fields that an event doesn't have", async () => {
  const names = ["Data", "message", "", "lastEventId", "constructor", "toString", "hasOwnProperty"];
  const meant: Record<string, string> = { Data: "data", "data ": "data", type: "event" };
  for (const name of [...names, "__proto__", "type", "data ", "\n", "é"]) {
    const quoted = JSON.stringify(name);
    const detail = `An event has no field ${quoted}, only data, event, id, retry, comment; `;
    const hint = Object.hasOwn(meant, name)
      ? `did you mean "${meant[name]}"?`
      : 'put it into "data"';
    assertEquals(await readJson(`{"data":"a",${quoted}:"b"}`), [400, detail + hint]);
    const json = `{${quoted}:{"data":"a"}}`;
    const wrapped = `At index 0: ${detail}to publish this object as data, send {"data":${json}}`;
    assertEquals(await readJson(`[${json}]`), [400, wrapped]);
  }
});

Deno.test("readPublishBody() repeats at most 100 characters of a name and 200 of an object", async () => {
  const [, detail] = await read(post(`{"${"x".repeat(200)}":1}`, JSON_TYPE), 1_000);
  assertEquals(
    detail,
    `An event has no field "${"x".repeat(100)}", only data, event, id, retry, comment; ` +
      'to publish this object as data, send {"data":…}',
  );
  const [, text] = await read(post(`["${"x".repeat(200)}"]`, JSON_TYPE), 1_000);
  assertEquals(text, 'At index 0: An event must be a JSON object: send {"data":…}');
});

Deno.test("readPublishBody() refuses an event that clients would not see", async () => {
  const example = ': send, for example, {"data":"Hello"}';
  const table = {
    "{}": `An event needs "data", "comment" or "retry"${example}`,
    '{"id":"7"}': `An event needs "data", "comment" or "retry"${example}`,
    '{"event":""}': `An event needs "data", "comment" or "retry"${example}`,
    '{"event":"x"}': 'An event with "event" needs "data", which may be ""',
    '{"event":"x","retry":1,"id":"7","comment":"x"}':
      'An event with "event" needs "data", which may be ""',
  };
  for (const [json, detail] of Object.entries(table)) {
    assertEquals(await readJson(json), [400, detail]);
    assertEquals(await readJson(`[{"retry":1},{"data":1},${json}]`), [
      400,
      `At index 2: ${detail}`,
    ]);
  }
});

Deno.test("readPublishBody() refuses JSON that is neither an event nor a batch", async () => {
  const detail = "An event must be a JSON object";
  for (const json of ["null", "true", "1", '"hello"']) {
    assertEquals(await readJson(json), [400, `${detail}: send {"data":${json}}`], json);
  }
  for (const json of ["null", "true", "1", '"hello"', "[]", '[{"data":"a"}]']) {
    const expected = `At index 0: ${detail}: send {"data":${json}}`;
    assertEquals(await readJson(`[${json}]`), [400, expected], json);
  }
  assertEquals(await readJson("[]"), [400, "A batch must have at least one event"]);
});

Deno.test("readPublishBody() refuses text that is not JSON", async () => {
  const text = "; to publish text, send Content-Type: text/plain";
  const table: Record<string, string> = {
    " ": "line 1, column 2: expected a JSON value, found the end",
    "{": "line 1, column 2: expected a name in double quotes or }, found the end",
    "hello": `line 1, column 1: expected a JSON value, found "h"${text}`,
    "{'data':1}": `line 1, column 2: expected a name in double quotes or }, found "'"`,
    '{"data":1,}': 'line 1, column 11: expected a name in double quotes, found "}"',
    '{"data":01}': 'line 1, column 10: expected , or }, found "1"',
    '{"data":"a\nb"}':
      'line 1, column 11: expected an escape such as \\n for a control character, found "\\n"',
    '{"data":1}\n{"data":2}': 'line 2, column 1: expected nothing more, found "{"',
    '{"data":"a': 'line 1, column 11: expected a " at the end of the string, found the end',
    '[{"data":1}': "line 1, column 12: expected , or ], found the end",
    "undefined": `line 1, column 1: expected a JSON value, found "u"${text}`,
    '{"data":1}\0': 'line 1, column 11: expected nothing more, found "\\u0000"',
    "data=1": `line 1, column 1: expected a JSON value, found "d"${text}`,
    "\u00a0{}": `line 1, column 1: expected a JSON value, found "\u00a0"${text}`,
  };
  for (const [json, place] of Object.entries(table)) {
    assertEquals(await readJson(json), [400, `The body is not valid JSON at ${place}`], json);
  }
  const empty = [400, 'The body is empty: send an event such as {"data":"Hello"}'];
  assertEquals([await readJson(""), await read(post(null, JSON_TYPE))], [empty, empty]);
});

Deno.test("readPublishBody() survives data that is nested as deep as a body allows", async () => {
  const depth = 400_000;
  const data = "[".repeat(depth) + "]".repeat(depth);
  const result = await read(post(`{"data":${data}}`, JSON_TYPE), 1_000_000);
  const refused = [400, '"data" is nested too deep'];
  assertEquals<unknown>(result, result[0] === 400 ? refused : [{ data }]);
});

Deno.test("readPublishBody() survives deeply nested data with a number that keeps its text", async () => {
  const data = "[".repeat(400_000) + "1.0" + "]".repeat(400_000);
  const result = await read(post(`{"data":${data}}`, JSON_TYPE), 1_000_000);
  const refused = [400, '"data" is nested too deep'];
  assertEquals<unknown>(result, result[0] === 400 ? refused : [{ data }]);
});

Deno.test("readPublishBody() accepts 10 000 events in a batch, and not one more", async () => {
  const batch = (count: number) => post(`[${Array(count).fill('{"data":1}')}]`, JSON_TYPE);
  assertEquals((await read(batch(10_000), 262_144)).length, 10_000);
  const refused = await read(batch(10_001), 262_144);
  assertEquals(refused, [413, "A batch may have at most 10000 events: send several"]);
});

Deno.test("readPublishBody() accepts a content type in every spelling", async () => {
  const types = ["text/plain", "TEXT/Plain", "text/plain;", "text/plain ; ", "text/plain;;"];
  types.push("text/plain;charset=utf-8", "text/plain; charset=UTF-8", 'text/plain;charset="utf-8"');
  types.push("text/plain;CHARSET=Utf-8", 'text/plain; format=flowed; charset="UTF-8"; x=y');
  types.push(String.raw`text/plain; x="a;charset=\"latin1"; charset=utf-8`, 'text/plain;x=""');
  types.push(
    "text/plain;charset=utf8",
    'text/plain;charset="UTF8"',
    "text/plain;charset=x-unicode20utf8",
  );
  types.push("text/plain;charset=unicode-1-1-utf-8", "text/plain;charset=Unicode20UTF8");
  types.push("text/plain;charset=unicode11utf8");
  types.push(String.raw`text/plain;charset="\u\t\f-8"`, "text/plain\t;\tcharset=utf-8\t");
  for (const type of types) {
    assertEquals(await read(post("1", type)), [{ data: "1" }], type);
    const json = type.replace(/text\/plain/i, "application/JSON");
    assertEquals(await read(post('{"data":1}', json)), [{ data: "1" }], json);
  }
});

Deno.test("readPublishBody() refuses other content types and other charsets", async () => {
  const types = [
    "text/html",
    "text",
    "text/",
    "/plain",
    "text/plainx",
    "xtext/plain",
    "text/*",
    "*/*",
  ];
  types.push("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json");
  types.push(
    "application/json5",
    "application/problem+json",
    "application/jsonl",
    ";",
    "charset=utf-8",
  );
  types.push(
    "text/plain, text/plain",
    "text/plain charset=utf-8",
    "text/plain; charset",
    "text/plain;=",
  );
  types.push(
    "text/plain;charset=iso-8859-1",
    "text/plain;CHARSET=latin1",
    'text/plain;charset="ISO-8859-1"',
    "text/plain;charset=utf8x",
    "text/plain;charset=utf_8",
  );
  types.push("text/plain;charset=utf-16", "text/plain;charset=", 'text/plain;charset=""');
  types.push("text/plain;charset=utf-8;charset=latin1", "text/plain;charset=latin1;charset=utf-8");
  types.push(
    "application/json;charset=us-ascii",
    'text/plain;charset="utf-8',
    "text/plain;charset='utf-8'",
  );
  types.push(
    "text/plain;charset = utf-8",
    "text/plain;charset=utf-8 x",
    `text/plain${"; ".repeat(500)}=`,
  );
  for (const type of types) {
    const result = await readPublishBody(post('{"data":1}', type), MAX);
    assert(result instanceof Response, type);
    assertEquals(
      [result.status, result.headers.get("accept")],
      [415, `${TEXT}, ${JSON_TYPE}, application/x-ndjson, text/event-stream`],
      type,
    );
    // The remedies themselves are in remedies_test.ts.
    const { detail } = await result.json();
    assertMatch(detail, /^The body came (?:as|without)/);
    assert(detail.length < 350, detail);
  }
});

Deno.test("readPublishBody() refuses a body without a content type", async () => {
  for (const body of [null, utf8("hello")]) {
    assertEquals((await read(post(body, "")))[0], 415);
  }
});

Deno.test("readPublishBody() refuses every content coding", async () => {
  for (const coding of ["gzip", "br", "GZIP", "identity, gzip", "x"]) {
    const request = post("hello", TEXT, { "content-encoding": coding });
    const result = await readPublishBody(request, MAX);
    assert(result instanceof Response, coding);
    assertEquals([result.status, result.headers.get("accept-encoding")], [415, "identity"]);
    await result.body?.cancel();
  }
  for (const coding of ["identity", "Identity"]) {
    const request = post("hello", TEXT, { "content-encoding": coding });
    assertEquals(await read(request), [{ data: "hello" }], coding);
  }
});

Deno.test("readPublishBody() reads nothing of a body with a wrong type", async () => {
  for (const headers of [{ "content-type": "text/html" }, { "content-encoding": "gzip" }]) {
    const chunks = new Chunks(() => utf8("x"));
    assertEquals((await read(post(chunks.body, TEXT, headers)))[0], 415);
    assertEquals(chunks.taken, 0);
  }
});

Deno.test("readPublishBody() refuses bytes that are not UTF-8", async () => {
  const table = [
    "ff",
    "c3",
    "c328",
    "80",
    "c080",
    "e282",
    "eda080",
    "f4908080",
    "f0288cbc",
    "fe",
    "61e2",
  ];
  for (const hex of table) {
    const bad = fromHex(hex);
    const json = new Uint8Array([...utf8('{"data":"'), ...bad, ...utf8('"}')]);
    const detail = "The body must be complete and valid UTF-8";
    assertEquals(await read(post(bad, TEXT)), [400, detail], hex);
    assertEquals(await read(post(json, JSON_TYPE)), [400, detail], hex);
  }
});

Deno.test("readPublishBody() drops a byte order mark at the start", async () => {
  assertEquals(await read(post("\ufeffa\ufeff", TEXT)), [{ data: "a\ufeff" }]);
  assertEquals(await read(post("\ufeff\ufeffa", TEXT)), [{ data: "\ufeffa" }]);
  assertEquals(await readJson('\ufeff{"data":"\ufeff"}'), [{ data: "\ufeff" }]);
});

Deno.test("readPublishBody() returns the same events however the body is cut into chunks", async () => {
  const text = '\ufeff{"data":"é€😀\\n","event":"ü"}';
  const all = utf8(text);
  const expected = [{ data: "é€😀\n", event: "ü" }];
  for (let cut = 0; cut <= all.length; cut++) {
    const parts = [all.subarray(0, cut), all.subarray(cut)];
    const { body } = new Chunks((nth) => parts[nth]);
    assertEquals(await read(post(body, JSON_TYPE)), expected, `${cut}`);
  }
  const { body } = new Chunks((nth) => nth < all.length ? all.subarray(nth, nth + 1) : undefined);
  assertEquals(await read(post(body, JSON_TYPE)), expected);
});

Deno.test("readPublishBody() accepts text up to the limit in bytes", async () => {
  for (
    const text of ["x".repeat(MAX), "é".repeat(MAX / 2), "😀".repeat(MAX / 4), "\n".repeat(MAX)]
  ) {
    assertEquals(await read(post(text, TEXT)), [{ data: text }]);
    const refused = await read(post(`${text}x`, TEXT));
    assertEquals(refused, [413, "The body may have at most 100 bytes (MAX_EVENT_BYTES)"]);
  }
});

Deno.test("readPublishBody() counts only the bytes of an event's texts in JSON", async () => {
  const fits: ServerSentEvent[] = [
    { data: "x".repeat(MAX) },
    { data: "\u0001".repeat(MAX / 2) },
    { data: "é".repeat(MAX / 2) },
    { data: "x".repeat(70), event: "x".repeat(10), id: "x".repeat(10), comment: "x".repeat(10) },
    { comment: "x".repeat(MAX), retry: 1_000 },
  ];
  const detail = "An event may have at most 100 bytes of text (MAX_EVENT_BYTES)";
  for (const event of fits) {
    assertEquals(await readJson(JSON.stringify(event)), [event]);
    const more = { ...event, comment: `${event.comment ?? ""}${"x".repeat(51)}` };
    assertEquals(await readJson(JSON.stringify(more)), [413, detail]);
    const batch = JSON.stringify([{ data: "1" }, more]);
    assertEquals(await readJson(batch), [413, `At index 1: ${detail}`]);
  }
});

Deno.test("readPublishBody() accepts JSON of four times an event's bytes, white space included", async () => {
  const batch = Array.from({ length: 4 }, () => ({ data: "x".repeat(80) }));
  const json = JSON.stringify(batch).padEnd(4 * MAX);
  assertEquals(await readJson(json), batch);
  assertEquals(await readJson(`${json} `), [
    413,
    "The body may have at most 400 bytes (4 times MAX_EVENT_BYTES)",
  ]);
});

Deno.test("readPublishBody() reads nothing of a body whose length is said to be too much", async () => {
  for (const [type, length] of [[TEXT, MAX + 1], [JSON_TYPE, 4 * MAX + 1], [TEXT, 1e30]] as const) {
    const chunks = new Chunks(() => utf8("x"));
    const request = post(chunks.body, type, { "content-length": `${length}` });
    assertEquals((await read(request))[0], 413);
    assertEquals([chunks.taken, request.body?.locked], [0, false]);
  }
});

Deno.test("readPublishBody() stops reading a body that never ends", async () => {
  const lengths: Record<string, string>[] = [{}, { "content-length": "5" }, {
    "content-length": "x",
  }];
  for (const headers of lengths) {
    for (const [type, max] of [[TEXT, MAX], [JSON_TYPE, 4 * MAX]] as const) {
      const chunks = new Chunks(() => utf8("[".repeat(10)));
      const request = post(chunks.body, type, headers);
      assertEquals((await read(request))[0], 413);
      assertEquals(request.body?.locked, false);
      assertLessOrEqual(chunks.taken, max / 10 + 1);
    }
  }
});

Deno.test("readPublishBody() stops reading where the text stops to be any", async () => {
  const chunks = new Chunks((nth) => Uint8Array.of(nth === 3 ? 0xff : 0x20));
  const request = post(chunks.body, TEXT);
  assertEquals((await read(request))[0], 400);
  assertEquals([chunks.taken, request.body?.locked], [4, false]);
});

Deno.test("readPublishBody() refuses a body that breaks off", async () => {
  const chunks = new Chunks((nth) => {
    if (nth === 2) throw new Error("The client left");
    return utf8("x");
  });
  const detail = "The body must be complete and valid UTF-8";
  assertEquals(await read(post(chunks.body, TEXT)), [400, detail]);
});

Deno.test("readPublishBody() throws if the body has been read already", async () => {
  const request = post("hello", TEXT);
  await request.text();
  await assertRejects(() => readPublishBody(request, MAX), TypeError);
});

Deno.test("readPublishBody() returns events that can be encoded, or a refusal, for any body", async () => {
  const random = mulberry32(4);
  const below = (limit: number) => Math.floor(random() * limit);
  const pieces = words(String.raw`
    { } [ ] , : "data" "event" "id" "retry" "comment" "__proto__" "a" "" "a\nb" "\r" "\u0000" "hello"
    "\ud800" 0 -1 1e9 1e400 60000 null true false {"data":1} {"data":"x","event":"y"} {"retry":1}
    "data":"x" "event":"x" "id":"7" "id":"é" "retry":5 "comment":"c" \ " \ufeff é 😀 \x00 NaN`);
  const counts = new Map<number, number>();
  for (let n = 0; n < 20_000; n++) {
    let body = "";
    for (let i = below(9); i > 0; i--) body += pieces[below(pieces.length)] + (below(3) ? "" : ",");
    if (below(3)) body = `{${body}}`;
    if (!below(4)) body = `[${body}]`;
    const bytes = utf8(body);
    if (!below(20)) bytes[below(bytes.length)] = below(256);
    const result = await readPublishBody(post(bytes, below(20) ? JSON_TYPE : TEXT), MAX);
    const status = result instanceof Response ? result.status : 200;
    counts.set(status, (counts.get(status) ?? 0) + 1);
    if (result instanceof Response) await result.body?.cancel();
    else assert(result.length > 0 && result.every((event) => encodeEvent(event) !== ""));
  }
  assertEquals([...counts.keys()].sort(), [200, 400]);
});
