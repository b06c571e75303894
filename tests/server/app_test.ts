import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
  assertThrows,
} from "@std/assert";
import { lacks } from "../program.ts";
import { until } from "../wait.ts";
import { createApp, readConfig } from "../../lib/server/app.ts";
import {
  assertProblem,
  assertRetryLater,
  Body,
  get,
  INFO,
  messages,
  open,
  QUIET,
  SENT_AWAY,
  type TestApp,
  testApp,
  words,
} from "./support.ts";

// RFC 9112, section 3.2: an invalid Host must be refused.
const HEALTHY_OR_REFUSED = /^HTTP\/1\.1 (?:200 OK\r\n.*\r\n\r\nok\n$|400 )/s;
const noNet = await lacks("net");
/** Serves an app on a free port. */
function listen(app: TestApp): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
}

/** Sends the lines of a request unchanged. */
async function send(port: number, lines: string): Promise<Deno.TcpConn> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = Uint8Array.from(`${lines}\r\n\r\n`, (character) => character.charCodeAt(0));
  await socket.write(bytes);
  return socket;
}

/** Sends the lines of a request unchanged, and reads the whole answer. */
async function exchange(port: number, lines: string): Promise<string> {
  using socket = await send(port, `${lines}\r\nConnection: close`);
  return await new Body({ body: socket.readable }).end();
}

Deno.test("createApp() refuses a setting that is unknown, and names the nearest one", () => {
  const config = { ...readConfig(() => undefined), historyEvent: 5 };
  assertThrows(() => createApp(config), TypeError, "did you mean historyEvents?");
});

Deno.test("an unknown path gets a 404", async () => {
  await using app = testApp();
  const body =
    '{"status":404,"title":"Not Found","detail":"Nothing is served at this path; subscribe with GET /sse?stream=<name>, publish with POST"}';
  for (const path of ["/", "/index.html", "/sse//", "/main.ts", "/static/index.html"]) {
    await assertProblem(await app.fetch(get(path)), 404, body);
  }
});

Deno.test("a path with a trailing slash is the same path, for every method", async () => {
  await using app = testApp({ PUBLISH_TOKEN: "a-token-for-these-tests", INTERVAL_MS: "3600000" });
  const headers = { authorization: "Bearer a-token-for-these-tests", "content-type": "text/plain" };
  const post = { method: "POST", headers, body: "x" };
  assertEquals((await app.fetch(get("/sse/?stream=a/b", post))).status, 200);
  await using body = new Body(await app.fetch(get("/sse/?stream=a/b&since=1")));
  await body.until(/data: x\n/);
  for (const path of ["/healthz/", "/readyz/", "/metrics/", "/streams/", "/streams/a/b/"]) {
    const [slashed, bare] = await Promise.all([path, path.slice(0, -1)].map(async (path) => {
      const response = await app.fetch(get(path, { headers }));
      return [response.status, (await response.text()).replace(/^process_.*$/gm, "")];
    }));
    assertEquals([path, slashed], [path, bare]);
  }
});

Deno.test("GET /streams/<name> decodes the name once", async () => {
  await using app = testApp({ PUBLISH_TOKEN: "a-token-for-these-tests" });
  await app.hub.publish("a/b", { data: "x" });
  const headers = { authorization: "Bearer a-token-for-these-tests" };
  const table: [name: string, status: number][] = [
    ...["a/b", "a%2Fb", "a%2fb", "%61%2F%62", "a%2Fb/"].map((name) =>
      [name, 200] as [string, number]
    ),
    ...["a%252Fb", "a%2", "a%FFb", "%", "", "a/b//", "..", "%2e%2e", "x%2F..%2Fa/b", "a%2Fb?x#y"]
      .map((name) =>
        [name, name === "" ? 200 : name.includes("#") ? 400 : 404] as [string, number]
      ),
  ];
  for (const [name, status] of table) {
    const response = await app.fetch(get(`/streams/${name}`, { headers }));
    assertEquals([name, response.status], [name, status]);
    const answer = await response.json();
    if (status === 200 && name !== "") assertEquals(answer.name, "a/b");
  }
});

