import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { toBase64Url } from "../../lib/wire/byte_text.ts";
import {
  type Action,
  authorizeByTokens,
  type Grant,
  mayUse,
  type TokenOptions,
} from "../../lib/server/authorize.ts";
import { importJwtKeys } from "../../lib/server/jwt_key.ts";
import { JwtVerifier } from "../../lib/server/jwt_verifier.ts";
import { signHs256 } from "./jwt_support.ts";
import { get } from "./support.ts";

const NOW = 1_750_000_000;
const SECRET = "a secret of at least 32 bytes, ok?";
const PUBLISH_TOKEN = "the-publish-token";
const ACTIONS: readonly Action[] = [
  "subscribe",
  "publish",
  "figures",
  "admin",
  "disconnect",
];

const jwt = new JwtVerifier({ keys: importJwtKeys(SECRET), rules: { leewaySeconds: 0 } });
const signingKey = await crypto.subtle.importKey(
  "raw",
  new TextEncoder().encode(SECRET),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["sign"],
);

function base64Url(content: Uint8Array): string {
  return toBase64Url(content);
}

async function sign(
  sse: object,
  { exp = NOW + 60, nbf = NOW, alg = "HS256" } = {},
): Promise<string> {
  const signed = [{ alg }, { exp, nbf, sse }].map((part) =>
    base64Url(new TextEncoder().encode(JSON.stringify(part)))
  ).join(".");
  const signature = await crypto.subtle.sign("HMAC", signingKey, new TextEncoder().encode(signed));
  return `${signed}.${base64Url(new Uint8Array(signature))}`;
}

const ORDERS = await sign({ subscribe: ["orders/*", "news"], publish: ["orders/7"] });
const WEATHER = await sign({ subscribe: ["weather"] });
const EXPIRED = await sign({ subscribe: ["*"], publish: ["*"] }, { exp: NOW });
const EARLY = await sign({ subscribe: ["*"], publish: ["*"] }, { nbf: NOW + 6 });
const ALG_NONE = await sign({ subscribe: ["*"], publish: ["*"] }, { alg: "none" });
const DAMAGED = ORDERS.replace(/.$/, "");

const WRONG =
  "The token is invalid; send the token of PUBLISH_TOKEN or a JSON Web Token signed with the key of JWT_KEY";
const NO_TOKEN = [401, 'Bearer realm="sse-hub"'];
const BAD_TOKEN = [401, 'Bearer error="invalid_token"'];
const BAD_SCOPE = [403, 'Bearer error="insufficient_scope"'];
const CLOSED = [403, null];
const FOREIGN = [403, null];
const GRANTED = {};
const UNTIL = (NOW + 60) * 1_000;
const GRANTED_UNTIL = { expiresAtMs: UNTIL };

const BOTH = { publishToken: PUBLISH_TOKEN, jwt } as const;

interface Asked {
  readonly headers?: HeadersInit;
  readonly method?: string;
  readonly path?: string;
  readonly action?: Action;
  readonly streams?: readonly string[];
}

/** Returns the grant, or the status and the challenge of the refusal. */
async function ask(options: Partial<TokenOptions>, asked: Asked = {}): Promise<unknown> {
  const { headers = {}, method = "GET", path = "/sse", action = "subscribe", streams = ["news"] } =
    asked;
  const authorize = authorizeByTokens({ subscribe: "token", now: () => NOW * 1_000, ...options });
  const first = await authorize(get(path, { method, headers }), action, streams);
  // A token that was valid is remembered now.
  const answer = await authorize(get(path, { method, headers }), action, streams);
  if (!(answer instanceof Response && first instanceof Response)) {
    assertEquals(answer, first);
    const { streams: _, ...grant } = answer as Grant;
    return grant;
  }
  assertEquals(answer.status, first.status);
  assertEquals(answer.headers.get("content-type"), "application/problem+json");
  assertEquals(answer.headers.get("cache-control"), "no-store");
  const { detail } = await answer.json();
  assertMatch(detail, /^[A-Z].*[^.]$/);
  return [answer.status, answer.headers.get("www-authenticate")];
}

