import { assertEquals, assertMatch } from "@std/assert";
import {
  assertProblem,
  Body,
  EVENT_STREAM_HEADERS,
  get,
  messages,
  open,
  QUIET,
  testApp,
  words,
} from "./support.ts";

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
    /^retry: 2000\nevent: hello\ndata: \{"heartbeatSeconds":7\}\nid: [0-9a-z]+-0\n\n$/,
  );
});

Deno.test("GET /sse?stream= sends published events with the hub's ids", async () => {
  await using app = testApp(QUIET);
  await using body = await open(app, "/sse?stream=news&stream=sport");
  await body.until(/\n\n/);
  const { id } = await app.hub.publish("sport", { event: "goal", data: "1:0" });
  const text = await body.until(/goal.*\n\n/s);
  assertEquals(text.split("\n\n")[1], `event: goal\ndata: 1:0\nid: ${id}`);
});

Deno.test("GET /sse?stream=time sends all subscribers the same events", async () => {
  await using app = testApp({ INTERVAL_MS: "10" });
  await using one = await open(app, "/sse?stream=time");
  await using other = await open(app, "/sse?stream=time");
  const pattern = /(data: time: [^\n]+\n\n){3}/;
  const events = (text: string) => text.match(/data: time: [^\n]+\n\n/g)!.slice(0, 3);
  const [first, second] = await Promise.all([one.until(pattern), other.until(pattern)]);
  assertEquals(events(first), events(second));
  assertEquals(/\ndata: time.*\nid: /.test(first), false);
});

Deno.test("/sse answers 405 to methods that it does not have", async () => {
  await using app = testApp();
  for (const method of ["PUT", "PATCH", "QUERY"]) {
    const response = await app.fetch(get("/sse?stream=news", { method }));
    const allow = "GET, HEAD, POST, DELETE, OPTIONS";
    assertEquals(response.headers.get("allow"), allow);
    const body =
      `{"status":405,"title":"Method Not Allowed","detail":"Use GET to subscribe, POST to publish, or DELETE to end a stream (allowed: ${allow})"}`;
    await assertProblem(response, 405, body);
  }
});

Deno.test("GET /sse?stream= refuses an invalid stream name", async () => {
  await using app = testApp();
  const names = words(". .. a/../b /a a/ a//b a%20b %C3%A4 a%00 %zz a,b a&stream= a&stream=%0Ab");
  for (const name of ["", ...names, "a".repeat(129)]) {
    await assertProblem(
      await app.fetch(get(`/sse?stream=${name}`)),
      400,
      '{"status":400,"title":"Bad Request",' +
        '"detail":"A stream name must be segments of A-Z a-z 0-9 . _ ~ : @ - joined by /, none of them . or .., at most 128 characters in all' +
        (name === "a,b" ? '; for several streams write ?stream=a&stream=b"}' : '"}'),
    );
  }
  assertEquals([messages(app), app.hub.stats().subscribers], [[], 0]);
});

Deno.test("GET /sse refuses ?topic= and the like, and names the right parameter", async () => {
  await using app = testApp();
  for (const name of ["streams", "Stream", "stream[]", "topic", "topics", "channel"]) {
    const response = await app.fetch(get(`/sse?${encodeURIComponent(name)}=a`));
    const { detail } = await response.json();
    const expected = `There is no parameter ${name}; name a stream with ?stream=<name>`;
    assertEquals([response.status, detail], [400, expected]);
  }
  // Clients add their own parameters, to bypass caches.
  for (const query of ["_=1795446000", "stream=a&topic=b"]) {
    const response = await app.fetch(get(`/sse?${query}`));
    assertEquals([query, response.status], [query, 200]);
    await response.body?.cancel();
  }
});

Deno.test("GET /sse refuses event[]= and modes without a stream, and names the right parameter", async () => {
  await using app = testApp();
  const rows = {
    "stream=a&events=x": "There is no parameter events; name a type with event=<type>",
    "stream=a&event[]=x": "There is no parameter event[]; name a type with event=<type>",
    "control=none": "Without a stream, control has no effect; name one with ?stream=<name>",
    "event=x": "Without a stream, event has no effect; name one with ?stream=<name>",
    "stream=a&format=xml": "Give format as json or plain",
  };
  for (const [query, expected] of Object.entries(rows)) {
    const response = await app.fetch(get(`/sse?${query}`));
    assertEquals([response.status, (await response.json()).detail], [400, expected]);
  }
});

