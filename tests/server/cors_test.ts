import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { isOrigin, withCors } from "../../lib/server/cors.ts";
import type { Handler } from "../../lib/server/router.ts";
import { get } from "./support.ts";

const APP = "https://app.example";
const OTHER_APP = "http://localhost:3000";
const ORIGINS = [APP, OTHER_APP];

/** Origins that differ from those above, though some look alike. */
const FOREIGN = [
  "https://evil.example",
  "http://app.example",
  "https://app.example:8443",
  "https://app.example.evil.example",
  "https://sub.app.example",
  "https://APP.example",
  "https://app.example/",
  `${APP}, ${OTHER_APP}`,
  "null",
  "*",
  "",
];

function hello(headers?: HeadersInit): Handler {
  return () => new Response("hello", { headers: headers ?? {} });
}

function refuse(): never {
  throw new Error("The handler was called");
}

/** The response's status and its headers, except those of its content. */
async function ask(
  origins: readonly string[],
  init: RequestInit,
  handler: Handler = hello(),
): Promise<[status: number, headers: Record<string, string>]> {
  const response = await withCors(handler, origins)(get("/sse", init), {});
  const headers = Object.fromEntries(response.headers);
  await response.body?.cancel();
  for (const name of ["content-type", "cache-control", "x-content-type-options"]) {
    delete headers[name];
  }
  return [response.status, headers];
}

function preflight(origin: string): RequestInit {
  return { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } };
}

function allowing(origin: string): Record<string, string> {
  return {
    "access-control-allow-credentials": "true",
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "Retry-After",
    vary: "Origin",
  };
}

Deno.test("withCors() lets pages of an allowed origin read the response", async () => {
  for (const origin of ORIGINS) {
    for (const method of ["GET", "HEAD", "POST", "DELETE", "OPTIONS"]) {
      const answer = await ask(ORIGINS, { method, headers: { origin } });
      assertEquals(answer, [200, allowing(origin)], `${origin} ${method}`);
    }
  }
});

Deno.test("withCors() allows no other origin, and adds Vary: Origin", async () => {
  for (const origin of FOREIGN) {
    const answer = await ask(ORIGINS, { headers: { origin } });
    assertEquals(answer, [200, { vary: "Origin" }], origin);
  }
  assertEquals(await ask(ORIGINS, {}), [200, { vary: "Origin" }]);
});

Deno.test("withCors() answers the preflight of an allowed origin without the handler", async () => {
  for (const origin of ORIGINS) {
    assertEquals(await ask(ORIGINS, preflight(origin), refuse), [204, {
      ...allowing(origin),
      "access-control-allow-headers": "Last-Event-ID, Authorization, Content-Type, Cache-Control",
      "access-control-allow-methods": "GET, HEAD, POST, DELETE",
      "access-control-max-age": "7200",
      "vary": "Access-Control-Request-Headers, Origin",
    }]);
  }
});

Deno.test("withCors() allows the headers that the preflight of an allowed origin asks for", async () => {
  const byDefault = "Last-Event-ID, Authorization, Content-Type, Cache-Control";
  const table: [asked: string, allowed: string][] = [
    ["traceparent", "traceparent"],
    ["sentry-trace,baggage", "sentry-trace,baggage"],
    ["datastar-request, hx-request", "datastar-request, hx-request"],
    ["x-a!#$%&'*+.^_`|~9", "x-a!#$%&'*+.^_`|~9"],
    [`x-${"a".repeat(1_022)}`, `x-${"a".repeat(1_022)}`],
    [`x-${"a".repeat(1_023)}`, byDefault],
    ["", byDefault],
    ...["x-a,", ",", "x a", "x-a; q=1", "x-é", '"x"', "x:y", "a,,b"].map((asked) =>
      [asked, byDefault] as [string, string]
    ),
  ];
  for (const [asked, allowed] of table) {
    const { method, headers } = preflight(APP);
    const request = { ...headers as object, "access-control-request-headers": asked };
    const [status, answer] = await ask(ORIGINS, { method: method!, headers: request }, refuse);
    assertEquals([status, answer["access-control-allow-headers"]], [204, allowed], asked);
  }
});

Deno.test("withCors() accepts the origins of apps and extensions", async () => {
  const app = "capacitor://localhost";
  const extension = "chrome-extension://mdplmiioglkpgkgblfdilgebpppgdlm";
  for (const origin of [app, extension]) {
    assertEquals((await ask([app, extension], preflight(origin), refuse))[0], 204);
    assertEquals(await ask([app, extension], { headers: { origin } }), [200, allowing(origin)]);
    assertEquals((await ask([`${origin}x`, APP], preflight(origin), refuse))[0], 403);
  }
});

Deno.test("withCors() refuses the preflight of every other origin", async () => {
  for (const origin of FOREIGN) {
    const answer = await ask(ORIGINS, preflight(origin), refuse);
    assertEquals(answer, [403, { vary: "Origin" }], origin);
  }
});

