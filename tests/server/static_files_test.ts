import { assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { lacks } from "../program.ts";
import type { Route } from "../../lib/server/router.ts";
import { staticRoutes } from "../../lib/server/static_files.ts";
import { get, testApp } from "./support.ts";

const noRead = await lacks("read");
const noWrite = await lacks("read", "write");
const STATIC = new URL("../../static/", import.meta.url);

/** Requests a file with these headers. */
async function ask(route: Route | undefined, headers: HeadersInit = {}): Promise<Response> {
  return await route!.GET!(get("/", { headers }), {});
}

/** The routes of a folder with these files; the folder is deleted before any request. */
function routesOf(files: Readonly<Record<string, string>>): Map<string, Route> {
  const folder = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(files)) {
      if (name.endsWith("/")) Deno.mkdirSync(`${folder}/${name}`);
      else Deno.writeTextFileSync(`${folder}/${name}`, text);
    }
    return staticRoutes(new URL(`file://${folder}/`));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("staticRoutes() has no routes for a folder whose URL is not a file:", () => {
  assertEquals(staticRoutes(new URL("https://example.com/@sse/hub/static/")), new Map());
});

Deno.test({
  name: "staticRoutes() has index.html at /, byte by byte",
  ignore: noRead,
  async fn() {
    const routes = staticRoutes(STATIC);
    const response = await ask(routes.get("/"));
    const file = await Deno.readTextFile(new URL("index.html", STATIC));
    assertEquals(response.status, 200);
    assertEquals(await response.text(), file);
    assertEquals(routes.has("/index.html"), false);
    await Promise.all([...routes.values()].map((route) => ask(route)));
  },
});

Deno.test({
  name: "the pages use relative paths only, so that they work below any path",
  ignore: noRead,
  async fn() {
    const fromRoot = /(?:href|src|action)="\/[^"]*|["'`(]\/[\w.-]+/g;
    for (const { name } of Deno.readDirSync(STATIC)) {
      if (/^(?:client|doctor)\.js/.test(name)) continue;
      const text = await Deno.readTextFile(new URL(name, STATIC));
      assertEquals([name, ...text.matchAll(fromRoot)].flat(), [name]);
    }
  },
});

Deno.test({
  name: "a static file comes with its headers",
  ignore: noWrite,
  async fn() {
    const response = await ask(routesOf({ "index.html": "<!doctype html>" }).get("/"));
    const { etag, ...headers } = Object.fromEntries(response.headers);
    assertMatch(etag!, /^"[0-9a-f]{24}"$/);
    assertEquals(headers, {
      "cache-control": "no-cache",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      "content-type": "text/html; charset=utf-8",
      "referrer-policy": "no-referrer",
    });
  },
});

Deno.test({
  name: "a static file has the type of its ending",
  ignore: noWrite,
  async fn() {
    const routes = routesOf({
      "console.html": "a",
      "a.js": "b",
      "a.css": "c",
      "a.b.svg": "d",
      "a.js.map": "e",
    });
    const types = new Map<string, string | null>();
    for (const [path, route] of routes) {
      if (path.endsWith("/")) continue;
      types.set(path, (await ask(route)).headers.get("content-type"));
    }
    assertEquals(Object.fromEntries(types), {
      "/console": "text/html; charset=utf-8",
      "/a.js": "text/javascript; charset=utf-8",
      "/a.css": "text/css; charset=utf-8",
      "/a.b.svg": "image/svg+xml",
      "/a.js.map": "application/json",
    });
  },
});

Deno.test({
  name: "a static file whose URL has its ETag as the version never changes",
  ignore: noWrite,
  async fn() {
    const route = routesOf({ "client.js": "1" }).get("/client.js")!;
    const etag = (await ask(route)).headers.get("etag")!.slice(1, -1);
    for (
      const [version, policy] of [
        [etag, "public, max-age=31536000, immutable"],
        ["0.1.0", "no-cache"],
      ]
    ) {
      const response = await route.GET!(get(`/client.js?v=${version}`), {});
      assertEquals(response.headers.get("cache-control"), policy);
    }
  },
});

Deno.test({
  name: "staticRoutes() leaves out folders and files of other types",
  ignore: noWrite,
  fn() {
    const files = { "folder.js/": "", ".env": "", "key.pem": "", "html": "", "main.ts": "" };
    assertEquals(routesOf(files), new Map());
  },
});

Deno.test({
  name: "staticRoutes() leaves out symbolic links, which may lead anywhere",
  ignore: noWrite,
  async fn() {
    const folder = await Deno.makeTempDir();
    await Deno.symlink(new URL("../../deno.json", import.meta.url), `${folder}/a.js`);
    assertEquals(staticRoutes(new URL(`file://${folder}/`)), new Map());
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "staticRoutes() reads a file with any characters in its name",
  ignore: noWrite,
  async fn() {
    for (const name of ["a b.js", "a#b.js", "a?b.js", "a%20b.js", "100%.js"]) {
      const routes = routesOf({ [name]: name });
      const responses = [...routes.values()].map(async (route) => await (await ask(route)).text());
      assertEquals(await Promise.all(responses), [name]);
    }
  },
});

Deno.test({
  name: "a static file that is deleted or changed is served as it was at the start",
  ignore: noWrite,
  async fn() {
    const route = routesOf({ "a.js": "at the start" }).get("/a.js");
    assertEquals(await (await ask(route)).text(), "at the start");
    assertEquals(await (await ask(route)).text(), "at the start");
  },
});

Deno.test({
  name: "staticRoutes() throws if the folder does not exist",
  ignore: noRead,
  fn() {
    assertThrows(() => staticRoutes(new URL("nowhere/", STATIC)), Deno.errors.NotFound);
  },
});

Deno.test({
  name: "an ETag depends on the bytes",
  ignore: noWrite,
  async fn() {
    const routes = routesOf({ "a.js": "1", "b.js": "1", "c.js": "2" });
    const etag = async (path: string) => (await ask(routes.get(path))).headers.get("etag");
    assertEquals(await etag("/a.js"), await etag("/b.js"));
    assertNotEquals(await etag("/a.js"), await etag("/c.js"));
  },
});

Deno.test({
  name: "a static file gets a 304 for a client that has it",
  ignore: noWrite,
  async fn() {
    const route = routesOf({ "a.js": "1" }).get("/a.js");
    const etag = (await ask(route)).headers.get("etag")!;
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, `W/"x",W/${etag} , "y"`, "*", " * "]) {
      const response = await ask(route, { "if-none-match": known });
      assertEquals(response.status, 304, known);
      assertEquals(response.body, null);
      assertEquals(response.headers.get("etag"), etag);
    }
  },
});