Deno.test("an answer in JSON is stored nowhere and says nosniff, with and without allowed origins", async () => {
  for (const CORS_ORIGINS of ["", "https://app.example"]) {
    await using app = testApp({ PUBLISH_TOKEN: "a-token-for-these-tests", CORS_ORIGINS });
    const headers = {
      "authorization": "Bearer a-token-for-these-tests",
      "content-type": "text/plain",
    };
    const requests = [
      get("/sse?stream=a", { method: "POST", body: "x", headers }),
      get("/streams", { headers }),
      get("/streams/a", { headers }),
    ];
    for (const request of requests) {
      const response = await app.fetch(request);
      const names = ["content-type", "cache-control", "x-content-type-options", "vary"];
      assertEquals(names.map((name) => response.headers.get(name)), [
        "application/json",
        "no-store",
        "nosniff",
        CORS_ORIGINS === "" ? null : "Origin",
      ]);
      await response.body?.cancel();
    }
  }
});

Deno.test("every response of an app says nosniff", async () => {
  const pages = new Map([["/", { GET: () => Response.redirect("http://a/") }]]);
  await using app = testApp({ CORS_ORIGINS: "https://app.example", INTERVAL_MS: "10" }, pages);
  const preflight = { origin: "https://app.example", "access-control-request-method": "GET" };
  const requests = [
    ...["/", "/sse", "/sse?stream=a", "/healthz", "/nothing", "/metrics", "/sse#x"].flatMap((
      path,
    ) => ["GET", "HEAD", "OPTIONS", "PUT"].map((method) => get(path, { method }))),
    get("/sse", { method: "OPTIONS", headers: preflight }),
    get("/session", { method: "DELETE" }),
    get("/session", { method: "POST", body: "x" }),
  ];
  for (const request of requests) {
    const response = await app.fetch(request);
    await response.body?.cancel();
    const header = response.headers.get("x-content-type-options");
    assertEquals(header, "nosniff", `${request.method} ${request.url}`);
  }
});

Deno.test("a stream of an earlier start that STREAMS no longer lists can be ended, and is not counted", async () => {
  const settings = { PUBLISH_TOKEN: "a-token-for-these-tests", STREAMS: "new", MAX_STREAMS: "1" };
  await using app = testApp(settings);
  await app.hub.publish("old", { data: "x" });
  const headers = { authorization: "Bearer a-token-for-these-tests", "content-type": "text/plain" };
  const status = async (method: string, stream: string) => {
    const body = method === "POST" ? "x" : null;
    const response = await app.fetch(get(`/sse?stream=${stream}`, { method, headers, body }));
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status("GET", "old"), 404);
  assertEquals(await status("POST", "old"), 404);
  assertEquals(await status("POST", "new"), 200, "the old one does not count");
  assertEquals(await status("DELETE", "older"), 404);
  assertEquals(await status("DELETE", "old"), 204);
  assertEquals(app.hub.stream("old")?.isEnded, true);
});

Deno.test("close() sends every client a goaway, and cuts the connections", async () => {
  await using app = testApp(QUIET);
  await using clock = await open(app, "/sse");
  await using news = await open(app, "/sse?stream=news");
  await app.close();
  for (const body of [clock, news]) {
    assertMatch(await body.end(), SENT_AWAY);
    assertEquals(body.isCut, true);
  }
});

Deno.test("drain() ends every event stream, refuses publishers, and makes the app not ready", async () => {
  await using app = testApp({ ...QUIET, PUBLISH_TOKEN: "a-token-for-these-tests" });
  await using clock = await open(app, "/sse");
  await using news = await open(app, "/sse?stream=news");
  const draining = app.drain(50);
  assertEquals((await app.fetch(get("/readyz"))).status, 503);
  const headers = { authorization: "Bearer a-token-for-these-tests", "content-type": "text/plain" };
  const post = get("/sse?stream=news", { method: "POST", headers, body: "x" });
  const refused = await app.fetch(post);
  assertEquals([refused.status, refused.headers.get("connection")], [503, "close"]);
  await assertRetryLater(await app.fetch(get("/sse?stream=news")));
  for (const body of [clock, news]) assertMatch(await body.end(), SENT_AWAY);
  await draining;
});

