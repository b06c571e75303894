import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { createRouter, nameBelow, rawPath, type Route } from "../../lib/server/router.ts";
import { get } from "./support.ts";

function router(routes: Readonly<Record<string, Route>>): (request: Request) => Promise<Response> {
  const handler = createRouter(new Map(Object.entries(routes)));
  return async (request) => await handler(request, {});
}

const sse: Route = { GET: () => new Response("hello") };

Deno.test("createRouter() calls the handler of a request's path and method", async () => {
  const fetch = router({ "/sse": sse, "/news": { POST: () => new Response("published") } });
  assertEquals(await (await fetch(get("/sse"))).text(), "hello");
  assertEquals(await (await fetch(get("/news", { method: "POST" }))).text(), "published");
});

Deno.test("createRouter() passes the request and its connection's info to the handler", async () => {
  const info = { remoteAddr: { hostname: "192.0.2.7" } };
  const request = get("/sse");
  const handler = createRouter(
    new Map([["/sse", {
      GET: (...args: unknown[]) => {
        assertStrictEquals(args[0], request);
        assertStrictEquals(args[1], info);
        return new Response("seen");
      },
    }]]),
  );
  assertEquals(await (await handler(request, info)).text(), "seen");
});

Deno.test("createRouter() answers 404 to an unknown path", async () => {
  const response = await router({ "/sse": sse })(get("/"));
  assertEquals(response.status, 404);
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assertEquals(
    await response.text(),
    '{"status":404,"title":"Not Found","detail":"Nothing is served at this path"}',
  );
});

Deno.test("createRouter() answers 405 with the methods of the path", async () => {
  const response = await router({ "/sse": sse })(get("/sse", { method: "PUT" }));
  assertEquals(response.status, 405);
  assertEquals(response.headers.get("allow"), "GET, HEAD, OPTIONS");
  assertEquals(
    await response.text(),
    '{"status":405,"title":"Method Not Allowed","detail":"Use GET, HEAD, OPTIONS"}',
  );
});

Deno.test("createRouter() allows HEAD only on paths with GET", async () => {
  const fetch = router({ "/news": { POST: () => new Response(), DELETE: () => new Response() } });
  const response = await fetch(get("/news"));
  assertEquals(response.headers.get("allow"), "POST, DELETE, OPTIONS");
  await response.body?.cancel();
});

Deno.test("createRouter() lists HEAD once if the path has its own handler for it", async () => {
  const fetch = router({ "/": { ...sse, HEAD: () => new Response() } });
  const response = await fetch(get("/", { method: "POST" }));
  assertEquals(response.headers.get("allow"), "GET, HEAD, OPTIONS");
  await response.body?.cancel();
});

Deno.test("createRouter() answers 405 to methods named like properties of every object", async () => {
  const fetch = router({ "/sse": sse });
  for (const method of ["constructor", "toString", "hasOwnProperty", "__proto__"]) {
    const request = get("/sse", { method });
    // Bun makes a GET of a method that it does not know.
    if (request.method !== method) continue;
    const response = await fetch(request);
    assertEquals(response?.status, 405, method);
    await response.body?.cancel();
  }
});

Deno.test("createRouter() answers HEAD like GET, without the body", async () => {
  const headers = { etag: '"1"', "content-length": "5" };
  const fetch = router({ "/": { GET: () => new Response("hello", { status: 203, headers }) } });
  const response = await fetch(get("/", { method: "HEAD" }));
  assertEquals(response.status, 203);
  assertEquals(response.headers.get("etag"), '"1"');
  assertEquals(response.headers.get("content-length"), "5");
  assertEquals(response.body, null);
});

Deno.test("createRouter() prefers a path's own handler for HEAD", async () => {
  const headers = { "x-from": "head" };
  const fetch = router({ "/": { ...sse, HEAD: () => new Response(null, { headers }) } });
  const response = await fetch(get("/", { method: "HEAD" }));
  assertEquals(response.headers.get("x-from"), "head");
});

Deno.test("createRouter() refuses HEAD without a body, too", async () => {
  const fetch = router({ "/news": { POST: () => new Response() } });
  for (const [path, status] of [["/nowhere", 404], ["/news", 405]] as const) {
    const response = await fetch(get(path, { method: "HEAD" }));
    assertEquals(response.status, status);
    assertEquals(await response.text(), "", path);
  }
});

Deno.test("createRouter() ignores the query", async () => {
  const fetch = router({ "/sse": sse });
  for (const query of ["?", "?stream=a", "?/../x", "?%zz", "?a?b", "?a%23b"]) {
    assertEquals(await (await fetch(get(`/sse${query}`))).text(), "hello", query);
  }
});