Deno.test("GET /sse asks clients over MAX_AUDIENCES, and counts them, to reconnect later", async () => {
  const token = "a-token-for-these-tests";
  await using app = testApp({ ...QUIET, MAX_AUDIENCES: "1", PUBLISH_TOKEN: token });
  await using first = await open(app, "/sse?stream=a&event=x");
  await first.until(/hello/);
  await using second = await open(app, "/sse?stream=a&event=y");
  assertMatch(await second.until(/\n\n/), /^event: goaway\nretry: \d+\ndata: .*"overloaded"/);
  const headers = { accept: "*/*" };
  const refused = await app.fetch(get("/sse?stream=a&event=y", { headers }));
  assertEquals(refused.status, 503);
  await refused.body?.cancel();
  const asked = get("/metrics", { headers: { authorization: `Bearer ${token}` } });
  const metrics = await (await app.fetch(asked)).text();
  assertMatch(metrics, /^sse_connections_refused_total\{reason="max_audiences"\} 2$/m);
  assertMatch(metrics, /^sse_requests_refused_total\{status="503",reason="audiences"\} 1$/m);
});

Deno.test("GET /sse with control=none sends a stopping server's clients retry alone", async () => {
  await using app = testApp(QUIET);
  await app.drain(0);
  const response = await app.fetch(get("/sse?stream=a&control=none"));
  await using body = new Body(response);
  assertMatch(await body.until(/\n/), /^retry: \d+\n$/);
});

Deno.test("GET /sse?stream= accepts 32 streams and no more", async () => {
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

Deno.test("STREAMS lists the only streams that exist", async () => {
  await using app = testApp({ STREAMS: "news,sport" });
  await using body = await open(app, "/sse?stream=sport&stream=news");
  await body.until(/hello/);
  for (const query of ["stream=weather", "stream=news&stream=weather"]) {
    const body =
      '{"status":404,"title":"Not Found","detail":"There is no stream weather; this server has those of STREAMS"}';
    await assertProblem(await app.fetch(get(`/sse?${query}`)), 404, body);
  }
});

Deno.test("STREAMS without time turns the stream time off", async () => {
  await using app = testApp({ STREAMS: "news" });
  const body =
    '{"status":404,"title":"Not Found","detail":"There is no stream time; this server has those of STREAMS"}';
  await assertProblem(await app.fetch(get("/sse?stream=time")), 404, body);
  assertEquals(app.hub.hasStream("time"), false);
});

Deno.test("STREAMS with time keeps the stream time", async () => {
  await using app = testApp({ STREAMS: "time", INTERVAL_MS: "10" });
  await using body = await open(app, "/sse?stream=time");
  await body.until(/data: time: /);
});

Deno.test("HEAD /sse has the headers of GET, no body and no subscription", async () => {
  await using app = testApp();
  for (const path of ["/sse", "/sse?stream=time"]) {
    const response = await app.fetch(get(path, { method: "HEAD" }));
    assertEquals(response.status, 200);
    assertEquals(Object.fromEntries(response.headers), EVENT_STREAM_HEADERS);
    assertEquals(await response.text(), "");
  }
  assertEquals([messages(app), app.hub.stats().subscribers], [[], 0]);
});

Deno.test("HEAD /sse is refused if GET would be", async () => {
  await using app = testApp({ STREAMS: "news" });
  for (const [query, status] of [["stream=weather", 404], ["stream=..", 400]] as const) {
    const response = await app.fetch(get(`/sse?${query}`, { method: "HEAD" }));
    assertEquals([response.status, await response.text()], [status, ""], query);
  }
});

Deno.test("an unknown Last-Event-ID gets a reset, never a refusal", async () => {
  await using app = testApp(QUIET);
  const ids = words("garbage -1 a-b 0-0 1e999 \xff hello-99999999999999999");
  for (const id of [...ids, "x".repeat(10_000)]) {
    const request = get("/sse?stream=news", { headers: { "last-event-id": id } });
    const response = await app.fetch(request);
    assertEquals(response.status, 200, id);
    await using body = new Body(response);
    assertMatch(
      await body.until(/reset.*\n\n/s),
      /^retry: 2000\nevent: reset\ndata: \{"streams":\["news"\]\}\n\nevent: hello\ndata: .+\nid: .+\n\n$/,
    );
  }
});