Deno.test("close() tells new clients to reconnect in 5 to 15 seconds", async () => {
  await using app = testApp();
  await app.close();
  for (const path of ["/sse", "/sse?stream=time", "/sse?stream=news"]) {
    await assertRetryLater(await app.fetch(get(path)));
  }
  assertEquals(messages(app), []);
});

Deno.test("close() may be called twice", async () => {
  await using app = testApp();
  await Promise.all([app.close(), app.close()]);
  await app.close();
  assertEquals((await app.fetch(get("/readyz"))).status, 503);
});

Deno.test("MAX_CONNECTIONS tells further clients to reconnect later, until one leaves", async () => {
  await using app = testApp({ MAX_CONNECTIONS: "1" });
  const paths = ["/sse", "/sse?stream=time"];
  for (const path of paths) {
    await using _ = await open(app, path);
    for (const path of paths) await assertRetryLater(await app.fetch(get(path)));
  }
  await using body = await open(app, "/sse");
  assertEquals(await body.until(/\n/), "retry: 2000\n");
});

Deno.test("MAX_CONNECTIONS leaves room for one socket without a stream beside each stream", async () => {
  await using app = testApp({ MAX_CONNECTIONS: "1" });
  const { promise: completed, reject } = Promise.withResolvers<void>();
  for (let i = 0; i < 2; i++) {
    const response = await app.fetch(get("/sse"), { completed });
    await response.body!.cancel();
  }
  await assertRetryLater(await app.fetch(get("/sse")));
  reject(new Error("HTTP/2 rejects when a client leaves"));
  await completed.catch(() => {});
  await using body = await open(app, "/sse");
  assertEquals(await body.until(/\n/), "retry: 2000\n");
});

Deno.test("MAX_CONNECTIONS does not limit other paths, and does not count refused clients", async () => {
  await using app = testApp({ MAX_CONNECTIONS: "1" });
  for (const path of ["/sse?stream=..", "/nowhere"]) {
    await (await app.fetch(get(path))).body!.cancel();
  }
  await app.fetch(get("/sse", { method: "HEAD" }));
  await using _ = await open(app, "/sse");
  assertEquals((await app.fetch(get("/healthz"))).status, 200);
});

Deno.test("the log has a line for each end of a connection", async () => {
  await using app = testApp(QUIET);
  await (await open(app, "/sse"))[Symbol.asyncDispose]();
  assertEquals(messages(app), [
    "connected address=192.0.2.7",
    "disconnected address=192.0.2.7 events=0 bytes=12 reason=left",
  ]);
  assertMatch(app.log.all[0]!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z connected /);
  assertMatch(app.log.all[1]!, / seconds=\d+(\.\d{1,3})? events=/);
});

Deno.test("the log says for how many seconds a connection was open", async () => {
  await using app = testApp(QUIET);
  const before = performance.now();
  await (await open(app, "/sse"))[Symbol.asyncDispose]();
  const seconds = Number(/ seconds=(\S+) /.exec(await app.log.line("disconnected"))![1]);
  assertGreaterOrEqual(seconds, 0);
  assertLessOrEqual(seconds, (performance.now() - before) / 1_000 + 0.001);
});

Deno.test("the log says the streams, events and bytes of a connection", async () => {
  await using app = testApp(QUIET);
  const body = await open(app, "/sse?stream=news&stream=de/sport");
  const { id: lastId } = await app.hub.publish("news", [{ data: "1" }, { data: "2" }]);
  const text = await body.until(/data: 2\n.*\n\n/);
  await body[Symbol.asyncDispose]();
  const connection = "address=192.0.2.7 streams=news,de/sport";
  await app.log.line("disconnected");
  assertEquals(messages(app), [
    `connected ${connection}`,
    `disconnected ${connection} events=2 bytes=${text.length} lastId=${lastId} reason=left`,
  ]);
  const ids = app.log.all.map((line) => / connection=(\S+)/.exec(line)?.[1]);
  assertEquals([ids.length, ids[0]], [2, ids[1]]);
  assertEquals(app.hub.trace(ids[0]!)?.streams, ["de/sport", "news"]);
});

