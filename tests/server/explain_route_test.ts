import { assertEquals, assertMatch } from "@std/assert";
import { Client } from "../client.ts";
import { signHs256 } from "./jwt_support.ts";
import { get, INFO, QUIET, type TestApp, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const JWT_KEY = "a secret of at least thirty-two bytes";
const SETTINGS = { ...QUIET, PUBLISH_TOKEN: TOKEN, JWT_KEY, SUBSCRIBE: "token" };
const later = Math.floor(Date.now() / 1_000) + 3_600;
const news = { sub: "ada", exp: later, sse: { subscribe: ["news"] } };

/** Asks for an event stream, and returns its open response or the status of a refusal. */
async function connect(app: TestApp, path: string, claims?: object): Promise<Response> {
  const token = claims && await signHs256({ ...claims }, JWT_KEY);
  const headers = { ...token && { authorization: `Bearer ${token}` } };
  const response = await app.fetch(get(path, { headers }), INFO);
  if (response.status !== 200) await response.body?.cancel();
  return response;
}

// deno-lint-ignore no-explicit-any
async function call(app: TestApp, path: string): Promise<any> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return await (await app.fetch(get(path, { headers }), INFO)).json();
}

/** Why a client did not get an event, in two words and a sentence. */
async function why(app: TestApp, client: string, event: string): Promise<[string, string]> {
  const { outcome, detail } = await call(app, `/explain?event=${event}&${client}`);
  return [outcome, detail];
}

Deno.test("GET /explain finds the client's connections by its user, and says what became of the event", async () => {
  await using app = testApp(SETTINGS);
  await using _open = new Client(await connect(app, "/sse?stream=news", news));
  const { id } = await app.hub.publish("news", "1");
  const answer = await call(app, `/explain?subject=ada&event=${id}`);
  assertEquals([answer.outcome, answer.stream, answer.refusals], ["sent", "news", []]);
  assertEquals(answer.connections[0].trace.client, { address: "192.0.2.7", subject: "ada" });
  const connection = answer.connections[0].trace.id;
  assertEquals((await why(app, `connection=${connection}`, id))[0], "sent");
  assertEquals((await why(app, "address=::ffff:192.0.2.7", id))[0], "sent");
  const { id: secret } = await app.hub.publish("secret", "1");
  assertEquals((await why(app, "subject=ada", secret))[0], "unauthorized");
});

Deno.test("GET /explain says that a client was refused with 403, why, and how often", async () => {
  await using app = testApp(SETTINGS);
  const { id } = await app.hub.publish("orders", "1");
  await connect(app, "/sse?stream=other", news);
  for (let i = 0; i < 2; i++) await connect(app, "/sse?stream=orders", news);
  const [outcome, detail] = await why(app, "subject=ada", id);
  assertEquals(outcome, "unauthorized");
  assertMatch(
    detail,
    /^The client was refused with 403 at \S+, 2 times since \S+ \(scope\): .* does not cover the stream "orders"$/,
  );
  const { refusals: [refusal, ...more] } = await call(app, `/explain?subject=ada&event=${id}`);
  assertEquals([refusal.streams, refusal.isVerified, refusal.count, more], [
    ...[["orders"], true, 2, []],
  ]);
});

Deno.test("GET /explain finds the refusal of a pattern that covers the event's stream", async () => {
  await using app = testApp(SETTINGS);
  const { id } = await app.hub.publish("orders/7", "1");
  await connect(app, "/sse?stream=orders/*", news);
  const [outcome, detail] = await why(app, "subject=ada", id);
  assertEquals(outcome, "unauthorized");
  assertMatch(detail, /does not cover .*orders\/\*/);
});