function bearer(token: string): HeadersInit {
  return { authorization: `Bearer ${token}` };
}

Deno.test("mayUse() allows a name, everything below a name, or everything", () => {
  const table: [patterns: string[], stream: string, expected: boolean][] = [
    [[], "orders", false],
    [["orders"], "orders", true],
    [["orders"], "Orders", false],
    [["orders"], "orders/7", false],
    [["orders"], "order", false],
    [["order"], "orders", false],
    [["orders/7"], "orders/7", true],
    [["orders/7"], "orders/77", false],
    [["orders/*"], "orders/7", true],
    [["orders/*"], "orders/7/items/1", true],
    [["orders/*"], "orders", false],
    [["orders/*"], "orders/", false],
    [["orders/*"], "ordersx/7", false],
    [["orders/*"], "x/orders/7", false],
    [["*"], "orders", true],
    [["*"], "orders/7", true],
    [["news", "orders/*"], "orders/7", true],
    [["news", "orders/*"], "weather", false],
    [["orders*"], "orders7", false],
    [["*/7"], "orders/7", false],
    [["orders/*/items"], "orders/7/items", false],
    [["**"], "orders", false],
    [["/*"], "orders", false],
    [[""], "orders", false],
    [["o.*"], "orders", false],
    [["tenant:7/*"], "tenant:7/ann@example.com", true],
    [["tenant:*"], "tenant:7", false],
    [["orders/7 "], "orders/7", false],
  ];
  for (const [patterns, stream, expected] of table) {
    assertEquals(mayUse(patterns, stream), expected, `${patterns} ${stream}`);
  }
});

Deno.test("authorize() without a token grants subscribing to public streams, and nothing else", async () => {
  const settings = [BOTH, { publishToken: PUBLISH_TOKEN }, { jwt }, {}];
  for (const options of settings) {
    assertEquals(await ask({ ...options, subscribe: "public" }), GRANTED);
    assertEquals(await ask({ ...options, subscribe: "public" }, { streams: [] }), GRANTED);
  }
  for (const subscribe of ["public", "token"] as const) {
    for (const action of ACTIONS) {
      if (action === "subscribe" && subscribe === "public") continue;
      assertEquals(await ask({ ...BOTH, subscribe }, { action }), NO_TOKEN, action);
    }
  }
});

Deno.test("authorize() without a token answers 403 if no token is configured", async () => {
  for (const action of ACTIONS) {
    assertEquals(await ask({}, { action }), CLOSED, action);
    assertEquals(await ask({ publishToken: PUBLISH_TOKEN }, { action }), NO_TOKEN, action);
    assertEquals(await ask({ jwt }, { action }), NO_TOKEN, action);
  }
});

Deno.test("authorize() grants the publish token everything, without an end", async () => {
  for (const options of [BOTH, { publishToken: PUBLISH_TOKEN }]) {
    for (const subscribe of ["public", "token"] as const) {
      for (const action of ACTIONS) {
        const asked = { headers: bearer(PUBLISH_TOKEN), action, streams: ["any/stream", "news"] };
        assertEquals(await ask({ ...options, subscribe }, asked), GRANTED, action);
      }
    }
  }
});

Deno.test("authorize() grants a JWT the streams that it names, until it expires", async () => {
  const table: [action: Action, streams: string[], expected: unknown][] = [
    ["subscribe", ["orders/7"], GRANTED_UNTIL],
    ["subscribe", ["orders/7", "orders/8/items", "news"], GRANTED_UNTIL],
    ["subscribe", ["orders/7", "weather"], BAD_SCOPE],
    ["subscribe", ["weather", "orders/7"], BAD_SCOPE],
    ["subscribe", ["orders"], BAD_SCOPE],
    ["subscribe", [], GRANTED_UNTIL],
    ["publish", ["orders/7"], GRANTED_UNTIL],
    ["publish", ["orders/8"], BAD_SCOPE],
    ["publish", ["news"], BAD_SCOPE],
    ["publish", ["orders/7", "news"], BAD_SCOPE],
    ["admin", [], BAD_SCOPE],
    ["admin", ["orders/7"], BAD_SCOPE],
  ];
  for (const options of [BOTH, { jwt }]) {
    for (const [action, streams, expected] of table) {
      const asked = { headers: bearer(ORDERS), action, streams };
      assertEquals(await ask(options, asked), expected, `${action} ${streams}`);
    }
  }
});

