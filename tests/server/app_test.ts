import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import { lacks } from "../program.ts";
import { until } from "../wait.ts";
import { MemoryLog } from "../../lib/log/memory.ts";
import { createApp, readConfig } from "../../lib/server/app.ts";
import { Body, get, type TestApp, testApp, words } from "./support.ts";

const INFO = { remoteAddr: { transport: "tcp", hostname: "192.0.2.7", port: 51_234 } };
// RFC 9112, section 3.2: a Host that can't be one is to be refused.
const HEALTHY_OR_REFUSED = /^HTTP\/1\.1 (?:200 OK\r\n.*\r\n\r\nok\n$|400 )/s;
const noNet = await lacks("net");
const EVENT_STREAM_HEADERS = {
  "cache-control": "no-store, no-transform",
  "content-type": "text/event-stream; charset=utf-8",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};
// The clock beats far too seldom to be heard.
const QUIET = { INTERVAL_MS: "2147483647" };

/** Serves an app on a port that is free. */
function listen(app: TestApp): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
}

/** Sends a request's lines to the letter. */
async function send(port: number, lines: string): Promise<Deno.TcpConn> {
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = Uint8Array.from(`${lines}\r\n\r\n`, (character) => character.charCodeAt(0));
  await socket.write(bytes);
  return socket;
}

/** Sends a request's lines to the letter, and reads all that comes back. */
async function exchange(port: number, lines: string): Promise<string> {
  using socket = await send(port, `${lines}\r\nConnection: close`);
  return await new Body({ body: socket.readable }).end();
}

/** Opens an event stream. */
async function open(app: TestApp, path: string): Promise<Body> {
  return new Body(await app.fetch(get(path), INFO));
}

/** The log without its times. */
function messages({ log }: TestApp): string[] {
  return log.all.map((line) => line.replace(/^\S+ /, "").replace(/ seconds=[0-9.]+ /, " "));
}

/** Asserts a refusal to the letter. */
async function assertProblem(response: Response, status: number, body: string): Promise<void> {
  assertEquals(await response.text(), body);
  assertEquals(response.status, status);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assertEquals(response.headers.get("cache-control"), "no-store");
}

/** Asserts the answer to a client that is to come back later. */
async function assertRetryLater(response: Response): Promise<void> {
  assertEquals(response.status, 200);
  assertEquals(Object.fromEntries(response.headers), EVENT_STREAM_HEADERS);
  const [, retry] = /^retry: (\d+)\n$/.exec(await new Body(response).end()) ?? [];
  assert(Number(retry) >= 5_000 && Number(retry) < 15_000, `retry: ${retry}`);
}

Deno.test("GET /sse has the headers of an event stream and no others", async () => {
  await using app = testApp();
  for (const path of ["/sse", "/sse?stream=time"]) {
    const response = await app.fetch(get(path, { headers: { "accept-encoding": "gzip, br" } }));
    assertEquals(response.status, 200);
    assertEquals(Object.fromEntries(response.headers), EVENT_STREAM_HEADERS);
    await response.body!.cancel();
  }
});

Deno.test("GET /sse sends retry at once, then the time", async () => {
  await using app = testApp({ INTERVAL_MS: "10" });
  await using body = await open(app, "/sse");
  assertEquals(await body.until(/\n/), "retry: 2000\n");
  assertMatch(
    await body.until(/(data.*\n\n){2}/),
    /^retry: 2000\n(data: time: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\n\n){2,}$/,
  );
});

Deno.test("GET /sse sends an event every INTERVAL_MS", async () => {
  await using slow = testApp({ INTERVAL_MS: "60000" });
  await using fast = testApp({ INTERVAL_MS: "10" });
  {
    await using slowBody = await open(slow, "/sse");
    await slowBody.until(/retry/);
    await using body = await open(fast, "/sse");
    await body.until(/(data.*\n\n){5}/);
  }
  assertMatch(await slow.log.line("disconnected"), / events=0 bytes=12 /);
});

Deno.test("GET /sse tells the client to wait RETRY_MS", async () => {
  await using app = testApp({ RETRY_MS: "500" });
  await using clock = await open(app, "/sse");
  await using news = await open(app, "/sse?stream=news");
  assertEquals(await clock.until(/\n/), "retry: 500\n");
  assertMatch(await news.until(/\n/), /^retry: 500\n/);
});

