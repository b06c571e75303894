import { assertEquals, assertMatch } from "@std/assert";
import { importJwtKeys } from "../../lib/server/jwt_key.ts";
import { JwtVerifier } from "../../lib/server/jwt_verifier.ts";
import { createSessions } from "../../lib/server/session.ts";
import { signHs256 } from "./jwt_support.ts";
import { get, messages, type TestApp, testApp, words } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const SETTINGS = { PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" };

function login(app: TestApp, body: unknown, headers: Record<string, string> = {}) {
  const init = { method: "POST", body: JSON.stringify(body) };
  const type = { "content-type": "application/json" };
  return app.fetch(get("/session", { ...init, headers: { ...type, ...headers } }));
}

/** The cookie of a session, as a browser sends it back. */
async function cookieOf(app: TestApp): Promise<string> {
  const response = await login(app, { token: TOKEN });
  return response.headers.get("set-cookie")!.split(";")[0]!;
}

Deno.test("POST /session with the token opens a session of 12 hours", async () => {
  await using app = testApp(SETTINGS);
  const response = await login(app, { token: TOKEN });
  assertEquals([response.status, response.body], [204, null]);
  assertMatch(
    response.headers.get("set-cookie")!,
    /^sse_session=\d+\.[0-9a-f]{64}; Max-Age=43200; HttpOnly; SameSite=Strict$/,
  );
});

Deno.test("POST /session makes the cookie Secure if the client speaks TLS", async () => {
  await using app = testApp({ ...SETTINGS, TRUST_PROXY: "1" });
  const response = await login(app, { token: TOKEN }, { "x-forwarded-proto": "https" });
  assertMatch(response.headers.get("set-cookie")!, /; Secure$/);
});

Deno.test("POST /session is refused with a wrong token, and if no token is configured", async () => {
  await using app = testApp(SETTINGS);
  for (const [body, status] of [[{ token: "wrong" }, 401], [{}, 400], [[], 400]] as const) {
    assertEquals([body, (await login(app, body)).status], [body, status]);
  }
  await using closed = testApp({ INTERVAL_MS: "3600000" });
  assertEquals((await login(closed, { token: "" })).status, 403);
  assertEquals((await login(app, { token: TOKEN }, { "content-type": "text/plain" })).status, 400);
});

Deno.test("POST /session accepts a body of at most 4 KiB, with or without a length", async () => {
  await using app = testApp(SETTINGS);
  const fits = JSON.stringify({ token: TOKEN }).padEnd(4_096);
  const init = { method: "POST", headers: { "content-type": "application/json" } };
  assertEquals((await app.fetch(get("/session", { ...init, body: fits }))).status, 204);
  assertEquals((await app.fetch(get("/session", { ...init, body: `${fits} ` }))).status, 413);
  let taken = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      taken++;
      controller.enqueue(new Uint8Array(100));
    },
  }, { highWaterMark: 0 });
  assertEquals((await app.fetch(get("/session", { ...init, body }))).status, 413);
  assertEquals(taken, 41);
});

Deno.test("POST /session allows an address five attempts, then one in ten seconds", async () => {
  await using app = testApp(SETTINGS);
  const statuses = [];
  for (let i = 0; i < 6; i++) statuses.push((await login(app, { token: "wrong" })).status);
  assertEquals(statuses, [401, 401, 401, 401, 401, 429]);
  const late = await login(app, { token: TOKEN });
  assertEquals([late.status, late.headers.get("retry-after")], [429, "10"]);
});

Deno.test("POST /session counts the attempts of a /64 together, and of an address in every spelling", async () => {
  const blocks = [
    words("2001:db8::1 2001:db8::2 2001:DB8:0:0:3:: 2001:db8::4%eth0 [2001:db8::5]:80 2001:db8::6"),
    words(
      "192.0.2.1 ::ffff:192.0.2.1 ::ffff:c000:201 64:ff9b::c000:201 192.0.2.1:80 [::ffff:c000:201]:80",
    ),
  ];
  for (const addresses of blocks) {
    await using app = testApp({ ...SETTINGS, TRUST_PROXY: "1" });
    const attempt = async (address: string) =>
      (await login(app, { token: "wrong" }, { "x-forwarded-for": address })).status;
    const statuses = [];
    for (const address of addresses) statuses.push(await attempt(address));
    assertEquals(statuses, [401, 401, 401, 401, 401, 429]);
    assertEquals(await attempt("198.51.100.1"), 401);
  }
});