Deno.test("the log says which connections the server closed", async () => {
  await using app = testApp(QUIET);
  await using _clock = await open(app, "/sse");
  await using _news = await open(app, "/sse?stream=news");
  await app.close();
  await app.log.line("disconnected", 2);
  const lines = messages(app).filter((line) => line.startsWith("disconnected"));
  assertMatch(lines[0]!, /^disconnected address=192.0.2.7 events=1 bytes=\d+ reason=closed$/);
  assertMatch(lines[1]!, /^disconnected address=192.0.2.7 streams=news .* reason=closed$/);
  assertEquals(messages(app).length, 4);
});

Deno.test("the log says that a subscriber's stream has ended, and has no line for a 204", async () => {
  await using app = testApp(QUIET);
  await using body = await open(app, "/sse?stream=news");
  const { id } = await app.hub.publish("news", { data: "last" });
  app.hub.end("news");
  await body.end();
  assertMatch(await app.log.line("disconnected"), / events=2 bytes=\d+ lastId=\S+ reason=ended$/);
  const headers = {
    accept: "text/event-stream",
    "cache-control": "no-cache",
    "last-event-id": id,
  };
  const back = await app.fetch(get("/sse?stream=news", { headers }));
  assertEquals([back.status, app.log.all.length], [204, 2]);
});

Deno.test("the log has the address that trusted proxies forward", async () => {
  await using app = testApp({ TRUST_PROXY: "1" });
  const headers = { "x-forwarded-for": "6.6.6.6, 198.51.100.1" };
  await (await app.fetch(get("/sse", { headers }), INFO)).body!.cancel();
  assertEquals(messages(app)[0], "connected address=198.51.100.1");
});

Deno.test("the log warns once that X-Forwarded-For is ignored while TRUST_PROXY is 0", async () => {
  await using app = testApp(QUIET);
  await using trusting = testApp({ ...QUIET, TRUST_PROXY: "1" });
  const headers = { "x-forwarded-for": "198.51.100.1" };
  for (const path of ["/healthz", "/sse", "/nowhere"]) {
    await (await app.fetch(get(path, { headers }), INFO)).body!.cancel();
    await (await trusting.fetch(get(path, { headers }), INFO)).body!.cancel();
  }
  const hint = /^X-Forwarded-For ignored address=192\.0\.2\.7 hint=".*TRUST_PROXY/;
  assertEquals(messages(app).filter((line) => hint.test(line)).length, 1);
  assertEquals(messages(trusting).filter((line) => line.includes("ignored")), []);
});

Deno.test("LOG_FORMAT makes the log JSON, or turns the log off", async () => {
  await using json = testApp({ ...QUIET, LOG_FORMAT: "json" });
  await using off = testApp({ ...QUIET, LOG_FORMAT: "off" });
  for (const app of [json, off]) await (await open(app, "/sse"))[Symbol.asyncDispose]();
  assertEquals(json.log.all.length, 2);
  const { time: _, seconds, connection, ...fields } = JSON.parse(json.log.all[1]!);
  assertEquals([typeof seconds, typeof connection, fields], ["number", "string", {
    message: "disconnected",
    address: "192.0.2.7",
    events: 0,
    bytes: 12,
    reason: "left",
  }]);
  assertEquals(off.log.all, []);
});

Deno.test("an app serves its pages, and no page replaces one of its own paths", async () => {
  const page = { GET: () => new Response("page") };
  await using app = testApp({}, new Map([["/", page], ["/healthz", page]]));
  assertEquals(await (await app.fetch(get("/"))).text(), "page");
  assertEquals(await (await app.fetch(get("/healthz"))).text(), "ok\n");
});

