import { assert, assertEquals, assertMatch } from "@std/assert";
import { Client, subscription } from "../client.ts";
import { cuts, utf8 } from "../pieces.ts";
import { until } from "../wait.ts";
import { signHs256 } from "./jwt_support.ts";
import { get, QUIET, type TestApp, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const JWT_KEY = "this secret of the tests has more than 32 bytes";
const NDJSON = "application/x-ndjson";
const EVENTS = "text/event-stream";

function ingestApp(settings: Readonly<Record<string, string>> = {}): TestApp {
  return testApp({ PUBLISH_TOKEN: TOKEN, ...QUIET, ...settings });
}

/** A publish request with a streamed body. */
function post(
  app: TestApp,
  query: string,
  body: BodyInit | readonly Uint8Array[],
  type = NDJSON,
  token = TOKEN,
): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, "content-type": type };
  const stream = Array.isArray(body) ? ReadableStream.from(body) : body as BodyInit;
  return app.fetch(get(`/sse?${query}`, { method: "POST", headers, body: stream }));
}

/** The status of an answer, and some members of its JSON. */
async function answer(
  response: Response | Promise<Response>,
  ...names: string[]
): Promise<unknown[]> {
  const { status, ...members } = {
    ...await (await response).json(),
    status: (await response).status,
  };
  return [status, ...names.map((name) => members[name])];
}

/** What the history of a stream has: types and data. */
async function kept(app: TestApp, stream: string): Promise<string[]> {
  const count = app.hub.stream(stream)?.events ?? 0;
  await using client = new Client(
    app.hub.subscribe(subscription(`stream=${stream}&since=earliest`)),
  );
  const [, ...events] = await client.take(1 + count);
  return events.map(({ event, data }) => `${event} ${data}`);
}

async function metrics(app: TestApp): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return await (await app.fetch(get("/metrics", { headers }))).text();
}

/** A body that the test sends in pieces. */
function pushed() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (its) => void (controller = its) });
  const push = (text: string) => controller.enqueue(utf8(text));
  return { body, push, close: () => controller.close(), fail: () => controller.error(new Error()) };
}

Deno.test("POST /sse publishes each line of NDJSON, wherever the body is cut", async () => {
  await using app = ingestApp();
  const text = '\ufeff{"data":"é"}\r\n\n  \n{"event":"price","data":{"eur":1.10}}\n{"data":"last"}';
  for (const [i, pieces] of cuts(text).entries()) {
    const response = post(app, `stream=s${i}`, pieces);
    const expected = [200, app.hub.stats().published + 3];
    assertEquals([(await answer(response, "events"))[1], (await response).status], [3, 200]);
    assertEquals(app.hub.stats().published, expected[1]);
    assertEquals(await kept(app, `s${i}`), ["message é", 'price {"eur":1.10}', "message last"]);
  }
});

Deno.test("POST /sse publishes lines as they arrive, and answers at the end with the last id", async () => {
  await using app = ingestApp();
  const { body, push, close } = pushed();
  const response = post(app, "stream=a", body);
  push('{"data":"1"}\n{"data":');
  await until(() => app.hub.stats().published === 1);
  push('"2"}\n');
  await until(() => app.hub.stats().published === 2);
  assertMatch(await metrics(app), /^sse_ingests 1$/m);
  close();
  assertEquals(await answer(response, "id", "events"), [200, app.hub.stream("a")!.lastId, 2]);
  assertMatch(await metrics(app), /^sse_ingests 0$/m);
});

Deno.test("POST /sse answers an empty streamed body: no event", async () => {
  await using app = ingestApp();
  for (const type of [NDJSON, EVENTS]) {
    assertEquals(await answer(post(app, "stream=a", "", type), "id", "events"), [200, "", 0]);
  }
});

