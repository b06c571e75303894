/**
 * What a server does on its sockets, the same on every runtime.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { Program } from "../program.ts";
import { until } from "../wait.ts";
import { publish, RawClient, RuntimeProcess, TOKEN } from "./server.ts";
import { isNpmMissing, testedRuntimes } from "./npm_missing.ts";

const AUTHORIZATION = `Authorization: Bearer ${TOKEN}\r\n`;
const HELLO = /event: hello\ndata: .*\nid: (\S+)\n\n/;

/** The runtimes of the server. */
const ALL_RUNTIMES: readonly string[] = ["deno", ...testedRuntimes];

/** The one server of each runtime that most of the tests share. */
const servers = new Map<string, Promise<RuntimeProcess>>();

function shared(runtime: string): Promise<RuntimeProcess> {
  let server = servers.get(runtime);
  if (!server) servers.set(runtime, server = RuntimeProcess.start(runtime));
  return server;
}

/** Ends the shared servers. */
export async function stopServers(): Promise<void> {
  for (const server of servers.values()) await (await server)[Symbol.asyncDispose]();
}

/** Adds a test of the shared server, for each runtime. */
function test(does: string, run: (url: URL, server: RuntimeProcess) => Promise<void>): void {
  testAlone(does, async (runtime) => {
    const server = await shared(runtime);
    await run(await server.url(), server);
  });
}

/** Adds a test that starts servers of its own, for each runtime. */
function testAlone(
  does: string,
  run: (runtime: string) => Promise<void>,
  runtimes = ALL_RUNTIMES,
): void {
  for (const runtime of runtimes) {
    Deno.test({
      name: `the server on ${runtime} ${does}`,
      ignore: isNpmMissing,
      fn: () => run(runtime),
      // The shared server outlives a test.
      sanitizeOps: false,
      sanitizeResources: false,
    });
  }
}