Deno.test("authorize() grants a JWT what the console shows for sse.admin read, and everything for write", async () => {
  const table: [sse: object, granted: Action[]][] = [
    [{ subscribe: ["*"], publish: ["*"] }, ["subscribe", "publish"]],
    [{ admin: "read" }, ["subscribe", "figures", "admin"]],
    [{ admin: "read", publish: ["*"] }, ["subscribe", "publish", "figures", "admin"]],
    [{ admin: "write" }, ["subscribe", "publish", "figures", "admin", "disconnect"]],
  ];
  for (const [sse, granted] of table) {
    const headers = bearer(await sign(sse));
    for (const options of [BOTH, { jwt }]) {
      for (const action of ACTIONS) {
        const expected = granted.includes(action) ? GRANTED_UNTIL : BAD_SCOPE;
        assertEquals(await ask(options, { headers, action }), expected, JSON.stringify(sse));
      }
    }
  }
  for (const admin of ["*", ["*"], true, null, "Write", ""]) {
    const headers = bearer(await sign({ publish: ["*"], admin }));
    assertEquals(await ask(BOTH, { headers, action: "publish" }), BAD_TOKEN, `${admin}`);
  }
});

Deno.test("authorize() says who has a grant, and which streams a JWT covers where that matters", async () => {
  const bearerOf = { sub: "ada", jti: "t1" };
  const rights: [sse: object, subscribe: "public" | "token", streams: string[] | undefined][] = [
    [{ subscribe: ["news"] }, "token", ["prices/*", "news"]],
    [{ subscribe: ["news"] }, "public", undefined],
    [{ admin: "read" }, "token", undefined],
  ];
  for (const [sse, subscribe, streams] of rights) {
    const headers = bearer(await signHs256({ exp: NOW + 60, ...bearerOf, sse }, SECRET));
    const publicPatterns = ["prices/*"];
    const settings = { ...BOTH, publicPatterns, subscribe, now: () => NOW * 1_000 };
    const authorize = authorizeByTokens(settings);
    const asked = ["news", "prices/*"];
    const grant = await authorize(get("/sse", { headers }), "subscribe", asked) as Grant;
    assertEquals([grant.subject, grant.tokenId, grant.streams], ["ada", "t1", streams]);
  }
  const numbers = bearer(
    await signHs256({ exp: NOW + 60, sub: 7, jti: [], sse: { subscribe: ["*"] } }, SECRET),
  );
  assertEquals(await ask(BOTH, { headers: numbers }), GRANTED_UNTIL);
});

Deno.test("authorize() grants the metrics token figures, and nothing else, also on public streams", async () => {
  const metricsToken = "the-metrics-token";
  for (const subscribe of ["public", "token"] as const) {
    for (const options of [{ metricsToken }, { ...BOTH, metricsToken }]) {
      for (const action of ACTIONS) {
        const asked = { headers: bearer(metricsToken), action, streams: [] };
        const expected = action === "figures" ? GRANTED : BAD_SCOPE;
        assertEquals(await ask({ ...options, subscribe }, asked), expected, action);
      }
      const headers = { cookie: `sse_token=${metricsToken}` };
      const isRead = await ask({ ...options, subscribe }, { headers, action: "figures" });
      assertEquals(isRead, "jwt" in options ? BAD_TOKEN : NO_TOKEN);
    }
  }
});