Deno.test("POST /sse publishes the lines before a bad one, and says which it is", async () => {
  await using app = ingestApp({ MAX_EVENT_BYTES: "30" });
  const table: [string | Uint8Array, number, RegExp][] = [
    [
      '{"data":1}x',
      400,
      /^At line 3: The line is not valid JSON at column 11: expected nothing more/,
    ],
    ["[1]", 400, /^At line 3: An event must be a JSON object/],
    ['{"data":1,"event":"gap"}', 400, /^At line 3: "event" must be/],
    ['{"data":"', 400, /^At line 3: The line is not valid JSON at column 10.*the end of the line;/],
    [Uint8Array.of(0x22, 0xff, 0x22), 400, /^At line 3: A line must be valid UTF-8/],
    [`{"data":"${"x".repeat(31)}"}`, 413, /^At line 3: An event may have at most 30 bytes/],
    [`{"data":"${"x".repeat(200)}"}`, 413, /^At line 3: A(n event|) ?/],
  ];
  for (const [i, [bad, status, detail]] of table.entries()) {
    const bytes = typeof bad === "string" ? utf8(bad) : bad;
    const pieces = [utf8('{"data":1}\n\n'), bytes, utf8('\n{"data":2}\n')];
    const [got, ...members] = await answer(
      post(app, `stream=s${i}`, pieces),
      "events",
      "line",
      "detail",
    );
    assertEquals([got, ...members.slice(0, 2)], [status, 1, 3], `${members}`);
    assertMatch(`${members[2]}`, detail);
    assertMatch(`${members[2]}`, /; 1 event is published$/);
    assertEquals(app.hub.stream(`s${i}`)!.published, 1);
  }
});

Deno.test("POST /sse has the 100 000 lines before a bad line, and says so", async () => {
  await using app = ingestApp();
  const good = utf8(`{"data":"${"x".repeat(90)}"}\n`.repeat(1_000));
  const pieces = [...Array<Uint8Array>(100).fill(good), utf8("no JSON\n"), good];
  assertEquals(await answer(post(app, "stream=a", pieces), "events", "line"), [
    400,
    100_000,
    100_001,
  ]);
  assertEquals(app.hub.stats().published, 100_000);
});

Deno.test("POST /sse takes a line of 4 times MAX_EVENT_BYTES, and no longer one", async () => {
  await using app = ingestApp({ MAX_EVENT_BYTES: "20" });
  const line = '{"data":"x"}'.padEnd(80);
  assertEquals(await answer(post(app, "stream=a", cuts(line)[1]!), "events"), [200, 1]);
  const pieces = cuts(`${line} `)[1]!;
  const [status, detail] = await answer(post(app, "stream=a", pieces), "detail");
  assertEquals([status, detail], [
    413,
    "At line 1: A line may have at most 80 bytes (4 times MAX_EVENT_BYTES); 0 events are published",
  ]);
});

Deno.test("POST /sse without ?stream= publishes each line to the stream that it names", async () => {
  await using app = ingestApp({ STREAMS: "a,b" });
  const lines = ["a", "b", "a", "other", "a"].map((stream) =>
    JSON.stringify({ stream, data: "x" })
  );
  const members = await answer(post(app, "", lines.join("\n")), "events", "line");
  assertEquals(members, [404, 3, 4]);
  assertEquals([app.hub.stream("a")!.published, app.hub.stream("b")!.published], [2, 1]);
  assertEquals((await post(app, "", '{"data":1}')).status, 400);
  assertEquals((await post(app, "", '{"stream":"a b","data":1}')).status, 400);
  assertEquals((await post(app, "topic=a", '{"stream":"a","data":1}')).status, 400);
  assertEquals((await post(app, "stream=a", '{"stream":"a","data":1}')).status, 400);
});

Deno.test("POST /sse asks for the right to each stream that a line names", async () => {
  await using app = testApp({ JWT_KEY, ...QUIET });
  const sse = { publish: ["a/*"] };
  const token = await signHs256({ exp: Date.now() / 1_000 + 60, sse }, JWT_KEY);
  const lines = ["a/1", "a/2", "b", "a/1"].map((stream) => JSON.stringify({ stream, data: "x" }));
  const response = post(app, "", lines.join("\n"), NDJSON, token);
  assertEquals(await answer(response, "events", "line"), [403, 2, 3]);
  assertEquals(app.hub.stats().published, 2);
});

Deno.test("POST /sse publishes nothing more once the token has expired", async () => {
  let expiresAtMs = Date.now() + 60_000;
  await using app = testApp(QUIET, new Map(), {
    authorize: () => ({
      get expiresAtMs() {
        return expiresAtMs;
      },
    }),
  });
  expiresAtMs = Date.now() - 1;
  assertEquals(await answer(post(app, "stream=a", '{"data":1}'), "events"), [401, 0]);
});