Deno.test("a session grants what the token grants, but changes only from the server's pages", async () => {
  await using app = testApp({ ...SETTINGS, SUBSCRIBE: "token" });
  const cookie = await cookieOf(app);
  const rows: [method: string, path: string, headers: Record<string, string>, status: number][] = [
    ["GET", "/session", {}, 200],
    ["GET", "/streams", {}, 200],
    ["GET", "/metrics", {}, 200],
    ["GET", "/sse?stream=a", {}, 200],
    ["POST", "/sse?stream=a", { "sec-fetch-site": "same-origin" }, 200],
    ["POST", "/sse?stream=a", { "sec-fetch-site": "cross-site" }, 403],
    ["POST", "/sse?stream=a", {}, 403],
    ["DELETE", "/sse?stream=a", { "sec-fetch-site": "same-origin" }, 204],
    ["GET", "/streams", { authorization: "Bearer wrong" }, 401],
    ["GET", "/streams", { authorization: "bearer" }, 401],
    ["GET", "/streams", { authorization: "Basic dXNlcjpwYXNzd29yZA==" }, 200],
    ["GET", "/console/events", { authorization: "Digest username=x" }, 200],
    ["GET", "/streams", { cookie: `sse_session=1.${"0".repeat(64)};${cookie}` }, 200],
    ["GET", "/streams", { cookie: `${cookie.slice(0, -1)}; ${cookie}` }, 200],
  ];
  for (const [method, path, extra, status] of rows) {
    const headers = { cookie, "content-type": "text/plain", ...extra };
    const body = method === "POST" ? "x" : null;
    const response = await app.fetch(get(path, { method, headers, body }));
    assertEquals([method, path, response.status], [method, path, status]);
    await response.body?.cancel();
  }
});

Deno.test("a session that is forged, has ended, or belongs to another token is ignored", async () => {
  await using app = testApp(SETTINGS);
  await using other = testApp({ ...SETTINGS, PUBLISH_TOKEN: `${TOKEN}-new` });
  const cookie = await cookieOf(app);
  const [name = "", time = "", signature = ""] = cookie.split(/[=.]/);
  const forged = [`${name}=${Number(time) + 1}.${signature}`, `${name}=1.${signature}`, `${name}=`];
  for (const wrong of forged) {
    assertEquals((await app.fetch(get("/session", { headers: { cookie: wrong } }))).status, 401);
  }
  assertEquals((await other.fetch(get("/session", { headers: { cookie } }))).status, 401);
  assertEquals((await app.fetch(get("/session"))).status, 401);
});

Deno.test("POST and DELETE /session/ redirect to the path whose cookie reaches all other paths", async () => {
  await using app = testApp(SETTINGS);
  for (const method of ["POST", "DELETE"]) {
    const response = await app.fetch(get("/session/", { method }));
    assertEquals([response.status, response.headers.get("location")], [308, "../session"]);
    assertEquals(response.headers.get("set-cookie"), null);
  }
});

Deno.test("DELETE /session makes the browser forget the cookie", async () => {
  await using app = testApp(SETTINGS);
  const response = await app.fetch(get("/session", { method: "DELETE" }));
  assertEquals(response.status, 204);
  // Without a Path, as the cookie was set: so the browser replaces the same cookie.
  assertEquals(
    response.headers.get("set-cookie"),
    "sse_session=; Max-Age=0; HttpOnly; SameSite=Strict",
  );
});

Deno.test("POST /session with a login code opens one session", async () => {
  await using app = testApp(SETTINGS);
  const code = app.createLoginCode();
  assertMatch(code!, /^[\w-]{22}$/);
  const first = await login(app, { code });
  assertEquals(first.status, 204);
  const cookie = first.headers.get("set-cookie")!.split(";")[0]!;
  assertEquals((await app.fetch(get("/streams", { headers: { cookie } }))).status, 200);
  const second = await login(app, { code });
  assertEquals([second.status, (await second.json()).detail], [
    401,
    "The code is wrong, was used before or is older than 60 seconds; use the publish token",
  ]);
  assertEquals(messages(app), []);
});

Deno.test("POST /session accepts a login code of two simultaneous requests once", async () => {
  await using app = testApp(SETTINGS);
  const code = app.createLoginCode();
  const answers = await Promise.all([login(app, { code }), login(app, { code })]);
  assertEquals(answers.map(({ status }) => status).sort(), [204, 401]);
});

Deno.test("POST /session refuses a login code after 60 seconds", async () => {
  for (const [ageMs, status] of [[59_999, 204], [60_000, 401]] as const) {
    let nowMs = 1_000;
    const { createLoginCode, route } = createSessions({
      publishToken: TOKEN,
      tlsCert: undefined,
      trustProxy: 0,
      addressOf: () => "127.0.0.1",
      now: () => nowMs,
    });
    const body = JSON.stringify({ code: createLoginCode() });
    nowMs += ageMs;
    const headers = { "content-type": "application/json" };
    const request = get("/session", { method: "POST", headers, body });
    assertEquals([ageMs, (await route.POST!(request, {})).status], [ageMs, status]);
  }
});