Deno.test("authorize() grants a JWT subscribing to every public stream, until it expires", async () => {
  const options = { ...BOTH, subscribe: "public" } as const;
  const headers = bearer(ORDERS);
  for (const streams of [["weather"], ["orders/7"], []]) {
    assertEquals(await ask(options, { headers, streams }), GRANTED_UNTIL, `${streams}`);
  }
  assertEquals(await ask(options, { headers, action: "publish" }), BAD_SCOPE);
});

Deno.test("authorize() refuses a bad token with 401, even if no token is needed", async () => {
  const bad = [
    EXPIRED,
    EARLY,
    ALG_NONE,
    DAMAGED,
    `${ORDERS}A`,
    await sign([]),
    "x",
    `x${PUBLISH_TOKEN}`,
  ];
  for (const token of bad) {
    for (const options of [BOTH, { publishToken: PUBLISH_TOKEN }, { jwt }, {}]) {
      for (const subscribe of ["public", "token"] as const) {
        for (const action of ACTIONS) {
          const answer = await ask({ ...options, subscribe }, { headers: bearer(token), action });
          assertEquals(answer, BAD_TOKEN, `${subscribe} ${action} ${token}`);
        }
      }
    }
  }
});

Deno.test("authorize() refuses a JWT if no key is configured", async () => {
  assertEquals(await ask({ publishToken: PUBLISH_TOKEN }, { headers: bearer(ORDERS) }), BAD_TOKEN);
  assertEquals(await ask({}, { headers: bearer(ORDERS), action: "publish" }), BAD_TOKEN);
});

Deno.test("authorize() says what is wrong with a signed token, and nothing about an unsigned one", async () => {
  const authorize = authorizeByTokens({ ...BOTH, subscribe: "public", now: () => NOW * 1_000 });
  const details = [
    [EXPIRED, "The token expired at 2025-06-15T15:06:40.000Z: get a new one"],
    [EARLY, "The token is not valid before 2025-06-15T15:06:46.000Z (claim nbf)"],
    [
      await sign({}, { exp: NOW * 1_000 }),
      "The token's claim exp is after the year 9999: it must be in seconds, not milliseconds",
    ],
    [DAMAGED, WRONG],
    [ALG_NONE, WRONG],
  ] as const;
  for (const [token, expected] of details) {
    const answer = await authorize(get("/sse", { headers: bearer(token) }), "subscribe", []);
    assert(answer instanceof Response);
    assertEquals((await answer.json()).detail, expected);
  }
});

Deno.test("authorize() tells the holder of a JWT which stream its claim does not cover", async () => {
  const table: [action: Action, streams: string[], detail: string][] = [
    [
      "subscribe",
      ["news", "a/b"],
      'The token\'s claim sse.subscribe does not cover the stream "a/b"',
    ],
    ["publish", ["news"], 'The token\'s claim sse.publish does not cover the stream "news"'],
    [
      "publish",
      ["\n".repeat(500)],
      `The token's claim sse.publish does not cover the stream "${"\\n".repeat(128)}"`,
    ],
    [
      "admin",
      [],
      'The token\'s claim sse.admin must be "read" or "write" for this; or send the token of PUBLISH_TOKEN',
    ],
  ];
  const authorize = authorizeByTokens({ ...BOTH, subscribe: "token", now: () => NOW * 1_000 });
  for (const [action, streams, detail] of table) {
    const answer = await authorize(get("/sse", { headers: bearer(ORDERS) }), action, streams);
    assert(answer instanceof Response);
    assertEquals((await answer.json()).detail, detail);
  }
});

