import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ConnectionPage } from "../../lib/server/connection_list.ts";
import { SharedLog } from "../../lib/log/shared_log.ts";
import { ListStore, SharedList } from "../log/list_store.ts";
import { signHs256 } from "./jwt_support.ts";
import { Body, get, INFO, QUIET, type TestApp, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const SECRET = "a secret of at least thirty-two bytes";
const settings = { ...QUIET, PUBLISH_TOKEN: TOKEN, JWT_KEY: SECRET };
const later = Math.floor(Date.now() / 1_000) + 3_600;

function jwt(claims: Readonly<Record<string, unknown>>): Promise<string> {
  return signHs256({ exp: later, sse: { subscribe: ["news"] }, ...claims }, SECRET);
}

/** Connects with a JWT of these claims. */
async function connect(
  app: TestApp,
  path: string,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<Body> {
  const authorization = `Bearer ${await jwt(claims)}`;
  const headers = { authorization, "user-agent": "Tester/1", origin: "https://app.example" };
  return new Body(await app.fetch(get(path, { headers }), INFO));
}

/** Calls a route as the operator; returns the status and what was answered. */
async function call(
  app: TestApp,
  path: string,
  { method = "GET", token = TOKEN } = {},
  // deno-lint-ignore no-explicit-any
): Promise<[status: number, answer: any]> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await app.fetch(get(path, { method, headers }), INFO);
  return [response.status, await response.json()];
}

async function list(app: TestApp, query = ""): Promise<ConnectionPage> {
  return (await call(app, `/connections${query}`))[1];
}

Deno.test("GET /connections lists who is connected, how, and how far", async () => {
  await using app = testApp(settings);
  await using _news = await connect(app, "/sse?stream=news", { sub: "ada", jti: "t1" });
  await using _own = await connect(app, "/sse", { sub: "bob" });
  const { id: lastId } = await app.hub.publish("news", "1");
  const { connections: [news, own], next } = await list(app);
  const { id, since, bytes, ...rest } = news!;
  assertEquals(rest, {
    address: "192.0.2.7",
    subject: "ada",
    tokenId: "t1",
    userAgent: "Tester/1",
    origin: "https://app.example",
    streams: ["news"],
    lastId,
    events: 1,
    behind: 0,
  });
  assert(Math.abs(Date.parse(since) - Date.now()) < 60_000 && bytes! > 0);
  assertEquals([own!.subject, own!.streams, own!.lastId, next], ["bob", [], null, null]);
  const [status, { connection, trace }] = await call(app, `/connections/${id}`);
  assertEquals([status, connection.id, trace.decisions[0].what], [200, id, "opened"]);
});

Deno.test("GET /connections has pages, of both kinds of streams", async () => {
  await using app = testApp(settings);
  await using open = new AsyncDisposableStack();
  for (let i = 0; i < 5; i++) {
    open.use(await connect(app, i % 2 ? "/sse" : "/sse?stream=news", { sub: `${i}` }));
  }
  const pages: (string | null)[][] = [];
  for (let after: string | null = ""; after !== null;) {
    const page: ConnectionPage = await list(app, `?limit=2&after=${after}`);
    pages.push(page.connections.map(({ subject }) => subject));
    after = page.next;
  }
  assertEquals(pages, [["0", "2"], ["4", "1"], ["3"]]);
  for (const limit of ["0", "1001", "x"]) {
    assertEquals((await call(app, `/connections?limit=${limit}`))[0], 400);
  }
});

Deno.test("GET /connections chooses by parameters, and searches", async () => {
  await using app = testApp(settings);
  await using _ada = await connect(app, "/sse?stream=news", { sub: "Ada", jti: "t1" });
  await using _bob = await connect(app, "/sse", { sub: "bob" });
  const rows: [query: string, subjects: string[]][] = [
    ["?subject=Ada", ["Ada"]],
    ["?token=t1", ["Ada"]],
    ["?stream=news", ["Ada"]],
    ["?address=::ffff:192.0.2.7", ["Ada", "bob"]],
    ["?address=192.0.2.8", []],
    ["?subject=Ada&stream=other", []],
    ["?search=ADA", ["Ada"]],
    ["?search=tester", ["Ada", "bob"]],
    ["?search=new", ["Ada"]],
    ["?search=nothing", []],
  ];
  for (const [query, subjects] of rows) {
    const { connections } = await list(app, query);
    assertEquals([query, connections.map(({ subject }) => subject)], [query, subjects]);
  }
});

Deno.test("GET /connections puts the connections that are furthest behind first, with sort=behind", async () => {
  await using app = testApp(settings);
  await using _current = await connect(app, "/sse?stream=other", {
    sub: "ada",
    sse: { admin: "read" },
  });
  await using _slow = await connect(app, "/sse?stream=news", { sub: "bob" });
  for (let i = 0; i < 9; i++) await app.hub.publish("news", "x".repeat(50_000));
  const { connections, next } = await list(app, "?sort=behind&limit=1");
  assertEquals([connections.map(({ subject }) => subject), next], [
    ["bob"],
    1 as unknown as string,
  ]);
  const second = await list(app, "?sort=behind&limit=1&offset=1");
  assertEquals([second.connections.map(({ subject }) => subject), second.next], [["ada"], null]);
  assertEquals((await call(app, "/connections?sort=name"))[0], 400);
});

Deno.test("a search looks at 2 000 connections, and its page then has a next", async () => {
  await using app = testApp({ ...settings, SUBSCRIBE: "public", MAX_CONNECTIONS: "20000" });
  const client = { address: "192.0.2.1" };
  const bodies = Array.from({ length: 2_001 }, () => {
    return app.hub.subscribe(get("/sse?stream=x"), { client }).body!;
  });
  const first = await list(app, "?search=nothing");
  assertEquals(first.connections, []);
  const second = await list(app, `?search=nothing&after=${first.next}`);
  assertEquals([first.next !== null, second.next], [true, null]);
  await Promise.all(bodies.map((body) => body.cancel()));
});

Deno.test("DELETE /connections/<id> ends that connection with goaway; its client may come back", async () => {
  await using app = testApp(settings);
  for (const path of ["/sse?stream=news", "/sse"]) {
    await using body = await connect(app, path);
    await using other = await connect(app, path);
    const { connections: [row] } = await list(app);
    const { id } = row!;
    assertEquals(await call(app, `/connections/${id}`, { method: "DELETE" }), [200, { ended: 1 }]);
    assertMatch(await body.end(), /event: goaway\nretry: \d+\ndata: \{"reason":"removed"\}\n\n$/);
    assertEquals((await call(app, `/connections/${id}`, { method: "DELETE" }))[0], 404);
    assertEquals((await list(app)).connections.length, 1);
    await using again = await connect(app, path);
    await again.until(/retry/);
    await app.hub.disconnect({ subject: "nobody" });
    assert(!other.isCut);
  }
});

Deno.test("DELETE /connections ends by subject, token, address and stream, and denies", async () => {
  await using app = testApp(settings);
  const DELETE = { method: "DELETE" };
  await using ada = await connect(app, "/sse?stream=news", { sub: "ada" });
  await using adaOwn = await connect(app, "/sse", { sub: "ada" });
  assertEquals(await call(app, "/connections?subject=ada&denySeconds=60", DELETE), [200, {
    ended: 2,
  }]);
  for (const body of [ada, adaOwn]) await body.end();
  for (const path of ["/sse?stream=news", "/sse"]) {
    const headers = { authorization: `Bearer ${await jwt({ sub: "ada" })}` };
    const refused = await app.fetch(get(path, { headers }), INFO);
    assertEquals(refused.status, 403);
    assertMatch((await refused.json()).detail, /^This client is denied until \d{4}-/);
  }
  assertMatch(app.log.all.at(-1)!, /refused status=403 reason=denied/);
  await using _bob = await connect(app, "/sse?stream=news", { sub: "bob", jti: "t2" });
  assertEquals(await call(app, "/connections?token=t2", DELETE), [200, { ended: 1 }]);
  await using _eve = await connect(app, "/sse?stream=news");
  assertEquals(await call(app, "/connections?stream=news", DELETE), [200, { ended: 1 }]);
  await call(app, "/connections?subject=ada&denySeconds=0", DELETE);
  await using again = await connect(app, "/sse?stream=news", { sub: "ada" });
  await again.until(/hello/);
});

Deno.test("a denied address may not subscribe, and its operator may still end the denial", async () => {
  await using app = testApp({ ...settings, SUBSCRIBE: "public" });
  const path = "/connections?address=192.0.2.7&denySeconds=";
  await call(app, `${path}60`, { method: "DELETE" });
  assertEquals((await app.fetch(get("/sse?stream=news"), INFO)).status, 403);
  await using _other = new Body(await app.fetch(get("/sse?stream=news")));
  assertEquals((await list(app)).connections.length, 1);
  assertEquals((await call(app, `${path}0`, { method: "DELETE" }))[0], 200);
  await using _again = new Body(await app.fetch(get("/sse?stream=news"), INFO));
});

Deno.test("a denied subject may not publish either", async () => {
  await using app = testApp(settings);
  const token = await jwt({ sub: "ada", sse: { publish: ["news"] } });
  const headers = { authorization: `Bearer ${token}`, "content-type": "text/plain" };
  const publish = () => app.fetch(get("/sse?stream=news", { method: "POST", headers, body: "x" }));
  assertEquals((await publish()).status, 200);
  await app.hub.disconnect({ subject: "ada" }, { denyUntil: Date.now() + 60_000 });
  assertEquals((await publish()).status, 403);
});

Deno.test("DELETE /connections refuses what it can't mean, and names what to send", async () => {
  await using app = testApp(settings);
  const rows: [query: string, detail: RegExp][] = [
    ["", /^Name whom to disconnect: one of address, subject, token, stream$/],
    ["?subject=a&denySeconds=x", /^The parameter denySeconds must be /],
    ["?subject=a&denySeconds=9999999", /^The parameter denySeconds must be /],
    ["?stream=a&denySeconds=9", /^With denySeconds, name one address, subject or token/],
    ["?subject=a&address=b&denySeconds=9", /^With denySeconds, name one/],
  ];
  for (const [query, detail] of rows) {
    const [status, answer] = await call(app, `/connections${query}`, { method: "DELETE" });
    assertEquals(status, 400);
    assertMatch(answer.detail, detail);
  }
});

Deno.test("GET /connections/<id>/explain says what became of an event", async () => {
  await using app = testApp({ ...settings, SUBSCRIBE: "token" });
  const sse = { subscribe: ["news", "other"] };
  await using _ada = await connect(app, "/sse?stream=news", { sse });
  await using _own = await connect(app, "/sse", { sse });
  const ids: Record<string, string> = {};
  for (const name of ["news", "other", "secret"]) ids[name] = (await app.hub.publish(name, "1")).id;
  const { connections: [row, own] } = await list(app);
  const why = async (id: string, event: string) =>
    (await call(app, `/connections/${id}/explain?event=${event}`))[1].outcome;
  assertEquals(await why(row!.id, ids.news!), "sent");
  assertEquals(await why(row!.id, ids.other!), "other_stream");
  assertEquals(await why(row!.id, ids.secret!), "unauthorized");
  assertEquals(await why(own!.id, ids.news!), "other_stream");
  const paths: [path: string, status: number][] = [
    [`/connections/${row!.id}/explain`, 400],
    [`/connections/nobody-1/explain?event=${ids.news}`, 404],
    [`/connections/${row!.id}/other`, 404],
    ["/connections/nobody-1", 404],
  ];
  for (const [path, status] of paths) {
    assertEquals([path, (await call(app, path))[0]], [path, status]);
  }
});

Deno.test("a connection of another instance is ended there, asked of any", async () => {
  const shared = new SharedList();
  const start = async () => {
    const app = testApp(settings, new Map(), { eventLog: new SharedLog(new ListStore(shared)) });
    await app.hub.ready;
    return app;
  };
  await using a = await start();
  await using b = await start();
  await using news = await connect(b, "/sse?stream=news", { sub: "ada" });
  await using own = await connect(b, "/sse", { sub: "ada" });
  const { connections: [row] } = await list(b);
  const [status, answer] = await call(a, `/connections/${row!.id}`, { method: "DELETE" });
  assertEquals([status, answer], [202, { ended: 0 }]);
  assertMatch(await news.end(), /"reason":"removed"/);
  await call(a, "/connections?subject=ada", { method: "DELETE" });
  assertMatch(await own.end(), /"reason":"removed"/);
});

Deno.test("a subscriber of a pattern is listed, found, explained and ended by the streams that it gets", async () => {
  await using app = testApp({ ...settings, SUBSCRIBE: "token", PUBLIC_PATTERNS: "prices/*" });
  const sse = { subscribe: ["orders/*"] };
  await using body = await connect(app, "/sse?stream=orders/*", { sub: "ada", sse });
  await using _prices = await connect(app, "/sse?stream=prices/*", { sub: "bob", sse });
  const subjects = async (query: string) =>
    (await list(app, query)).connections.map(({ subject, streams }) => [subject, ...streams]);
  assertEquals(await subjects("?stream=orders/7"), [["ada", "orders/*"]]);
  assertEquals(await subjects("?stream=prices/eur"), [["bob", "prices/*"]]);
  assertEquals(await subjects("?stream=orders"), []);
  const id = (await list(app, "?subject=ada")).connections[0]!.id;
  const outcomes: string[] = [];
  for (const name of ["orders/7", "orders", "prices/eur"]) {
    const event = (await app.hub.publish(name, "1")).id;
    outcomes.push((await call(app, `/connections/${id}/explain?event=${event}`))[1].outcome);
  }
  assertEquals(outcomes, ["sent", "unauthorized", "other_stream"]);
  const ended = await call(app, "/connections?stream=orders/9", { method: "DELETE" });
  assertEquals(ended, [200, { ended: 1 }]);
  assertMatch(await body.end(), /event: goaway/);
});