/** The number of open event streams. */
async function openStreams(url: URL): Promise<number> {
  const text = await (await fetch(new URL("/metrics", url), {
    headers: { authorization: `Bearer ${TOKEN}` },
  })).text();
  const counts = text.matchAll(/^sse_connections(?:\{[^}]*\})? (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

test("sends the headers and hello at once", async (url) => {
  using client = await RawClient.subscribe(url, "stream=a1");
  const text = client.text + (await client.until(HELLO)).input;
  assertMatch(text, /^HTTP\/1\.1 200 OK\r\n/);
  assertMatch(text, /\r\ntransfer-encoding: chunked\r\n/i);
  assertMatch(text, /\r\ncontent-type: text\/event-stream; charset=utf-8\r\n/i);
  assertMatch(text, /\r\nx-content-type-options: nosniff\r\n/i);
});

test("sends each event when it is published", async (url) => {
  using client = await RawClient.subscribe(url, "stream=a2");
  await client.until(HELLO);
  for (let i = 0; i < 5; i++) {
    assertEquals(await publish(url, "a2", `event ${i}`), 200);
    await client.until(new RegExp(`data: event ${i}\nid: .*\n\n`));
  }
});

test("notices a client that closes its connection, while nothing is published", async (url) => {
  const before = await openStreams(url);
  const client = await RawClient.subscribe(url, "stream=a3");
  await client.until(HELLO);
  assertEquals(await openStreams(url), before + 1);
  client[Symbol.dispose]();
  await until(async () => await openStreams(url) === before);
});

test("notices a client whose connection is reset, while nothing is published", async (url) => {
  const before = await openStreams(url);
  const client = await RawClient.subscribe(url, "stream=a4");
  // The kernel answers bytes that nobody has read with a RST when the socket is closed.
  await until(async () => await openStreams(url) === before + 1);
  client[Symbol.dispose]();
  await until(async () => await openStreams(url) === before);
});

test("resumes after the last id", async (url) => {
  const first = await RawClient.subscribe(url, "stream=a5");
  const [, id] = await first.until(HELLO);
  first[Symbol.dispose]();
  for (const text of ["one", "two"]) await publish(url, "a5", text);
  using client = await RawClient.subscribe(url, "stream=a5", `Last-Event-ID: ${id}\r\n`);
  const { input } = await client.until(/data: two\nid: .*\n\n/);
  assertEquals([...input.matchAll(/^data: (\w+)$/gm)].map(([, data]) => data), ["one", "two"]);
});

test("ends a stream cleanly on the wire", async (url) => {
  using client = await RawClient.subscribe(url, "stream=a6");
  await client.until(HELLO);
  await publish(url, "a6", "last");
  const headers = { authorization: `Bearer ${TOKEN}` };
  await (await fetch(new URL("/sse?stream=a6", url), { method: "DELETE", headers })).body?.cancel();
  await client.until(/event: ended\n[^]*\r\n0\r\n\r\n$/);
});

test("answers several requests on one connection", async (url) => {
  using client = await RawClient.connect(url);
  for (let i = 1; i <= 3; i++) {
    await client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until(async () => {
      await client.until(/ok\n/);
      if (client.text.split("ok\n").length > i) return true;
      await client.until(new RegExp(`(?:ok\n[^]*){${i}}`));
      return true;
    });
  }
});

test("takes a body in chunks", async (url) => {
  using subscriber = await RawClient.subscribe(url, "stream=a8");
  await subscriber.until(HELLO);
  using client = await RawClient.connect(url);
  const type = "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n";
  await client.send(
    `POST /sse?stream=a8 HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}${type}\r\n5\r\nin tw\r\n`,
  );
  await client.send("4\r\no pa\r\n3\r\nrts\r\n0\r\n\r\n");
  await client.until(/^HTTP\/1\.1 200 /);
  await subscriber.until(/data: in two parts\n/);
});

test("refuses a body that is too large, and goes on", async (url) => {
  assertEquals(await publish(url, "a9", "x".repeat(300_000)), 413);
  assertEquals(await publish(url, "a9", "x"), 200);
});

test("goes on after a publisher that leaves in the middle of its body", async (url) => {
  const client = await RawClient.connect(url);
  const head = `POST /sse?stream=a10 HTTP/1.1\r\nHost: localhost\r\n${AUTHORIZATION}`;
  await client.send(`${head}Content-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf`);
  client[Symbol.dispose]();
  assertEquals(await publish(url, "a10", "whole"), 200);
});

test("answers HEAD without a body", async (url) => {
  using client = await RawClient.connect(url);
  await client.send("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const text = await client.end();
  assertMatch(text, /^HTTP\/1\.1 200 OK\r\n/);
  assert(text.endsWith("\r\n\r\n") && !text.includes("ok\n"), text);
});

test("serves the pages, and no file outside them", async (url) => {
  for (const path of ["/", "/console", "/demo.js"]) {
    const response = await fetch(new URL(path, url));
    assertEquals([response.status, response.headers.has("etag")], [200, true], path);
    await response.body?.cancel();
  }
  for (
    const path of ["/../main.ts", "/%2e%2e/package.json", "/..\\main.ts", "/static/index.html"]
  ) {
    using client = await RawClient.connect(url);
    await client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assertMatch(await client.end(), /^HTTP\/1\.1 40[04] /, path);
  }
});

test("survives what is not HTTP", async (url) => {
  for (
    const text of [
      "\r\n\r\n\0\0",
      "GET\r\n\r\n",
      "GET / HTTP/9.9\r\n\r\n",
      "TRACE / HTTP/1.1\r\n\r\n",
    ]
  ) {
    using client = await RawClient.connect(url);
    await client.send(text);
  }
  assertEquals(await publish(url, "a13", "x"), 200);
});

test("sets a cookie for a login", async (url) => {
  const response = await fetch(new URL("/session", url), {
    method: "POST",
    headers: { "content-type": "application/json", "sec-fetch-site": "same-origin" },
    body: JSON.stringify({ token: TOKEN }),
  });
  await response.body?.cancel();
  assertEquals([response.ok, response.headers.getSetCookie().length], [true, 1]);
});

test("knows the address of a client", async (url, server) => {
  using client = await RawClient.subscribe(url, "stream=a15");
  await client.until(HELLO);
  assertStringIncludes(await server.stdout.line("streams=a15"), "connected address=127.0.0.1 ");
});

test("frees everything of 200 clients that come and leave", async (url) => {
  const before = await openStreams(url);
  const clients = await Promise.all(
    Array.from({ length: 200 }, () => RawClient.subscribe(url, "stream=a16")),
  );
  await Promise.all(clients.map((client) => client.until(HELLO)));
  assertEquals(await openStreams(url), before + 200);
  for (const client of clients) client[Symbol.dispose]();
  await until(async () => await openStreams(url) === before);
});

test("sends every event of a flood to every subscriber, in order", async (url) => {
  const clients = await Promise.all(
    Array.from({ length: 3 }, () => RawClient.subscribe(url, "stream=flood")),
  );
  await Promise.all(clients.map((client) => client.until(HELLO)));
  const flood = async () => {
    const headers = { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" };
    for (let i = 0; i < 2_000; i += 20) {
      const body = JSON.stringify(Array.from({ length: 20 }, (_, j) => ({ data: `n${i + j}` })));
      const response = await fetch(new URL("/sse?stream=flood", url), {
        method: "POST",
        headers,
        body,
      });
      assertEquals(response.status, 200);
      await response.body?.cancel();
    }
  };
  const read = async (client: RawClient) => {
    const { input } = await client.until(/data: n1999\nid: .*\n\n/);
    client[Symbol.dispose]();
    return [...input.matchAll(/^data: n(\d+)$/gm)].map(([, n]) => Number(n));
  };
  const [, ...got] = await Promise.all([flood(), ...clients.map(read)]);
  const all = Array.from({ length: 2_000 }, (_, i) => i);
  for (const numbers of got) assertEquals(numbers, all);
});

test("gives a client that subscribes in the middle of a flood all kept events, once", async (url) => {
  const all = Array.from({ length: 900 }, (_, i) => i);
  const flood = async () => {
    for (const i of all) assertEquals(await publish(url, "flood2", `n${i}`), 200);
  };
  const read = async (after: number) => {
    using first = await RawClient.subscribe(url, "stream=flood2&since=earliest");
    await first.until(new RegExp(`data: n${after}\nid: .*\n\n`));
    using client = await RawClient.subscribe(url, "stream=flood2&since=earliest");
    const { input } = await client.until(/data: n899\nid: .*\n\n/);
    return [...input.matchAll(/^data: n(\d+)$/gm)].map(([, n]) => Number(n));
  };
  const [, ...got] = await Promise.all([flood(), ...[0, 200, 400].map(read)]);
  for (const numbers of got) assertEquals(numbers, all);
});

test(
  "holds a bounded part of what a client does not read, and delays no other",
  async (url, server) => {
    const text = "x".repeat(200_000);
    using _stalled = await RawClient.subscribe(url, "stream=a17");
    using reader = await RawClient.subscribe(url, "stream=a17");
    await reader.until(HELLO);
    let memory = 0;
    for (let i = 1; i <= 400; i++) {
      assertEquals(await publish(url, "a17", text), 200);
      await reader.until(/x\nid: .*\n\n/);
      reader.text = "";
      if (i === 100) memory = await server.memoryBytes();
    }
    const isSlow = (line: string) => line.includes("streams=a17") && line.includes("reason=slow");
    await until(() => server.stdout.all.some(isSlow));
    // 60 MB went by; the history of the stream is bounded to 1 MiB.
    assertLess(await server.memoryBytes() - memory, 40_000_000);
  },
);

testAlone(
  "cuts its clients when it is stopped, asks them to come back, and exits",
  async (runtime) => {
    await using server = await RuntimeProcess.start(runtime, { DRAIN_SECONDS: "2" });
    const url = await server.url();
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => RawClient.subscribe(url, "stream=a")),
    );
    await Promise.all(clients.map((client) => client.until(HELLO)));
    server.kill("SIGTERM");
    for (const client of clients) {
      const text = await client.end();
      assertMatch(text, /event: goaway\nretry: \d+\ndata: \{"reason":"draining"\}\n\n/);
      // The last chunk would say that nothing follows.
      assert(!text.endsWith("\r\n0\r\n\r\n"), text);
    }
    assertEquals(await server.exitCode(), 0);
    assertEquals(server.stderr.all, []);
  },
);

testAlone("says what to change when its port is in use", async (runtime) => {
  const { port } = await (await shared(runtime)).url();
  await using server = await RuntimeProcess.start(runtime, { PORT: port });
  await server.stderr.line(`Cannot listen on 127.0.0.1:${port}: the port is in use; set PORT`);
  assertEquals(await server.exitCode(), 1);
});

testAlone("lets a client resume after it was killed, with SQLite", async (runtime) => {
  const folder = await Deno.makeTempDir();
  const settings = { EVENT_LOG: "sqlite", SQLITE_PATH: `${folder}/hub.db` };
  let id: string | undefined;
  {
    await using server = await RuntimeProcess.start(runtime, settings);
    const url = await server.url();
    using client = await RawClient.subscribe(url, "stream=a");
    [, id] = await client.until(HELLO);
    for (const text of ["one", "two"]) assertEquals(await publish(url, "a", text), 200);
    server.kill("SIGKILL");
  }
  await using server = await RuntimeProcess.start(runtime, settings);
  const query = await RawClient.subscribe(
    await server.url(),
    "stream=a",
    `Last-Event-ID: ${id}\r\n`,
  );
  using client = query;
  await client.until(/data: one\nid: .*\n\n[^]*data: two\nid: .*\n\n/);
  await Deno.remove(folder, { recursive: true });
});

testAlone("speaks HTTP/2 with a certificate", async (runtime) => {
  const folder = await Deno.makeTempDir();
  const made = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
      .concat(["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`]),
  }).output();
  assert(made.success);
  await using server = await RuntimeProcess.start(runtime, {
    TLS_CERT: await Deno.readTextFile(`${folder}/cert.pem`),
    TLS_KEY: await Deno.readTextFile(`${folder}/key.pem`),
  });
  const url = new URL("/sse?stream=a", await server.url());
  const args = ["-skN", "--http2", "-D", "-", "--max-time", "30", url.href];
  await using client = new Program("curl", { args });
  assertMatch(await client.stdout.line("HTTP/"), /^HTTP\/2 200/);
  await client.stdout.line("event: hello");
  await Deno.remove(folder, { recursive: true });
}, ALL_RUNTIMES.filter((runtime) => runtime !== "bun"));

Deno.test({
  name: "the server on every runtime leaves a quiet connection open for 12 seconds",
  ignore: isNpmMissing,
  async fn() {
    const clients = await Promise.all(ALL_RUNTIMES.map(async (runtime) => {
      const url = await (await shared(runtime)).url();
      const client = await RawClient.subscribe(url, "stream=quiet");
      await client.until(HELLO);
      return [url, client] as const;
    }));
    // Bun's own limit is 10 seconds.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    for (const [url, client] of clients) {
      using quiet = client;
      await publish(url, "quiet", "after all");
      await quiet.until(/data: after all\n/);
    }
  },
  sanitizeOps: false,
  sanitizeResources: false,
});