Deno.test("authorize() names the settings that open the server, and the tokens that it accepts", async () => {
  const jwtText = "a JSON Web Token signed with the key of JWT_KEY";
  const table: [options: Partial<TokenOptions>, missing: string, wrong: string][] = [
    [
      {},
      "Publishing is disabled on this server; set PUBLISH_TOKEN or JWT_KEY to enable it",
      "The token is invalid, since this server has none; set PUBLISH_TOKEN or JWT_KEY",
    ],
    [
      { publishToken: PUBLISH_TOKEN },
      "Send a token in the header Authorization: Bearer <token>",
      "The token is invalid; send the token of PUBLISH_TOKEN",
    ],
    [
      { jwt },
      "Send a token in the header Authorization: Bearer <token>, or a JSON Web Token in the cookie sse_token",
      `The token is invalid; send ${jwtText}`,
    ],
  ];
  const empty =
    "The header Authorization has no token, or more than one; send Authorization: Bearer <token>";
  for (const [options, missing, wrong] of table) {
    const authorize = authorizeByTokens({ subscribe: "token", ...options });
    const details = [{}, bearer("x"), bearer("")].map(async (headers) => {
      const answer = await authorize(get("/sse", { headers }), "publish", ["news"]);
      assert(answer instanceof Response);
      return (await answer.json()).detail;
    });
    assertEquals(await Promise.all(details), [missing, wrong, empty]);
  }
});

Deno.test("authorize() asks its clock at each request", async () => {
  let nowMs = NOW * 1_000;
  const authorize = authorizeByTokens({ jwt, subscribe: "token", now: () => nowMs });
  const request = get("/sse", { headers: bearer(ORDERS) });
  assertEquals((await authorize(request, "subscribe", ["news"]) as Grant).expiresAtMs, UNTIL);
  nowMs += 59_999;
  assertEquals((await authorize(request, "subscribe", ["news"]) as Grant).expiresAtMs, UNTIL);
  nowMs += 1;
  const answer = await authorize(request, "subscribe", ["news"]);
  assertEquals(answer instanceof Response && answer.status, 401);
});

Deno.test("authorize() accepts an early token once its time has come", async () => {
  let nowMs = NOW * 1_000;
  const authorize = authorizeByTokens({ jwt, subscribe: "token", now: () => nowMs });
  const request = get("/sse", { headers: bearer(EARLY) });
  const answer = await authorize(request, "subscribe", ["news"]);
  assertEquals(answer instanceof Response && answer.status, 401);
  nowMs += 6_000;
  assertEquals((await authorize(request, "subscribe", ["news"]) as Grant).expiresAtMs, UNTIL);
});

/** Counts the calls of a function of `crypto.subtle` until the end of its scope. */
function countCalls(name: "digest" | "verify"): Disposable & { count: number } {
  const { subtle } = crypto;
  const calls = { count: 0, [Symbol.dispose]: () => void Reflect.deleteProperty(subtle, name) };
  const original = subtle[name] as (...args: unknown[]) => unknown;
  const counted = (...args: unknown[]) => {
    calls.count++;
    return original.apply(subtle, args);
  };
  Object.defineProperty(subtle, name, { value: counted, configurable: true });
  return calls;
}

Deno.test("authorize() hashes a wrong token once, whatever it has in common with the right one", async () => {
  const authorize = authorizeByTokens({ ...BOTH, subscribe: "token", now: () => NOW * 1_000 });
  const ask = (token: string) => authorize(get("/sse", { headers: bearer(token) }), "publish", []);
  for (const knows of ["not used yet", "used"]) {
    for (let right = 0; right < PUBLISH_TOKEN.length; right++) {
      const wrong = PUBLISH_TOKEN.slice(0, right).padEnd(PUBLISH_TOKEN.length, "~");
      // The first one also hashes the token that is expected.
      if (right === 0) await ask("x");
      using hashes = countCalls("digest");
      assertEquals((await ask(wrong) as Response).status, 401);
      assertEquals([knows, right, hashes.count], [knows, right, 1]);
    }
    assertEquals(await ask(PUBLISH_TOKEN), GRANTED);
  }
});