Deno.test("GET /sse?stream= sends retry and hello at once", async () => {
  await using app = testApp({ ...QUIET, HEARTBEAT_SECONDS: "7" });
  await using body = await open(app, "/sse?stream=time");
  assertMatch(
    await body.until(/\n\n/),
    /^retry: 2000\nevent: hello\nid: [0-9a-z]+-0\ndata: \{"heartbeatSeconds":7\}\n\n$/,
  );
});

Deno.test("GET /sse?stream= sends what is published, with the hub's id", async () => {
  await using app = testApp(QUIET);
  await using body = await open(app, "/sse?stream=news&stream=sport");
  await body.until(/\n\n/);
  const { id } = await app.hub.publish("sport", { event: "goal", data: "1:0" });
  const text = await body.until(/goal.*\n\n/s);
  assertEquals(text.split("\n\n")[1], `event: goal\nid: ${id}\ndata: 1:0`);
});

Deno.test("GET /sse?stream=time sends all subscribers the same", async () => {
  await using app = testApp({ INTERVAL_MS: "10" });
  await using one = await open(app, "/sse?stream=time");
  await using other = await open(app, "/sse?stream=time");
  const pattern = /(data: time: [^\n]+\n\n){3}/;
  const events = (text: string) => text.match(/data: time: [^\n]+\n\n/g)!.slice(0, 3);
  const [first, second] = await Promise.all([one.until(pattern), other.until(pattern)]);
  assertEquals(events(first), events(second));
  assertEquals(/\nid: .*\ndata: time/.test(first), false);
});

Deno.test("/sse is refused to all methods but its own", async () => {
  await using app = testApp();
  for (const method of ["PUT", "PATCH", "QUERY"]) {
    const response = await app.fetch(get("/sse?stream=news", { method }));
    const allow = "GET, HEAD, POST, DELETE, OPTIONS";
    assertEquals(response.headers.get("allow"), allow);
    const body = `{"status":405,"title":"Method Not Allowed","detail":"Use ${allow}"}`;
    await assertProblem(response, 405, body);
  }
});

Deno.test("GET /sse?stream= is refused where a name can't be a stream's", async () => {
  await using app = testApp();
  const names = words(". .. a/../b /a a/ a//b a%20b %C3%A4 a%00 %zz a,b a&stream= a&stream=%0Ab");
  for (const name of ["", ...names, "a".repeat(129)]) {
    await assertProblem(
      await app.fetch(get(`/sse?stream=${name}`)),
      400,
      '{"status":400,"title":"Bad Request",' +
        '"detail":"A stream\'s name is segments of A-Z a-z 0-9 . _ ~ - joined by /, at most 128 characters"}',
    );
  }
  assertEquals([messages(app), app.hub.stats().subscribers], [[], 0]);
});

Deno.test("GET /sse names the parameter where another one was meant to name a stream", async () => {
  await using app = testApp();
  for (const name of ["streams", "Stream", "stream[]", "topic", "topics", "channel"]) {
    const response = await app.fetch(get(`/sse?${encodeURIComponent(name)}=a`));
    const { detail } = await response.json();
    const expected = `There is no parameter ${name}; name a stream by ?stream=<name>`;
    assertEquals([response.status, detail], [400, expected]);
  }
  // Clients add parameters of their own, against caches.
  for (const query of ["_=1795446000", "stream=a&topic=b"]) {
    const response = await app.fetch(get(`/sse?${query}`));
    assertEquals([query, response.status], [query, 200]);
    await response.body?.cancel();
  }
});

Deno.test("GET /sse?stream= takes 32 streams and no more", async () => {
  await using app = testApp();
  const path = (count: number) =>
    `/sse?${Array.from({ length: count }, (_, i) => `stream=s${i}`).join("&")}`;
  await using body = await open(app, path(32));
  await body.until(/hello/);
  await assertProblem(
    await app.fetch(get(path(33))),
    400,
    '{"status":400,"title":"Bad Request","detail":"Name at most 32 streams"}',
  );
});

Deno.test("STREAMS are the only streams", async () => {
  await using app = testApp({ STREAMS: "news,sport" });
  await using body = await open(app, "/sse?stream=sport&stream=news");
  await body.until(/hello/);
  for (const query of ["stream=weather", "stream=news&stream=weather"]) {
    const body = '{"status":404,"title":"Not Found","detail":"There is no stream weather"}';
    await assertProblem(await app.fetch(get(`/sse?${query}`)), 404, body);
  }
});