Deno.test("withCors() passes requests that are not preflights to the handler", async () => {
  const requests: RequestInit[] = [
    { method: "OPTIONS" },
    { method: "OPTIONS", headers: { "access-control-request-method": "POST" } },
    { method: "POST", headers: { origin: "null", "access-control-request-method": "POST" } },
  ];
  for (const request of requests) {
    assertEquals(await ask(ORIGINS, request), [200, { vary: "Origin" }]);
  }
});

Deno.test("withCors() adds Origin to an existing Vary once", async () => {
  const table = {
    "accept-encoding": "accept-encoding, Origin",
    "accept, cookie": "accept, cookie, Origin",
    "x-origin": "x-origin, Origin",
    "origin-x, x": "origin-x, x, Origin",
    "origin": "origin",
    "accept , Origin": "accept , Origin",
    "Origin,accept": "Origin,accept",
    "*": "*",
  };
  for (const [vary, expected] of Object.entries(table)) {
    const [, headers] = await ask(ORIGINS, {}, hello({ vary }));
    assertEquals(headers["vary"], expected, vary);
  }
});

Deno.test("withCors() keeps the status, the headers and the body of a response", async () => {
  const handler = () => new Response("gone", { status: 410, headers: { "x-mine": "1" } });
  const response = await withCors(handler, ORIGINS)(get("/", { headers: { origin: APP } }), {});
  assertEquals([response.status, response.headers.get("x-mine")], [410, "1"]);
  assertEquals(await response.text(), "gone");
});

Deno.test("withCors() works on a response with immutable headers", async () => {
  const answer = await fetch("data:text/plain,hello");
  // Of Bun's responses, all headers can be changed.
  if (!("Bun" in globalThis)) {
    assertThrows(() => answer.headers.set("vary", "Origin"), TypeError);
  }
  const response = await withCors(() => answer, ORIGINS)(
    get("/", { headers: { origin: APP } }),
    {},
  );
  assertEquals(response.headers.get("access-control-allow-origin"), APP);
  assertEquals(response.headers.get("vary"), "Origin");
  assertEquals(await response.text(), "hello");
});

Deno.test("withCors() passes the request and its connection's info to the handler", async () => {
  const info = { remoteAddr: { hostname: "192.0.2.7" } };
  const request = get("/sse");
  const handler: Handler = (...args) => {
    assertStrictEquals(args[0], request);
    assertStrictEquals(args[1], info);
    return new Response("seen");
  };
  assertEquals(await (await withCors(handler, ORIGINS)(request, info)).text(), "seen");
});

Deno.test("withCors() returns the handler unchanged without origins", () => {
  const handler = hello();
  assertStrictEquals(withCors(handler, []), handler);
});

Deno.test("withCors() throws for a text that is not an origin", () => {
  const error = assertThrows(() => withCors(hello(), [APP, "*"]), TypeError);
  assertEquals(
    error.message,
    'Cannot allow origin: expected one like https://example.com, got "*"',
  );
});

Deno.test("isOrigin() is true for origins as browsers write them", () => {
  const origins = [APP, OTHER_APP, "http://localhost", "https://a", "http://192.0.2.7:8080"];
  origins.push("https://[2001:db8::7]", "http://[::1]:3000", "https://xn--bcher-kva.example");
  origins.push(
    "capacitor://localhost",
    "ionic://localhost",
    "tauri://localhost",
    "app://obsidian.md",
  );
  origins.push("chrome-extension://mdplmiioglkpgkgblfdilgebpppgdlm", "vscode-webview://1a2b_c");
  origins.push("moz-extension://0d1f8a51-7a3c-4b0c-9a53-0c6f0c9e2f11", "app://localhost:3000");
  origins.push(
    "safari-web-extension://0D1F8A51-7A3C-4B0C-9A53-0C6F0C9E2F11",
    "x+y.z-1://[::1]:8080",
  );
  for (const origin of origins) assertEquals(isOrigin(origin), true, origin);
});

Deno.test("isOrigin() is false for every other text", () => {
  const table = ["", "null", "*", "app.example", "//app.example", "https://", "https:app.example"];
  table.push("https://*.app.example", "https://*", "https://app.example/", "https://app.example/x");
  table.push(
    "https://app.example?x",
    "https://app.example#x",
    "https://x@app.example",
    "HTTPS://a",
  );
  table.push(
    "https://App.example",
    "https://app.example:443",
    "http://app.example:80",
    "file:///x",
  );
  table.push("https://app.example:99999", "https://app.example:", "https://bücher.example");
  table.push("ws://app.example", "blob:https://app.example", "data:,x", " https://app.example");
  table.push("https://app.example\n", "https://app.example https://b.example", "http://127.1");
  table.push("capacitor://", "capacitor://localhost/", "capacitor://localhost/x", "capacitor://*");
  table.push("Capacitor://localhost", "capacitor:localhost", "capacitor://a@b", "capacitor://a:0");
  table.push("capacitor://a:65536", "capacitor://a:", "capacitor://a b", "capacitor://é", "1x://a");
  table.push(
    "file://",
    "file://localhost",
    "ftp://a",
    "wss://a",
    "blob://a/b",
    "app://a?x",
    "app://a#x",
  );
  for (const text of table) assertEquals(isOrigin(text), false, text);
});