Deno.test("authorize() verifies a token once, until a minute has passed", async () => {
  let nowMs = NOW * 1_000;
  const options = { ...BOTH, subscribe: "token", now: () => nowMs } as const;
  const authorize = authorizeByTokens(options);
  await authorize(get("/sse", { headers: bearer("x") }), "publish", []);
  for (const [token, name] of [[PUBLISH_TOKEN, "digest"], [ORDERS, "verify"]] as const) {
    const ask = () => authorize(get("/sse", { headers: bearer(token) }), "publish", ["orders/7"]);
    using calls = countCalls(name);
    assert(!(await ask() instanceof Response));
    using hashes = name === "digest" ? calls : countCalls("digest");
    for (let i = 0; i < 10; i++) assert(!(await ask() instanceof Response));
    assertEquals([name, calls.count, hashes.count], [name, 1, name === "digest" ? 1 : 0]);
  }
  nowMs += 59_999;
  using calls = countCalls("digest");
  const ask = () => authorize(get("/sse", { headers: bearer(PUBLISH_TOKEN) }), "publish", []);
  await ask();
  assertEquals(calls.count, 0);
  nowMs++;
  await ask();
  assertEquals(calls.count, 1);
});

Deno.test("authorize() never takes a remembered publish token for a JWT in a cookie", async () => {
  const authorize = authorizeByTokens({ ...BOTH, subscribe: "token", now: () => NOW * 1_000 });
  assertEquals(await authorize(get("/", { headers: bearer(PUBLISH_TOKEN) }), "admin", []), GRANTED);
  const cookie = get("/", { headers: { cookie: `sse_token=${PUBLISH_TOKEN}` } });
  const answer = await authorize(cookie, "subscribe", ["news"]);
  assertEquals(answer instanceof Response && answer.status, 401);
});

Deno.test("authorize() after a restart with another key refuses a token that was valid before", async () => {
  const before = authorizeByTokens({ ...BOTH, subscribe: "token", now: () => NOW * 1_000 });
  const otherJwt = new JwtVerifier({ keys: importJwtKeys(`${SECRET}, but another one`) });
  const options = { publishToken: "another-publish-token", jwt: otherJwt };
  const after = authorizeByTokens({ ...options, subscribe: "token", now: () => NOW * 1_000 });
  for (const token of [PUBLISH_TOKEN, ORDERS]) {
    const request = get("/sse", { headers: bearer(token) });
    assert(!(await before(request, "publish", ["orders/7"]) instanceof Response));
    const answer = await after(request, "publish", ["orders/7"]);
    assertEquals(answer instanceof Response && answer.status, 401);
  }
});

Deno.test("authorize() reads the scheme in any case, followed by any white space", async () => {
  for (const token of [PUBLISH_TOKEN, ORDERS]) {
    for (const scheme of ["Bearer ", "bearer ", "BEARER ", "bEaReR  ", "Bearer \t "]) {
      const answer = await ask(BOTH, { headers: { authorization: scheme + token } });
      assertEquals(Array.isArray(answer), false, scheme);
    }
  }
});

Deno.test("authorize() refuses a header without exactly one token", async () => {
  const headers = ["Bearer", "Bearer ", `Bearer ${PUBLISH_TOKEN} x`, `Bearer x ${PUBLISH_TOKEN}`];
  headers.push(`Bearer ${PUBLISH_TOKEN}, Bearer ${PUBLISH_TOKEN}`, `Bearer "${PUBLISH_TOKEN}"`);
  for (const authorization of headers) {
    const answer = await ask({ ...BOTH, subscribe: "public" }, { headers: { authorization } });
    assertEquals(answer, BAD_TOKEN, authorization);
  }
});

Deno.test("authorize() ignores other schemes than Bearer", async () => {
  const headers = [
    "",
    "Basic eDp5",
    `Basic ${PUBLISH_TOKEN}`,
    PUBLISH_TOKEN,
    `Bearer:${PUBLISH_TOKEN}`,
  ];
  headers.push(`Token ${PUBLISH_TOKEN}`, `BearerX ${PUBLISH_TOKEN}`, `Bearer=${PUBLISH_TOKEN}`);
  for (const authorization of headers) {
    const asked = { headers: { authorization } };
    assertEquals(await ask(BOTH, asked), NO_TOKEN, authorization);
    assertEquals(await ask({ ...BOTH, subscribe: "public" }, asked), GRANTED, authorization);
  }
});