Deno.test("STREAMS without time means there is none", async () => {
  await using app = testApp({ STREAMS: "news" });
  const body = '{"status":404,"title":"Not Found","detail":"There is no stream time"}';
  await assertProblem(await app.fetch(get("/sse?stream=time")), 404, body);
  assertEquals(app.hub.hasStream("time"), false);
});

Deno.test("STREAMS with time has it", async () => {
  await using app = testApp({ STREAMS: "time", INTERVAL_MS: "10" });
  await using body = await open(app, "/sse?stream=time");
  await body.until(/data: time: /);
});

Deno.test("HEAD /sse has the headers, no body and no subscription", async () => {
  await using app = testApp();
  for (const path of ["/sse", "/sse?stream=time"]) {
    const response = await app.fetch(get(path, { method: "HEAD" }));
    assertEquals(response.status, 200);
    assertEquals(Object.fromEntries(response.headers), EVENT_STREAM_HEADERS);
    assertEquals(await response.text(), "");
  }
  assertEquals([messages(app), app.hub.stats().subscribers], [[], 0]);
});

Deno.test("HEAD /sse is refused where GET would be", async () => {
  await using app = testApp({ STREAMS: "news" });
  for (const [query, status] of [["stream=weather", 404], ["stream=..", 400]] as const) {
    const response = await app.fetch(get(`/sse?${query}`, { method: "HEAD" }));
    assertEquals([response.status, await response.text()], [status, ""], query);
  }
});