Deno.test("POST /sse publishes an event stream, and ends the stream with end=true", async () => {
  await using app = ingestApp();
  const text =
    "id: k\nevent: reset\ndata: {}\n\nid: k\ndata: 2\n\ndata: [DONE]\n\ndata: unfinished";
  const response = post(app, "stream=a&end=true", text, EVENTS);
  assertEquals(await answer(response, "events"), [200, 3]);
  assertEquals([app.hub.stream("a")!.published, app.hub.stream("a")!.isEnded], [2, true]);
  const again = await answer(post(app, "stream=a", text, EVENTS), "events");
  assertEquals(again, [409, 0]);
});

Deno.test("POST /sse does to the stream of a body that breaks off what abort= says", async () => {
  await using app = ingestApp();
  const table = { "": false, "end=true": true, "end=true&abort=keep": false, "abort=broken": true };
  for (const [query, isEnded] of Object.entries(table)) {
    const { body, push, fail } = pushed();
    const stream = `s-${query.replace(/\W/g, "-")}`;
    const response = post(app, `stream=${stream}&${query}`, body, EVENTS);
    push("data: 1\n\ndata: 2\n");
    await until(() => app.hub.stream(stream)?.published === 1);
    fail();
    assertEquals(await answer(response, "events", "detail"), [
      400,
      1,
      "The body broke off; 1 event is published",
    ]);
    assertEquals(app.hub.stream(stream)!.isEnded, isEnded, query);
  }
  assertEquals(await kept(app, "s-abort-broken"), ["message 1", "broken {}"]);
});

Deno.test("POST /sse refuses a streamed body without its stream, or with wrong parameters", async () => {
  await using app = ingestApp();
  const table: [string, string][] = [
    ["", EVENTS],
    ["stream=a&stream=b", EVENTS],
    ["stream=a&stream=b", NDJSON],
    ["stream=a b", NDJSON],
    ["end=true", NDJSON],
    ["stream=a&end=yes", EVENTS],
    ["stream=a&abort=gap", EVENTS],
    ["stream=a&abort=", EVENTS],
  ];
  for (const [query, type] of table) {
    assertEquals([(await post(app, query, "", type)).status, query], [400, query]);
  }
  for (const query of ["stream=time&end=true", "stream=time&abort=end"]) {
    assertEquals((await post(app, query, "", EVENTS)).status, 403);
  }
  assertEquals((await post(app, "stream=a", "", EVENTS, "a-wrong-token-of-tests")).status, 401);
});

Deno.test("POST /sse refuses an event of a stream that is longer than MAX_EVENT_BYTES", async () => {
  await using app = ingestApp({ MAX_EVENT_BYTES: "20" });
  const response = post(app, "stream=a", `data: 1\n\ndata: ${"x".repeat(20)}\n\n`, EVENTS);
  assertEquals(await answer(response, "events"), [413, 1]);
});

Deno.test("POST /sse reads a streamed body no faster than PUBLISH_RATE, and refuses nothing of it", async () => {
  await using app = ingestApp({ PUBLISH_RATE: "1000" });
  const line = utf8('{"data":1}\n'.repeat(500));
  let read = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (read++ < 4) controller.enqueue(line);
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const response = post(app, "stream=a", body);
  await until(() => app.hub.stats().published === 1_500);
  // The bucket of 1 000 is in debt by 500.
  assertEquals(read, 3);
  assertEquals(await answer(response, "events"), [200, 2_000]);
});

Deno.test("POST /sse ends streamed bodies when the server stops, and keeps their streams open", async () => {
  await using app = ingestApp();
  const { body, push } = pushed();
  const response = post(app, "stream=a&end=true", body);
  push('{"data":1}\n');
  await until(() => app.hub.stats().published === 1);
  await app.drain(0);
  assertEquals(await answer(response, "events"), [503, 1]);
  assert((await response).headers.has("retry-after"));
  assertEquals(app.hub.stream("a")!.isEnded, false);
  assertEquals((await post(app, "stream=a", "")).status, 503);
});

Deno.test("POST /sse refuses a form, and other names of NDJSON, with what to send", async () => {
  await using app = ingestApp();
  const form = await answer(
    post(app, "stream=a", "x=1", "application/x-www-form-urlencoded"),
    "detail",
  );
  assertMatch(`${form[1]}`, /add -H 'Content-Type: text\/plain'/);
  const jsonl = await answer(post(app, "stream=a", "{}", "application/jsonl"), "detail");
  assertEquals(jsonl, [
    415,
    "The body came as application/jsonl: send the same with Content-Type: application/x-ndjson",
  ]);
});