Deno.test("POST /session counts wrong login codes as attempts, and a new code replaces the last", async () => {
  await using app = testApp(SETTINGS);
  const old = app.createLoginCode();
  const code = app.createLoginCode();
  const statuses = [];
  for (const wrong of [old, "", TOKEN, "x".repeat(22), `${code}x`]) {
    statuses.push((await login(app, { code: wrong })).status);
  }
  assertEquals(statuses, [401, 401, 401, 401, 401]);
  assertEquals((await login(app, { code })).status, 429);
});

Deno.test("a login code is not made where nobody can log in, and is no bearer token", async () => {
  await using closed = testApp({ INTERVAL_MS: "3600000" });
  assertEquals(closed.createLoginCode(), undefined);
  await using app = testApp(SETTINGS);
  const headers = { authorization: `Bearer ${app.createLoginCode()}` };
  assertEquals((await app.fetch(get("/streams", { headers }))).status, 401);
});

const SECRET = "a secret of at least 32 bytes, ok?";

/** A JWT of these rights, valid for an hour. */
function jwt(sse: object, seconds = 3_600): Promise<string> {
  return signHs256({ exp: Math.floor(Date.now() / 1_000) + seconds, sse }, SECRET);
}

Deno.test("POST /session with a JWT opens the console as far as its sse.admin says", async () => {
  for (const PUBLISH_TOKEN of [TOKEN, ""]) {
    await using app = testApp({ ...SETTINGS, PUBLISH_TOKEN, JWT_KEY: SECRET, SUBSCRIBE: "token" });
    for (const [admin, publish] of [["read", 403], ["write", 200]] as const) {
      const opened = await login(app, { token: await jwt({ admin }) });
      const [cookie = "", ...attributes] = opened.headers.get("set-cookie")!.split("; ");
      assertEquals([opened.status, attributes.slice(1)], [204, ["HttpOnly", "SameSite=Strict"]]);
      assertMatch(attributes[0]!, /^Max-Age=36\d\d$/);
      const headers = { cookie, "sec-fetch-site": "same-origin", "content-type": "text/plain" };
      assertEquals((await (await app.fetch(get("/session", { headers }))).json()).admin, admin);
      for (const path of ["/console/events", "/streams", "/metrics", "/sse?stream=any"]) {
        const response = await app.fetch(get(path, { headers }));
        assertEquals([path, response.status], [path, 200]);
        await response.body?.cancel();
      }
      const init = { method: "POST", headers, body: "x" };
      assertEquals((await app.fetch(get("/sse?stream=any", init))).status, publish);
      const foreign = { ...init, headers: { ...headers, "sec-fetch-site": "cross-site" } };
      assertEquals((await app.fetch(get("/sse?stream=any", foreign))).status, 403);
    }
  }
});

Deno.test("POST /session refuses a JWT that does not open the console, and says why", async () => {
  await using app = testApp({ ...SETTINGS, JWT_KEY: SECRET });
  const table: [token: string, status: number, detail: RegExp][] = [
    [await jwt({ publish: ["*"] }), 403, /claim sse.admin must be "read" or "write"/],
    [await jwt({ admin: "all" }), 401, /whose admin is neither "read" nor "write"/],
    [await jwt({ admin: "write" }, -3_600), 401, /^The token expired at /],
    [`${await jwt({ admin: "write" })}A`, 401, /^This is neither the publish token/],
  ];
  for (const [token, status, detail] of table) {
    const response = await login(app, { token });
    assertEquals([response.status, response.headers.get("set-cookie")], [status, null]);
    assertMatch((await response.json()).detail, detail);
  }
});

Deno.test("a session of a JWT ends with its token, and no other cookie of that form opens one", async () => {
  let nowMs = Date.now();
  const sessions = createSessions({
    publishToken: TOKEN,
    jwt: new JwtVerifier({ keys: importJwtKeys(SECRET) }),
    tlsCert: undefined,
    trustProxy: 0,
    addressOf: () => "192.0.2.7",
    now: () => nowMs,
  });
  const statusOf = async (value: string) => {
    const headers = { cookie: `sse_session=${value}` };
    return (await sessions.route.GET!(get("/session", { headers }), {})).status;
  };
  const token = await jwt({ admin: "read" });
  assertEquals([await statusOf(token), await statusOf(`${token}A`)], [200, 401]);
  assertEquals(await statusOf(await jwt({ subscribe: ["*"] })), 401);
  nowMs += 3_606_000;
  assertEquals(await statusOf(token), 401);
});
