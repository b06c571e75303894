import { assertEquals } from "@std/assert";
import { signHs256 } from "./jwt_support.ts";
import { get, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const SECRET = "a secret of at least thirty-two bytes";
const LISTED = "https://app.example";
const settings = {
  PUBLISH_TOKEN: TOKEN,
  METRICS_TOKEN: "the-token-for-metrics",
  JWT_KEY: SECRET,
  CORS_ORIGINS: LISTED,
  INTERVAL_MS: "3600000",
};

const later = Math.floor(Date.now() / 1_000) + 3_600;
const good = { exp: later, sse: { subscribe: ["a"], publish: ["a"] } };

/** Each kind of token by the name of its column. */
const tokens: Readonly<Record<string, string | undefined>> = {
  none: undefined,
  wrong: "no-token-of-this-server",
  expired: await signHs256({ ...good, exp: later - 7_200 }, SECRET),
  foreign: await signHs256(good, `${SECRET}, but another`),
  other: await signHs256({ exp: later, sse: { subscribe: ["b/*"], publish: ["b/*"] } }, SECRET),
  good: await signHs256(good, SECRET),
  token: TOKEN,
  reader: await signHs256({ exp: later, sse: { admin: "read" } }, SECRET),
  writer: await signHs256({ exp: later, sse: { admin: "write" } }, SECRET),
  metrics: settings.METRICS_TOKEN,
};

/** The expected status for each token, in the order of {@linkcode tokens}. */
const table: Readonly<Record<string, readonly number[]>> = {
  "token GET /": [200, 200, 200, 200, 200, 200, 200, 200, 200, 200],
  "token GET /healthz": [200, 200, 200, 200, 200, 200, 200, 200, 200, 200],
  "token GET /readyz": [200, 200, 200, 200, 200, 200, 200, 200, 200, 200],
  "token GET /nothing": [404, 404, 404, 404, 404, 404, 404, 404, 404, 404],
  "token PUT /sse?stream=a": [405, 405, 405, 405, 405, 405, 405, 405, 405, 405],
  "token GET /sse": [401, 401, 401, 401, 200, 200, 200, 200, 200, 403],
  "token HEAD /sse": [401, 401, 401, 401, 200, 200, 200, 200, 200, 403],
  "token GET /sse?stream=a": [401, 401, 401, 401, 403, 200, 200, 200, 200, 403],
  "token HEAD /sse?stream=a": [401, 401, 401, 401, 403, 200, 200, 200, 200, 403],
  "token GET /sse?stream=a&stream=b/1": [401, 401, 401, 401, 403, 403, 200, 200, 200, 403],
  "token POST /sse?stream=a": [401, 401, 401, 401, 403, 200, 200, 403, 200, 403],
  "token DELETE /sse?stream=a": [401, 401, 401, 401, 403, 204, 204, 403, 204, 403],
  "token GET /events?stream=a": [401, 401, 401, 401, 403, 200, 200, 200, 200, 403],
  "token GET /head?stream=a": [401, 401, 401, 401, 403, 200, 200, 200, 200, 403],
  "token GET /streams": [401, 401, 401, 401, 403, 403, 200, 200, 200, 200],
  "token GET /metrics": [401, 401, 401, 401, 403, 403, 200, 200, 200, 200],
  "token GET /healthz?details=true": [401, 401, 401, 401, 403, 403, 200, 200, 200, 200],
  "token GET /console/events": [401, 401, 401, 401, 403, 403, 200, 200, 200, 403],
  "token GET /connections": [401, 401, 401, 401, 403, 403, 200, 200, 200, 403],
  "token GET /connections/x": [401, 401, 401, 401, 403, 403, 404, 404, 404, 403],
  "token DELETE /connections/x": [401, 401, 401, 401, 403, 403, 404, 403, 404, 403],
  "token DELETE /connections?subject=x": [401, 401, 401, 401, 403, 403, 200, 403, 200, 403],
  "token GET /explain?event=x&subject=x": [401, 401, 401, 401, 403, 403, 200, 200, 200, 403],
  "token GET /refusals": [401, 401, 401, 401, 403, 403, 200, 200, 200, 403],
  "token GET /streams/a": [401, 401, 401, 401, 403, 403, 200, 200, 200, 200],
  "public GET /sse": [200, 401, 401, 401, 200, 200, 200, 200, 200, 403],
  "public HEAD /sse?stream=a": [200, 401, 401, 401, 200, 200, 200, 200, 200, 403],
  "public GET /sse?stream=a": [200, 401, 401, 401, 200, 200, 200, 200, 200, 403],
  "public POST /sse?stream=a": [401, 401, 401, 401, 403, 200, 200, 403, 200, 403],
  "public DELETE /sse?stream=a": [401, 401, 401, 401, 403, 204, 204, 403, 204, 403],
  "public GET /events?stream=a": [200, 401, 401, 401, 200, 200, 200, 200, 200, 403],
  "public GET /head?stream=a": [200, 401, 401, 401, 200, 200, 200, 200, 200, 403],
  "public GET /streams": [401, 401, 401, 401, 403, 403, 200, 200, 200, 200],
};

const origins = [undefined, "http://localhost", "https://elsewhere.example", "null", LISTED];

for (const [row, statuses] of Object.entries(table)) {
  const [subscribe = "", method = "", path = ""] = row.split(" ");
  Deno.test(`each token grants what it should: SUBSCRIBE=${row}`, async () => {
    const pages = new Map([["/", { GET: () => new Response("page") }]]);
    await using app = testApp({ ...settings, SUBSCRIBE: subscribe }, pages);
    await app.hub.publish("a", { data: "x" });
    for (const [i, [name, token]] of Object.entries(tokens).entries()) {
      for (const origin of origins) {
        const headers = new Headers({ host: "localhost", "content-type": "text/plain" });
        if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
        if (origin !== undefined) headers.set("origin", origin);
        const body = method === "POST" ? "x" : null;
        // Ended streams stay ended, so each request uses its own stream.
        if (method === "POST") app.hub.removeStream("a");
        if (path.startsWith("/events")) headers.set("accept", "application/json");
        const response = await app.fetch(get(path, { method, headers, body }));
        assertEquals([name, origin, response.status], [name, origin, statuses[i]]);
        assertEquals(
          challengeOf(response),
          CHALLENGES[statuses[i] === 401 ? `401 ${name}` : `${statuses[i]}`],
        );
        const allowed = origin === LISTED ? LISTED : null;
        assertEquals(response.headers.get("access-control-allow-origin"), allowed);
        assertEquals(response.headers.get("vary"), "Origin");
        await response.body?.cancel();
      }
    }
  });
}

const INVALID = 'Bearer error="invalid_token"';
const CHALLENGES: Readonly<Record<string, string>> = {
  "401 none": 'Bearer realm="sse-hub"',
  "401 wrong": INVALID,
  "401 expired": INVALID,
  "401 foreign": INVALID,
  "403": 'Bearer error="insufficient_scope"',
};

function challengeOf(response: Response): string | undefined {
  return response.headers.get("www-authenticate") ?? undefined;
}

Deno.test("a cookie authorizes safe methods from anywhere, and other methods from the server's pages only", async () => {
  await using app = testApp({ ...settings, SUBSCRIBE: "token" });
  const rows: [method: string, headers: Record<string, string>, status: number][] = [
    ["GET", {}, 200],
    ["GET", { origin: LISTED }, 200],
    ["POST", { "sec-fetch-site": "same-origin" }, 200],
    ["POST", { "sec-fetch-site": "same-site" }, 403],
    ["POST", { "sec-fetch-site": "cross-site", origin: LISTED }, 403],
    ["POST", { origin: "http://localhost" }, 200],
    ["POST", { origin: "https://elsewhere.example" }, 403],
    ["POST", { origin: "null" }, 403],
    ["POST", {}, 403],
  ];
  for (const [method, extra, status] of rows) {
    const cookie = `x=1; sse_token=${tokens.good}`;
    const headers = { host: "localhost", "content-type": "text/plain", cookie, ...extra };
    const body = method === "POST" ? "x" : null;
    const response = await app.fetch(get("/sse?stream=a", { method, headers, body }));
    assertEquals([method, extra, response.status], [method, extra, status]);
    await response.body?.cancel();
  }
});

Deno.test("a token in the query is ignored", async () => {
  await using app = testApp({ ...settings, SUBSCRIBE: "token" });
  for (const name of ["token", "access_token", "sse_token", "authorization", "jwt"]) {
    const response = await app.fetch(get(`/sse?stream=a&${name}=${TOKEN}`));
    assertEquals(response.status, 401);
  }
  assertEquals(app.log.all.filter((line) => line.includes(TOKEN)), []);
  assertEquals(app.log.all.filter((line) => line.includes("reason=no_token")).length, 5);
});

Deno.test("publishing is disabled if no token is configured", async () => {
  await using app = testApp({ INTERVAL_MS: "3600000" });
  for (const headers of [{}, { authorization: `Bearer ${TOKEN}` }]) {
    const response = await app.fetch(get("/sse?stream=a", { method: "POST", headers, body: "x" }));
    assertEquals(response.status, "authorization" in headers ? 401 : 403);
  }
});

Deno.test("a preflight is allowed for listed origins only", async () => {
  await using app = testApp(settings);
  for (const [origin, status] of [[LISTED, 204], ["https://elsewhere.example", 403]] as const) {
    const headers = { origin, "access-control-request-method": "POST" };
    const response = await app.fetch(get("/sse?stream=a", { method: "OPTIONS", headers }));
    assertEquals([origin, response.status], [origin, status]);
    const allowed = response.headers.get("access-control-allow-headers")?.includes("Last-Event-ID");
    assertEquals(allowed, status === 204 ? true : undefined);
  }
});