Deno.test("an unknown path is 404", async () => {
  await using app = testApp();
  const body = '{"status":404,"title":"Not Found","detail":"There is nothing at this path"}';
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

Deno.test("every answer of an app says nosniff", async () => {
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

Deno.test("a stream outside STREAMS that an earlier start left may be ended, and counts for nothing", async () => {
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

Deno.test("GET /healthz is 200 also after close()", async () => {
  await using app = testApp();
  assertEquals(await (await app.fetch(get("/healthz"))).text(), "ok\n");
  await app.close();
  assertEquals((await app.fetch(get("/healthz"))).status, 200);
});

Deno.test("GET /readyz is 503 after close()", async () => {
  await using app = testApp();
  const before = await app.fetch(get("/readyz"));
  assertEquals([before.status, await before.text()], [200, "ok\n"]);
  await app.close();
  const after = await app.fetch(get("/readyz"));
  assertEquals([after.status, await after.text()], [503, "stopping\n"]);
});

Deno.test("GET /readyz?for=subscribe is 503 only while the server stops", async () => {
  const eventLog = new MemoryLog();
  await using app = testApp({}, undefined, { eventLog });
  const statuses = async () => {
    const paths = ["/readyz?for=subscribe", "/readyz"];
    return await Promise.all(paths.map(async (path) => (await app.fetch(get(path))).status));
  };
  assertEquals(await statuses(), [200, 200]);
  Object.defineProperty(eventLog, "isUp", { value: false });
  assertEquals(await statuses(), [200, 503]);
  const draining = app.drain(0);
  assertEquals(await statuses(), [503, 503]);
  await draining;
});

Deno.test("GET /readyz refuses to answer for what it does not know", async () => {
  await using app = testApp();
  for (const query of ["for=publish", "for=", "for=subscribe&for=x"]) {
    const response = await app.fetch(get(`/readyz?${query}`));
    assertEquals(response.status, 400);
    assertMatch((await response.json()).detail, /\/readyz\?for=subscribe/);
  }
});

Deno.test("close() ends all open responses without an error", async () => {
  await using app = testApp(QUIET);
  await using clock = await open(app, "/sse");
  await using news = await open(app, "/sse?stream=news");
  await app.close();
  assertMatch(await clock.end(), /^retry: 2000\nretry: \d{4,5}\n$/);
  assertMatch(await news.end(), /hello.*\n\n$/s);
});

Deno.test("drain() sends each client away, refuses publishers, and is no longer ready", async () => {
  await using app = testApp({ ...QUIET, PUBLISH_TOKEN: "a-token-for-these-tests" });
  await using clock = await open(app, "/sse");
  await using news = await open(app, "/sse?stream=news");
  const draining = app.drain(50);
  assertEquals((await app.fetch(get("/readyz"))).status, 503);
  const headers = { authorization: "Bearer a-token-for-these-tests", "content-type": "text/plain" };
  const post = get("/sse?stream=news", { method: "POST", headers, body: "x" });
  assertEquals((await app.fetch(post)).status, 503);
  await assertRetryLater(await app.fetch(get("/sse?stream=news")));
  for (const body of [clock, news]) assertMatch(await body.end(), /\nretry: \d{4,5}\n$/);
  await draining;
});

Deno.test("close() has new clients come back in 5 to 15 seconds", async () => {
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

Deno.test("MAX_CONNECTIONS has further clients come back later, until one leaves", async () => {
  await using app = testApp({ MAX_CONNECTIONS: "1" });
  const paths = ["/sse", "/sse?stream=time"];
  for (const path of paths) {
    await using _ = await open(app, path);
    for (const path of paths) await assertRetryLater(await app.fetch(get(path)));
  }
  await using body = await open(app, "/sse");
  assertEquals(await body.until(/\n/), "retry: 2000\n");
});

Deno.test("MAX_CONNECTIONS counts a connection until its socket is gone", async () => {
  await using app = testApp({ MAX_CONNECTIONS: "1" });
  const { promise: completed, reject } = Promise.withResolvers<void>();
  const response = await app.fetch(get("/sse"), { completed });
  await response.body!.cancel();
  await assertRetryLater(await app.fetch(get("/sse")));
  reject(new Error("HTTP/2 rejects when a client leaves"));
  await completed.catch(() => {});
  await using body = await open(app, "/sse");
  assertEquals(await body.until(/\n/), "retry: 2000\n");
});

Deno.test("MAX_CONNECTIONS leaves the other paths alone, and is not used up by refusals", async () => {
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

Deno.test("the log tells for how many seconds a connection was open", async () => {
  await using app = testApp(QUIET);
  const before = performance.now();
  await (await open(app, "/sse"))[Symbol.asyncDispose]();
  const seconds = Number(/ seconds=(\S+) /.exec(await app.log.line("disconnected"))![1]);
  assertGreaterOrEqual(seconds, 0);
  assertLessOrEqual(seconds, (performance.now() - before) / 1_000 + 0.001);
});

Deno.test("the log tells the streams, and what was sent", async () => {
  await using app = testApp(QUIET);
  const body = await open(app, "/sse?stream=news&stream=de/sport");
  await app.hub.publish("news", [{ data: "1" }, { data: "2" }]);
  const text = await body.until(/data: 2\n\n/);
  await body[Symbol.asyncDispose]();
  const connection = "address=192.0.2.7 streams=news,de/sport";
  await app.log.line("disconnected");
  assertEquals(messages(app), [
    `connected ${connection}`,
    `disconnected ${connection} events=2 bytes=${text.length} reason=left`,
  ]);
});

Deno.test("the log tells which connections the server closed", async () => {
  await using app = testApp(QUIET);
  await using _clock = await open(app, "/sse");
  await using _news = await open(app, "/sse?stream=news");
  await app.close();
  await app.log.line("disconnected", 2);
  const lines = messages(app).filter((line) => line.startsWith("disconnected"));
  assertMatch(lines[0]!, /^disconnected address=192.0.2.7 events=0 bytes=\d+ reason=closed$/);
  assertMatch(lines[1]!, /^disconnected address=192.0.2.7 streams=news .* reason=closed$/);
  assertEquals(messages(app).length, 4);
});

Deno.test("the log tells of a subscriber whose stream has ended, and of no connection after", async () => {
  await using app = testApp(QUIET);
  await using body = await open(app, "/sse?stream=news");
  const { id } = await app.hub.publish("news", { data: "last" });
  app.hub.end("news");
  await body.end();
  assertMatch(await app.log.line("disconnected"), / events=1 bytes=\d+ reason=ended$/);
  const back = await app.fetch(get("/sse?stream=news", { headers: { "last-event-id": id } }));
  assertEquals([back.status, app.log.all.length], [204, 2]);
});

Deno.test("the log has the address that TRUST_PROXY proxies forward", async () => {
  await using app = testApp({ TRUST_PROXY: "1" });
  const headers = { "x-forwarded-for": "6.6.6.6, 198.51.100.1" };
  await (await app.fetch(get("/sse", { headers }), INFO)).body!.cancel();
  assertEquals(messages(app)[0], "connected address=198.51.100.1");
});

Deno.test("the log says once that X-Forwarded-For is ignored, where TRUST_PROXY is 0", async () => {
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

Deno.test("the log is JSON, or off, where LOG_FORMAT says so", async () => {
  await using json = testApp({ ...QUIET, LOG_FORMAT: "json" });
  await using off = testApp({ ...QUIET, LOG_FORMAT: "off" });
  for (const app of [json, off]) await (await open(app, "/sse"))[Symbol.asyncDispose]();
  assertEquals(json.log.all.length, 2);
  const { time: _, seconds, ...fields } = JSON.parse(json.log.all[1]!);
  assertEquals([typeof seconds, fields], ["number", {
    message: "disconnected",
    address: "192.0.2.7",
    events: 0,
    bytes: 12,
    reason: "left",
  }]);
  assertEquals(off.log.all, []);
});

Deno.test("a handler that throws is a 500 that tells nothing of the inside", async () => {
  const pages = new Map([["/page", {
    GET: () => {
      throw new Error("the password\nis 1234");
    },
  }]]);
  await using app = testApp({}, pages);
  await assertProblem(
    await app.fetch(get("/page")),
    500,
    '{"status":500,"title":"Internal Server Error",' +
      '"detail":"The server made a mistake; it has been logged"}',
  );
  assertEquals(app.log.all.length, 1);
  assertMatch(messages(app)[0]!, /^error error="Error: the password\\nis 1234\\n {4}at .*app_test/);
  assertEquals((await app.fetch(get("/healthz"))).status, 200);
});

Deno.test("a handler that throws anything at all is a 500 and one line", async () => {
  for (
    const thrown of [undefined, null, "text", 0, Symbol("a"), Object.create(null), new Error()]
  ) {
    const pages = new Map([["/page", { GET: () => Promise.reject(thrown) }]]);
    await using app = testApp({}, pages);
    assertEquals((await app.fetch(get("/page"))).status, 500);
    assertMatch(app.log.all.join("\n"), /^\S+ error error=.+$/);
  }
});

Deno.test("a handler that throws is a 500 without a body to HEAD", async () => {
  await using app = testApp({}, new Map([["/page", { GET: () => Promise.reject(new Error()) }]]));
  const response = await app.fetch(get("/page", { method: "HEAD" }));
  assertEquals([response.status, await response.text()], [500, ""]);
});

Deno.test("an app serves its pages, but none in place of its own paths", async () => {
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

Deno.test("an app goes on without a log", async () => {
  const app = createApp(readConfig(() => undefined), { pages: new Map() });
  await using body = new Body(await app.fetch(get("/sse")));
  assertEquals(await body.until(/\n/), "retry: 2000\n");
  await app.close();
});

Deno.test("a Last-Event-ID that means nothing is a reset, never a refusal", async () => {
  await using app = testApp(QUIET);
  const ids = words("garbage -1 a-b 0-0 1e999 \xff hello-99999999999999999");
  for (const id of [...ids, "x".repeat(10_000)]) {
    const request = get("/sse?stream=news", { headers: { "last-event-id": id } });
    const response = await app.fetch(request);
    assertEquals(response.status, 200, id);
    await using body = new Body(response);
    assertMatch(
      await body.until(/reset.*\n\n/s),
      /^retry: 2000\nevent: reset\ndata: \{"streams":\["news"\]\}\n\nevent: hello\nid: .+\ndata: .+\n\n$/,
    );
  }
});

Deno.test("no path, query or method is answered by a 5xx", async () => {
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

Deno.test("no header is answered by a 5xx", async () => {
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
  name: "an app on a socket answers any request line, and with nothing from outside",
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
  name: "GET /sse on a socket is neither compressed nor held back",
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
  name: "the log tells at once of a client that drops its socket",
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
  name: "MAX_CONNECTIONS has room again when a socket was dropped",
  ignore: noNet,
  async fn() {
    await using app = testApp({ ...QUIET, MAX_CONNECTIONS: "1" });
    await using server = listen(app);
    {
      using socket = await send(server.addr.port, "GET /sse HTTP/1.1");
      await using body = new Body({ body: socket.readable });
      await body.until(/retry/);
      assertMatch(await exchange(server.addr.port, "GET /sse HTTP/1.1"), /retry: \d{4,5}\n/);
    }
    await app.log.line("reason=left");
    // The socket is gone a moment after its stream.
    await until(async () => {
      using socket = await send(server.addr.port, "GET /sse HTTP/1.1");
      await using body = new Body({ body: socket.readable });
      return /retry: 2000\n/.test(await body.until(/retry: \d+\n/));
    });
  },
});