Deno.test({
  name: "a static file is sent to a client that has another version",
  ignore: noWrite,
  async fn() {
    const route = routesOf({ "a.js": "1" }).get("/a.js");
    const bare = (await ask(route)).headers.get("etag")!.slice(1, -1);
    for (const known of ["", '"x"', bare, `"${bare}0"`, `"0${bare}"`, '"*"']) {
      const response = await ask(route, { "if-none-match": known });
      assertEquals(response.status, 200, known);
      assertEquals(await response.text(), "1");
    }
  },
});

Deno.test({
  name: "an app answers HEAD for a static file without its bytes, and 405 to other methods",
  ignore: noWrite,
  async fn() {
    await using app = testApp({}, routesOf({ "index.html": "<!doctype html>" }));
    const head = await app.fetch(get("/", { method: "HEAD" }));
    assertEquals(head.status, 200);
    assertEquals([head.body, head.headers.get("content-length")], [null, "15"]);
    assertEquals(head.headers.get("etag"), (await app.fetch(get("/"))).headers.get("etag"));
    const post = await app.fetch(get("/", { method: "POST" }));
    assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
  },
});

Deno.test({
  name:
    "an app redirects a page's path with a trailing slash, also below a path that a proxy strips",
  ignore: noWrite,
  async fn() {
    await using app = testApp(
      {},
      routesOf({ "console.html": "<!doctype html>", "index.html": "" }),
    );
    const response = await app.fetch(get("/console/?a=/b&c"));
    assertEquals([response.status, response.body], [308, null]);
    const location = response.headers.get("location")!;
    for (const folder of ["http://localhost/", "http://localhost/hub/"]) {
      const target = new URL(location, `${folder}console/?a=/b&c`);
      assertEquals(target.href, `${folder}console?a=/b&c`);
    }
  },
});