Deno.test({
  name: "an app serves static/ by default",
  ignore: await lacks("read"),
  async fn() {
    const app = createApp(readConfig(() => undefined));
    const folder = new URL("../../static/", import.meta.url);
    for await (const { name } of Deno.readDir(folder)) {
      const response = await app.fetch(get(`/${name.replace(/(^index)?\.html$/, "")}`));
      assertEquals(await response.text(), await Deno.readTextFile(new URL(name, folder)));
    }
    await app.close();
  },
});

Deno.test("an app works without a log", async () => {
  const app = createApp(readConfig(() => undefined), { pages: new Map() });
  await using body = new Body(await app.fetch(get("/sse")));
  assertEquals(await body.until(/\n/), "retry: 2000\n");
  await app.close();
});

Deno.test("no path, query or method gets a 5xx", async () => {
  await using app = testApp(QUIET, new Map([["/", { GET: () => new Response("page") }]]));
  const paths = words(String.raw`
    / // /%00 /%2e%2e/ /%zz /% /sse%00 /\..\ /sse;a /healthz?%zz /__proto__ /constructor
    /sse?stream= /sse?stream /sse?&&= /sse?stream=%00 /sse?stream=%zz /sse?stream=%ff
    /sse?stream=__proto__ /sse?stream=a&stream=a /sse?stream=a&since=x /sse?stream=a&lastEventId=%00
    /sse?since=-1 /sse?since=1e9 /sse?lastEventId=%ff`);
  const long = [
    `/${"a".repeat(9_999)}`,
    `/sse?${"a=1&".repeat(50_000)}`,
    `/sse?stream=${"a".repeat(99_999)}`,
  ];
  for (const path of [...paths, ...long]) {
    for (const method of words("GET HEAD POST OPTIONS get CoPy M-SEARCH __proto__ toString")) {
      const response = await app.fetch(get(path, { method }));
      assert(response?.status >= 200 && response.status < 500, `${method} ${path.slice(0, 80)}`);
      await response.body?.cancel();
    }
  }
  assertEquals(messages(app).filter((line) => line.startsWith("error")), []);
});

Deno.test("no header gets a 5xx", async () => {
  await using app = testApp({ TRUST_PROXY: "2" });
  const values = ["", " ", "\t", "a".repeat(100_000), ...words(', \xff\xfe %00 [ [:: " W/ * -1')];
  for (const name of words("x-forwarded-for last-event-id accept if-none-match range")) {
    for (const value of values) {
      for (const path of ["/sse", "/sse?stream=time", "/healthz"]) {
        const response = await app.fetch(get(path, { headers: { [name]: value } }));
        assertEquals(response.status, 200, `${name}: ${value.slice(0, 80)}`);
        await response.body!.cancel();
      }
    }
  }
});

Deno.test({
  name: "an app on a socket answers any request line, and never with a file from outside static/",
  ignore: noNet,
  async fn() {
    await using app = testApp({}, new Map([["/", { GET: () => new Response("page") }]]));
    await using server = listen(app);
    const table = {
      "GET / HTTP/1.1": "200 OK",
      "GET /healthz HTTP/1.0": "200 OK",
      "GET /../main.ts HTTP/1.1": "404 Not Found",
      "GET /%2e%2e/main.ts HTTP/1.1": "404 Not Found",
      "GET /..\\main.ts HTTP/1.1": "404 Not Found",
      "GET /a/../healthz HTTP/1.1": "404 Not Found",
      "GET //healthz HTTP/1.1": "404 Not Found",
      "GET /%68ealthz HTTP/1.1": "404 Not Found",
      "GET /healthz?../main.ts HTTP/1.1": "200 OK",
      "GET http://elsewhere/healthz HTTP/1.1": "200 OK",
      "GET http://elsewhere/../main.ts HTTP/1.1": "404 Not Found",
      "OPTIONS * HTTP/1.1": "204 No Content",
      "CONNECT elsewhere:80 HTTP/1.1": "404 Not Found",
      "TRACE / HTTP/1.1": "405 Method Not Allowed",
      "constructor / HTTP/1.1": "405 Method Not Allowed",
      "GET main.ts HTTP/1.1": "400 Bad Request",
      "GET /\xff HTTP/1.1": "400 Bad Request",
    };
    for (const [line, expected] of Object.entries(table)) {
      const answer = await exchange(server.addr.port, `${line}\r\nHost: localhost`);
      assertEquals(answer.split("\r\n")[0]?.slice("HTTP/1.1 ".length), expected, line);
    }
  },
});