Deno.test("authorize() never reads a token from the query", async () => {
  for (const name of ["access_token", "token", "authorization", "sse_token", "jwt"]) {
    for (const token of [PUBLISH_TOKEN, ORDERS]) {
      const path = `/sse?stream=news&${name}=${token}`;
      assertEquals(await ask(BOTH, { path }), NO_TOKEN, path);
    }
  }
});

Deno.test("authorize() reads a JWT from a cookie sse_token", async () => {
  const table: [cookie: string, expected: unknown][] = [
    [`sse_token=${ORDERS}`, GRANTED_UNTIL],
    [`a=b; sse_token=${ORDERS}; c=d`, GRANTED_UNTIL],
    [`a=b;sse_token=${ORDERS};c`, GRANTED_UNTIL],
    [`sse_token=${ORDERS}; sse_token=x`, GRANTED_UNTIL],
    [`sse_token=x; sse_token=${ORDERS}`, GRANTED_UNTIL],
    [`sse_token=; sse_token=${EXPIRED}; a=b;sse_token=${ORDERS}`, GRANTED_UNTIL],
    [`sse_token=${WEATHER}; sse_token=${ORDERS}`, GRANTED_UNTIL],
    [`sse_token=${WEATHER}; sse_token=x`, BAD_SCOPE],
    [`sse_token=${"x; sse_token=".repeat(9)}${ORDERS}`, GRANTED_UNTIL],
    [`sse_token=1; sse_token=2; sse_token=3; sse_token=${ORDERS}`, GRANTED_UNTIL],
    [`sse_token=1; sse_token=2; sse_token=3; sse_token=4; sse_token=${ORDERS}`, BAD_TOKEN],
    [`sse_token=${EXPIRED}`, BAD_TOKEN],
    [`sse_token=${DAMAGED}`, BAD_TOKEN],
    [`sse_token="${ORDERS}"`, BAD_TOKEN],
    [`sse_token=${PUBLISH_TOKEN}`, BAD_TOKEN],
    [`sse_token=`, NO_TOKEN],
    [`sse_token`, NO_TOKEN],
    [`SSE_TOKEN=${ORDERS}`, NO_TOKEN],
    [`xsse_token=${ORDERS}`, NO_TOKEN],
    [`x=sse_token=${ORDERS}`, NO_TOKEN],
    [`sse_token2=${ORDERS}`, NO_TOKEN],
    ["", NO_TOKEN],
    [";;=; =;", NO_TOKEN],
  ];
  for (const [cookie, expected] of table) {
    assertEquals(await ask(BOTH, { headers: { cookie } }), expected, cookie);
  }
});

Deno.test("authorize() on public streams refuses a bad cookie, and keeps the end of a good one", async () => {
  const options = { ...BOTH, subscribe: "public" } as const;
  for (const token of [EXPIRED, DAMAGED, ALG_NONE, "x"]) {
    const asked = { headers: { cookie: `sse_token=${token}` } };
    assertEquals(await ask(options, asked), BAD_TOKEN, token);
  }
  const asked = { headers: { cookie: `sse_token=${ORDERS}` }, streams: ["weather"] };
  assertEquals(await ask(options, asked), GRANTED_UNTIL);
});

Deno.test("authorize() ignores the cookie if no key is configured", async () => {
  for (const token of [PUBLISH_TOKEN, ORDERS, "x"]) {
    const asked = { headers: { cookie: `sse_token=${token}` } };
    assertEquals(await ask({ publishToken: PUBLISH_TOKEN }, asked), NO_TOKEN, token);
    assertEquals(await ask({ subscribe: "public" }, asked), GRANTED, token);
  }
});

Deno.test("authorize() prefers the header to the cookie", async () => {
  const table: [authorization: string, token: string, expected: unknown][] = [
    [`Bearer ${PUBLISH_TOKEN}`, EXPIRED, GRANTED],
    [`Bearer ${ORDERS}`, "x", GRANTED_UNTIL],
    [`Bearer ${EXPIRED}`, ORDERS, BAD_TOKEN],
    ["Bearer x", ORDERS, BAD_TOKEN],
    ["Bearer", ORDERS, BAD_TOKEN],
    ["Basic eDp5", ORDERS, GRANTED_UNTIL],
    ["", ORDERS, GRANTED_UNTIL],
  ];
  for (const [authorization, token, expected] of table) {
    const headers = { authorization, cookie: `sse_token=${token}` };
    assertEquals(await ask(BOTH, { headers }), expected, authorization);
  }
});