Deno.test("createRouter() neither decodes nor folds paths", async () => {
  const fetch = router({ "/sse": sse, "/": sse });
  for (const path of ["//", "//sse", "/sse//", "/%73se", "/ss%65", "/SSE", "/sse%2f", "/sse%00"]) {
    const response = await fetch(get(path));
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
});

Deno.test("createRouter() answers OPTIONS with 204 and the methods of the path", async () => {
  const fetch = router({
    "/sse": sse,
    "/news": { POST: () => new Response() },
    "/own": { OPTIONS },
  });
  const table = {
    "/sse": [204, "GET, HEAD, OPTIONS"],
    "/sse/": [204, "GET, HEAD, OPTIONS"],
    "/news": [204, "POST, OPTIONS"],
    "/*": [204, "GET, HEAD, POST, DELETE, OPTIONS"],
    "/own": [299, null],
    "/nowhere": [404, null],
  };
  for (const [path, expected] of Object.entries(table)) {
    const response = await fetch(get(path, { method: "OPTIONS" }));
    assertEquals([response.status, response.headers.get("allow")], expected, path);
    await response.body?.cancel();
  }
});

function OPTIONS(): Response {
  return new Response(null, { status: 299 });
}

Deno.test("createRouter() gives HEAD no length that GET lacks, and cancels GET's body", async () => {
  const cancelled = Promise.withResolvers<void>();
  const body = () => new ReadableStream({ cancel: () => cancelled.resolve() });
  const fetch = router({ "/": { GET: () => new Response(body()) } });
  const response = await fetch(get("/", { method: "HEAD" }));
  // For a null body the runtime sends a length of 0.
  assertNotEquals(response.body, null);
  assertEquals(await response.text(), "");
  await cancelled.promise;
});

Deno.test("createRouter() ignores a trailing slash, unless the path with it has a route", async () => {
  const own: Route = { GET: () => new Response("own") };
  const fetch = router({ "/": sse, "/sse": sse, "/a/b": sse, "/x": sse, "/x/": own, "/y/*": own });
  const table = { "/sse/": "hello", "/a/b/": "hello", "/x/": "own", "/y/z/": "own" };
  for (const [path, text] of Object.entries(table)) {
    assertEquals(await (await fetch(get(path))).text(), text, path);
  }
  for (const path of ["/sse//", "/y/", "/a/", "//"]) {
    const response = await fetch(get(path));
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
});

Deno.test("createRouter() refuses a target with a #, and an invalid host", async () => {
  const handler = createRouter(new Map([["/sse", sse]]));
  const hosts = [
    "a/b",
    "a?b",
    "a#b",
    "a\\b",
    "u@a",
    "a b",
    "a,b",
    "[::1",
    "::1",
    "a:b",
    "é",
    "a:1:2",
  ];
  const wrong = ["/sse#", "/sse#?stream=a", "/sse?stream=a#b", "/#/../sse"].map((path) =>
    get(path)
  );
  wrong.push(...hosts.map((host) => get("/sse", { headers: { host } })));
  wrong.push(...["u:p@a", "a b", "[::1", "a\\b"].map((host) => asWritten(`http://${host}/sse`)));
  for (const request of wrong) {
    const response = await handler(request, {});
    assertEquals(response.status, 400, `${request.url} ${request.headers.get("host")}`);
    await response.body?.cancel();
  }
  const right = ["a", "A.example:80", "[::1]:8080", "192.0.2.7", "a_b-c", "", "a:", "xn--a", "%41"];
  for (const host of right) {
    const response = await handler(get("/sse", { headers: { host } }), {});
    assertEquals(await response.text(), "hello", host);
  }
});

/** A request with a URL as the runtime passes it; `new Request()` would normalize the URL. */
function asWritten(url: string): Request {
  return Object.defineProperty(get("/"), "url", { value: url });
}

Deno.test("nameBelow() returns the rest of a path, decoded once", () => {
  const table = { "/a/x": "x", "/a/x%2Fy": "x/y", "/a/x/": "x", "/a/%2541": "%41", "/a/": "" };
  for (const [path, name] of Object.entries(table)) assertEquals(nameBelow("/a/", path), name);
  for (const path of ["/a/%", "/a/%zz", "/a/%ff"]) assertEquals(nameBelow("/a/", path), undefined);
});

Deno.test("rawPath() returns the path unchanged from the request line", () => {
  const table = {
    "http://localhost/": "/",
    "http://localhost/sse?stream=/a#/b": "/sse",
    "http://localhost/..": "/..",
    "http://localhost/../main.ts": "/../main.ts",
    "http://localhost/%2e%2e/main.ts": "/%2e%2e/main.ts",
    "http://localhost/a/../sse": "/a/../sse",
    "http://localhost/./sse": "/./sse",
    "http://localhost//": "//",
    "http://localhost/%73se": "/%73se",
    "http://localhost/\\..\\sse": "/\\..\\sse",
    "https://[::1]:8443/sse": "/sse",
    "http://a b/sse": "/sse",
    "http://localhost": "",
    "http://localhost?/sse": "",
  };
  for (const [url, path] of Object.entries(table)) assertEquals(rawPath(url), path, url);
});