Deno.test("GET /explain tells refusals by every status apart", async () => {
  const rows: [path: string, claims: object | undefined, expected: [string, RegExp]][] = [
    ["/sse?stream=news", undefined, ["unauthorized", /with 401 .* \(no_token\): Send a token/]],
    [
      "/sse?stream=news",
      { ...news, exp: later - 7_200 },
      ["unauthorized", /with 401 .* \(expired_token\): /],
    ],
    ["/sse?stream=elsewhere", { ...news, sse: { admin: "read" } }, [
      "refused",
      /404 .* \(stream\)/,
    ]],
    ["/see?stream=news", news, ["refused", /with 404 .* \(path\): /]],
    ["/sse?topic=news", news, ["refused", /with 400 .* \(parameter\): /]],
  ];
  for (const [path, claims, [outcome, detail]] of rows) {
    await using app = testApp({ ...SETTINGS, STREAMS: "news" });
    await connect(app, path, claims);
    const answer = await why(app, "address=192.0.2.7", "x-1");
    assertEquals([path, answer[0]], [path, outcome]);
    assertMatch(answer[1], detail);
  }
});

Deno.test("GET /explain names a limit, and ended streams, although their clients got a 200", async () => {
  await using app = testApp({ ...SETTINGS, MAX_CONNECTIONS: "1" });
  const open = await connect(app, "/sse?stream=news", news);
  const refused = await connect(app, "/sse?stream=news", { ...news, sub: "bob" });
  await refused.body!.cancel();
  assertMatch(
    (await why(app, "subject=bob", "x-1"))[1],
    /^The client was asked to reconnect later at \S+ \(connections\)$/,
  );
  await open.body!.cancel();
  await app.hub.publish("news", "1");
  await app.hub.end("news");
  const ended = await connect(app, "/sse?stream=news", { ...news, sub: "eve" });
  await ended.body!.cancel();
  assertMatch(
    (await why(app, "subject=eve", "x-1"))[1],
    /^The client was told that the streams have ended at /,
  );
});

Deno.test("GET /explain tells a client that was denied after its connection from one that left", async () => {
  await using app = testApp(SETTINGS);
  const left = await connect(app, "/sse?stream=news", news);
  await left.body!.cancel();
  const { id } = await app.hub.publish("news", "1");
  assertEquals((await why(app, "subject=ada", id))[0], "after");
  await app.hub.disconnect({ subject: "ada" }, { denyUntil: Date.now() + 60_000 });
  await connect(app, "/sse?stream=news", news);
  const [outcome, detail] = await why(app, "subject=ada", id);
  assertEquals(outcome, "unauthorized");
  assertMatch(detail, /\(denied\): This client is denied until /);
});

Deno.test("GET /explain says that nothing is known of a client, and what to name", async () => {
  await using app = testApp(SETTINGS);
  const [outcome, detail] = await why(app, "subject=nobody", "x-1");
  assertEquals(outcome, "unknown");
  assertMatch(detail, /^Nothing is known of this client here: /);
  for (const query of ["", "?event=x-1", "?subject=ada"]) {
    const { detail } = await call(app, `/explain${query}`);
    assertMatch(detail, /event, and one of connection, address, subject, token, stream$/);
  }
});

Deno.test("GET /refusals lists who was refused, latest or most often first, in pages", async () => {
  await using app = testApp(SETTINGS);
  for (const stream of ["a", "a", "b", "c"]) await connect(app, `/sse?stream=${stream}`);
  const streams = async (query: string) => {
    const { refusals, next } = await call(app, `/refusals?${query}`);
    return [refusals.map((row: { streams: string[] }) => row.streams[0]), next];
  };
  assertEquals((await streams(""))[0].toSorted(), ["a", "b", "c"]);
  assertEquals(await streams("sort=count&limit=1"), [["a"], 1]);
  assertEquals((await streams("sort=count&offset=1"))[0].toSorted(), ["b", "c"]);
  assertEquals(await streams("stream=b"), [["b"], null]);
  assertEquals(await streams("search=no_token&stream=c"), [["c"], null]);
  const { refusals: [{ first, last, count }] } = await call(app, "/refusals?stream=a");
  assertEquals([count, first <= last], [2, true]);
  assertMatch(last, /^\d{4}-\d\d-\d\dT.*Z$/);
  assertMatch((await call(app, "/refusals?sort=name")).detail, /must be last, count$/);
});