const SITES: [headers: Record<string, string>, isOwn: boolean][] = [
  [{}, false],
  [{ "sec-fetch-site": "same-origin" }, true],
  [{ "sec-fetch-site": "none" }, true],
  [{ "sec-fetch-site": "same-site" }, false],
  [{ "sec-fetch-site": "cross-site" }, false],
  [{ "sec-fetch-site": "", origin: "http://localhost" }, false],
  [{ "sec-fetch-site": "cross-site", origin: "http://localhost" }, false],
  [{ "sec-fetch-site": "same-origin", origin: "https://behind.example" }, true],
  [{ origin: "http://localhost" }, true],
  [{ origin: "https://localhost" }, true],
  [{ origin: "http://localhost:81" }, false],
  [{ origin: "http://localhost.evil.example" }, false],
  [{ origin: "http://evil.example" }, false],
  [{ origin: "http://evil.example/localhost" }, false],
  [{ origin: "http://x@localhost" }, false],
  [{ origin: "null" }, false],
  [{ origin: "" }, false],
  [{ origin: "localhost" }, false],
  [{ origin: "https://app.example", host: "app.example" }, true],
  [{ origin: "https://app.example", host: "App.Example" }, true],
  [{ origin: "https://app.example:8443", host: "app.example:8443" }, true],
  [{ origin: "https://app.example", host: "app.example:8443" }, false],
  [{ origin: "http://localhost", host: "app.example" }, false],
  [{ origin: "http://", host: "" }, false],
  [{ origin: "null", host: "null" }, false],
  [{ referer: "http://localhost/" }, false],
];

Deno.test("authorize() accepts a cookie for unsafe methods only from the server's own pages", async () => {
  for (const [site, isOwn] of SITES) {
    const headers = { cookie: `sse_token=${ORDERS}`, ...site };
    for (const method of ["POST", "DELETE", "PUT", "PATCH", "QUERY"]) {
      const asked = { headers, method, action: "publish", streams: ["orders/7"] } as const;
      const expected = isOwn ? GRANTED_UNTIL : FOREIGN;
      assertEquals(await ask(BOTH, asked), expected, `${method} ${JSON.stringify(site)}`);
    }
  }
});

Deno.test("authorize() accepts a cookie for safe methods, and the header for all, from anywhere", async () => {
  for (const [site] of SITES) {
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      const headers = { cookie: `sse_token=${ORDERS}`, ...site };
      assertEquals(await ask(BOTH, { headers, method }), GRANTED_UNTIL, JSON.stringify(site));
    }
    const headers = { ...bearer(ORDERS), cookie: `sse_token=${ORDERS}`, ...site };
    const asked = { headers, method: "POST", action: "publish", streams: ["orders/7"] } as const;
    assertEquals(await ask(BOTH, asked), GRANTED_UNTIL, JSON.stringify(site));
  }
});

Deno.test("authorize() answers a bad cookie with 401 from any page", async () => {
  for (const [site] of SITES) {
    const headers = { cookie: `sse_token=${EXPIRED}`, ...site };
    const asked = { headers, method: "POST", action: "publish" } as const;
    assertEquals(await ask(BOTH, asked), BAD_TOKEN, JSON.stringify(site));
  }
});

Deno.test("authorizeByTokens() throws for a publish token that no header can carry, without repeating it", () => {
  for (const publishToken of ["", " ", "two words", "line\nbreak", "é", "tab\t"]) {
    const error = assertThrows(
      () => authorizeByTokens({ publishToken, subscribe: "token" }),
      TypeError,
    );
    assertEquals(
      error.message,
      "Cannot use publish token: it must be printable ASCII without spaces",
    );
  }
});
