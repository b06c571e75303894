import { assertEquals, assertMatch } from "@std/assert";
import { lacks } from "../program.ts";
import { soon } from "../wait.ts";
import { testApp } from "./support.ts";

const ignore = await lacks("net");
const page = new TextEncoder().encode("<!doctype html>");

/** Sends the head of a request unchanged, and reads the answer to its end. */
async function send(port: number, head: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(`${head}\r\nConnection: close\r\n\r\n`));
  return await soon(new Response(connection.readable).text(), () => `the answer to ${head}`);
}

/** Runs a test against an app behind the runtime's own server, on a free port. */
function test(name: string, fn: (send: (head: string) => Promise<string>) => Promise<void>): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      const pages = new Map([["/", { GET: () => new Response(page) }]]);
      await using app = testApp({ INTERVAL_MS: "3600000", STREAMS: "a" }, pages);
      const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
      await using server = Deno.serve(options, app.fetch);
      await fn((head) => send(server.addr.port, head));
    },
  });
}

test("a request target that a proxy may read differently reaches no stream", async (send) => {
  const targets = ["/sse#?stream=a", "/sse?stream=a#b", "/#/sse", "http://h/sse#?stream=a"];
  targets.push("http://h#/sse?stream=a", "http://u:p@h/sse?stream=a", "/sse?stream=a b", "sse");
  for (const target of targets) {
    assertMatch(await send(`GET ${target} HTTP/1.1\r\nHost: h`), /^HTTP\/1.1 400 /, target);
  }
  const others = ["//sse?stream=a", "/\\sse?stream=a", "/sse\\?stream=a", "/x/../sse?stream=a"];
  others.push("http://h?x=/sse", "/./sse", "/sse;?stream=a", "/sse%3fstream=a", "/%2fsse");
  for (const target of others) {
    assertMatch(await send(`GET ${target} HTTP/1.1\r\nHost: h`), /^HTTP\/1.1 404 /, target);
  }
});

test("an invalid Host is refused", async (send) => {
  for (const host of ["h?x", "h#x", "h/x", "h\\x", "u@h", "h h", "[::1", "\u00ff"]) {
    assertMatch(await send(`GET /healthz HTTP/1.1\r\nHost: ${host}`), /^HTTP\/1.1 400 /, host);
  }
  for (const host of ["h", "h:80", "[::1]:80", ""]) {
    assertMatch(await send(`GET /healthz HTTP/1.1\r\nHost: ${host}`), /^HTTP\/1.1 200 /, host);
  }
  assertMatch(await send("GET http://h/healthz HTTP/1.1\r\nHost: h"), /^HTTP\/1.1 200 /);
});

test("OPTIONS is answered for a path, and for the whole server", async (send) => {
  const table = {
    "* HTTP/1.1": "GET, HEAD, POST, DELETE, OPTIONS",
    "* HTTP/1.0": "GET, HEAD, POST, DELETE, OPTIONS",
    "/ HTTP/1.0": "GET, HEAD, OPTIONS",
    "/sse?stream=a HTTP/1.1": "GET, HEAD, OPTIONS",
    "/healthz/ HTTP/1.1": "GET, HEAD, OPTIONS",
  };
  for (const [target, allow] of Object.entries(table)) {
    const answer = await send(`OPTIONS ${target}\r\nHost: h`);
    assertMatch(answer, /^HTTP\/1\.[01] 204 /, target);
    assertEquals(/^allow: (.*)\r$/m.exec(answer)?.[1], allow, target);
  }
});

test("HEAD has the length of GET, or none", async (send) => {
  const length = (answer: string) => /^content-length: (\d+)\r$/m.exec(answer)?.[1];
  for (
    const path of ["/", "/healthz", "/readyz", "/nothing", "/streams", "/session", "/sse?stream=b"]
  ) {
    const lengths = [length(await send(`GET ${path} HTTP/1.1\r\nHost: h`)), undefined];
    const head = await send(`HEAD ${path} HTTP/1.1\r\nHost: h`);
    assertEquals([path, lengths.includes(length(head))], [path, true]);
    assertMatch(head, /\r\n\r\n$/);
  }
  for (const path of ["/sse", "/sse?stream=a"]) {
    const head = await send(`HEAD ${path} HTTP/1.1\r\nHost: h`);
    assertEquals([path, length(head)], [path, undefined]);
  }
});
