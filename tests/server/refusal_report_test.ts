import { assert, assertEquals, assertMatch } from "@std/assert";
import { refusalStatuses } from "../../lib/server/refusal.ts";
import { get, INFO, QUIET, type TestApp, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const headers = { authorization: `Bearer ${TOKEN}` };
const SETTINGS = { ...QUIET, PUBLISH_TOKEN: TOKEN };

/** The lines about refusals, without their times. */
function refusals({ log }: TestApp): string[] {
  return log.all.map((line) => line.replace(/^\S+ /, "")).filter((line) => /^refused/.test(line));
}

/** The counts of refusals that are not 0, by status and reason. */
async function counts(app: TestApp): Promise<Record<string, number>> {
  const text = await (await app.fetch(get("/metrics", { headers }))).text();
  const samples = text.matchAll(
    /^sse_requests_refused_total\{status="(\d+)",reason="(\w+)"\} (\d+)$/gm,
  );
  return Object.fromEntries(
    [...samples].filter(([, , , count]) => count !== "0")
      .map(([, status, reason, count]) => [`${status} ${reason}`, Number(count)]),
  );
}

/** Asks for a path and drops the answer. */
async function ask(app: TestApp, path: string, init?: RequestInit): Promise<Response> {
  const response = await app.fetch(get(path, init), INFO);
  await response.body?.cancel();
  return response;
}

Deno.test("a refusal has a line with status, reason, method, path, streams, address and origin", async () => {
  await using app = testApp(SETTINGS);
  const origin = "http://localhost";
  await ask(app, "/sse?stream=a&stream=b&token=secret", { method: "POST", headers: { origin } });
  await ask(app, "/publish", { method: "POST" });
  assertEquals(refusals(app), [
    "refused status=401 reason=no_token method=POST path=/sse streams=a,b address=192.0.2.7 " +
    "origin=http://localhost",
    "refused status=404 reason=path method=POST path=/publish address=192.0.2.7",
  ]);
});

Deno.test("a refusal's line is one line of bounded length, whatever the client sent", async () => {
  await using app = testApp(SETTINGS);
  const long = "x".repeat(9_000);
  const query = `stream=a%0Ab&stream=${"%01".repeat(255)}&stream=${long}`;
  const origin = "\u0080".repeat(9_000);
  await ask(app, `/${long}?${query}`, { method: "POST", headers: { origin } });
  const [line = "", ...more] = app.log.all;
  assertEquals(more, []);
  assert(line.length < 700, line);
  assert(!line.includes("\n"));
  assertMatch(line, /streams="a\\\\u000ab" moreStreams=2/);
});

Deno.test("ten refusals in a second have a line, and one line counts the others", async () => {
  const app = testApp(SETTINGS);
  for (let i = 0; i < 25; i++) await ask(app, `/nothing/${i}`);
  assertEquals(refusals(app).length, 10);
  assertEquals((await counts(app))["404 path"], 25);
  await app.close();
  assertEquals(refusals(app).slice(10), ["refused more requests=15"]);
  for (let i = 0; i < 3; i++) await ask(app, "/nothing");
  await app.close();
  assertEquals(refusals(app).length, 14);
});

Deno.test("the second after ten refusals ends by itself, with the count of the others", async () => {
  await using app = testApp(SETTINGS);
  for (let i = 0; i < 12; i++) await ask(app, "/nothing");
  assertMatch(await app.log.line("refused more"), / refused more requests=2$/);
  await ask(app, "/nothing");
  assertEquals(refusals(app).length, 12);
});

Deno.test("/metrics counts refusals by status and reason, failed logins included", async () => {
  await using app = testApp({ ...SETTINGS, STREAMS: "a", MAX_EVENT_BYTES: "5" });
  const post = (body: string, type: string) => ({
    method: "POST",
    headers: { ...headers, "content-type": type },
    body,
  });
  await ask(app, "/sse?stream=a", post("x=1", "application/x-www-form-urlencoded"));
  await ask(app, "/sse?stream=a", post("too long", "text/plain"));
  await ask(app, "/sse?stream=a", post("{", "application/json"));
  await ask(app, "/sse?stream=a", post('{"a":1}', "application/json"));
  await ask(app, "/sse?stream=b", post("x", "text/plain"));
  await ask(app, "/sse", post("x", "text/plain"));
  await ask(app, "/sse?stream=a//b");
  await ask(app, "/sse?stream=a&since=x");
  await ask(app, "/sse?topic=a");
  await ask(app, "/sse", { method: "PUT" });
  await ask(app, "/session", post('{"token":"wrong"}', "application/json"));
  await ask(app, "/streams", { headers: { authorization: "Bearer wrong" } });
  await ask(app, "/streams");
  assertEquals(await counts(app), {
    "400 body": 1,
    "400 event": 1,
    "400 parameter": 3,
    "400 stream_name": 1,
    "401 no_token": 1,
    "401 wrong_login": 1,
    "401 wrong_token": 1,
    "404 stream": 1,
    "405 method": 1,
    "413 size": 1,
    "415 content_type": 1,
  });
});

const ORIGINS: [headers: Record<string, string>, isMiss: boolean][] = [
  [{}, false],
  [{ origin: "https://app.example" }, false],
  [{ origin: "https://other.example" }, true],
  [{ origin: "null" }, true],
  [{ origin: "http://localhost" }, false],
  [{ origin: "http://localhost", "sec-fetch-site": "cross-site" }, true],
  [{ origin: "https://behind.example", "sec-fetch-site": "same-origin" }, false],
];

for (const corsOrigins of [undefined, "https://app.example"]) {
  Deno.test(`an answer that a browser keeps from a page counts as refused, with CORS_ORIGINS ${corsOrigins}`, async () => {
    for (const [headers, isMiss] of ORIGINS) {
      if (corsOrigins === undefined && headers.origin === "https://app.example") continue;
      const settings = corsOrigins === undefined ? {} : { CORS_ORIGINS: corsOrigins };
      await using app = testApp({ ...SETTINGS, ...settings });
      await ask(app, "/sse?stream=a", { headers });
      const expected: Record<string, number> = isMiss ? { "200 origin": 1 } : {};
      assertEquals(await counts(app), expected, JSON.stringify(headers));
      assertEquals(refusals(app).filter((line) => line.includes("CORS_ORIGINS")).length, +isMiss);
    }
  });
}

Deno.test("a preflight of another origin counts as refused", async () => {
  await using app = testApp({ ...SETTINGS, CORS_ORIGINS: "https://app.example" });
  const preflight = { origin: "https://other.example", "access-control-request-method": "POST" };
  await ask(app, "/sse", { method: "OPTIONS", headers: preflight });
  assertEquals(await counts(app), { "403 origin": 1 });
});

Deno.test("the probes' answers are no refusals", async () => {
  const app = testApp(SETTINGS);
  await app.close();
  assertEquals((await ask(app, "/readyz")).status, 503);
  assertEquals([refusals(app), await counts(app)], [[], {}]);
});

Deno.test("a refusal keeps its reason for HEAD and through an application's own decision", async () => {
  await using app = testApp(SETTINGS, new Map(), {
    authorize: () => Response.json({}, { status: 402 }),
  });
  await ask(app, "/nothing", { method: "HEAD" });
  await ask(app, "/sse?stream=a");
  assertEquals(refusals(app).map((line) => line.split(" ").slice(1, 3).join(" ")), [
    "status=404 reason=path",
    "status=402 reason=other",
  ]);
});

Deno.test("/metrics has a sample of every reason from the start", async () => {
  await using app = testApp(SETTINGS);
  const text = await (await app.fetch(get("/metrics", { headers }))).text();
  for (const [reason, status] of Object.entries(refusalStatuses)) {
    const sample = `sse_requests_refused_total{status="${status}",reason="${reason}"} 0\n`;
    assert(text.includes(sample), sample);
  }
});