Deno.test({
  name: "an app on a socket answers any Host",
  ignore: noNet,
  async fn() {
    await using app = testApp();
    await using server = listen(app);
    for (const host of ["", "a b", "[", "[::1", "x:99999", "\xff", "..", "%00", "user@x", "<x>"]) {
      const answer = await exchange(server.addr.port, `GET /healthz HTTP/1.1\r\nHost: ${host}`);
      assertMatch(answer, HEALTHY_OR_REFUSED, host);
      const refusal = `GET /sse?stream=.. HTTP/1.1\r\nHost: ${host}`;
      assertMatch(await exchange(server.addr.port, refusal), /^HTTP\/1\.1 400 /, host);
    }
  },
});

Deno.test({
  name: "an app on a socket takes the path from the request line, not out of the Host",
  ignore: noNet,
  async fn() {
    await using app = testApp();
    await using server = listen(app);
    for (const host of ["x/nowhere?", "x/nowhere#", "x/nowhere", "x?", "x#"]) {
      const answer = await exchange(server.addr.port, `GET /healthz HTTP/1.1\r\nHost: ${host}`);
      assertMatch(answer, HEALTHY_OR_REFUSED, host);
    }
  },
});

Deno.test({
  name: "GET /sse on a socket is neither compressed nor buffered",
  ignore: noNet,
  async fn() {
    await using app = testApp(QUIET);
    await using server = listen(app);
    using socket = await send(server.addr.port, "GET /sse HTTP/1.1\r\nAccept-Encoding: gzip, br");
    await using body = new Body({ body: socket.readable });
    const [head = "", first] = (await body.until(/retry.*\n\r\n/)).split("\r\n\r\n");
    const names = head.split("\r\n").map((line) => line.split(":")[0]);
    assertEquals(names.sort(), [
      "HTTP/1.1 200 OK",
      ...["cache-control", "content-type", "date", "transfer-encoding"],
      ...["x-accel-buffering", "x-content-type-options"],
    ]);
    assertEquals(first, "c\r\nretry: 2000\n\r\n");
  },
});

Deno.test({
  name: "the log has a line as soon as a client drops its socket",
  ignore: noNet,
  async fn() {
    await using app = testApp(QUIET);
    await using server = listen(app);
    for (const path of ["/sse", "/sse?stream=news"]) {
      {
        using socket = await send(server.addr.port, `GET ${path} HTTP/1.1`);
        await using body = new Body({ body: socket.readable });
        await body.until(/retry/);
      }
      await app.log.line("reason=left", path === "/sse" ? 1 : 2);
    }
    assertEquals(messages(app)[0], "connected address=127.0.0.1");
    assertEquals([app.log.all.length, app.hub.stats().subscribers], [4, 0]);
  },
});

Deno.test({
  name: "MAX_CONNECTIONS has room again once a socket is dropped",
  ignore: noNet,
  async fn() {
    await using app = testApp({ ...QUIET, MAX_CONNECTIONS: "1" });
    await using server = listen(app);
    {
      using socket = await send(server.addr.port, "GET /sse HTTP/1.1");
      await using body = new Body({ body: socket.readable });
      await body.until(/retry/);
      assertMatch(
        await exchange(server.addr.port, "GET /sse HTTP/1.1"),
        /retry-after: \d{1,2}\r\n/,
      );
    }
    await app.log.line("reason=left");
    // The socket closes shortly after its stream.
    await until(async () => {
      using socket = await send(server.addr.port, "GET /sse HTTP/1.1");
      await using body = new Body({ body: socket.readable });
      return /retry: 2000\n/.test(await body.until(/retry: \d+\n|503/));
    });
  },
});
