import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { CutConnection } from "../../lib/server/app.ts";
import { withoutUnreadBody } from "../../lib/server/unread_body.ts";
import { lacks } from "../program.ts";
import { soon } from "../wait.ts";
import { get, ServerProcess, type TestApp, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const noNet = await lacks("net");

/** An endless body that counts the chunks read. */
class Endless {
  taken = 0;
  isCancelled = false;
  readonly body: ReadableStream<Uint8Array> = new ReadableStream({
    pull: (controller) => {
      this.taken++;
      controller.enqueue(new Uint8Array(1_024));
    },
    cancel: () => void (this.isCancelled = true),
  }, { highWaterMark: 0 });
}

function listen(app: TestApp, errors: unknown[] = []): Deno.HttpServer<Deno.NetAddr> {
  const onError = (error: unknown) => {
    errors.push(error);
    return new Response(null, { status: 500 });
  };
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, onError }, app.fetch);
}

/** A client's connection that writes arbitrary bytes. */
class RawClient implements Disposable {
  text = "";
  readonly #socket: Deno.TcpConn;

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  static async connect({ port }: { readonly port: number }): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async write(text: string): Promise<void> {
    const writer = this.#socket.writable.getWriter();
    await writer.write(new TextEncoder().encode(text));
    writer.releaseLock();
  }

  /** Reads until the text so far matches. */
  async until(pattern: RegExp): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (!pattern.test(this.text)) {
      const length = await soon(this.#socket.read(buffer), () => `${pattern} in ${this.text}`);
      if (length === null) throw new Error(`The connection ended after ${this.text}`);
      this.text += new TextDecoder().decode(buffer.subarray(0, length));
    }
  }

  /** Writes a piece repeatedly until the connection is closed. Returns the number of bytes written. */
  async flood(piece: string): Promise<number> {
    const bytes = new TextEncoder().encode(piece);
    let taken = 0;
    try {
      while (taken < MOST_BYTES) {
        taken += await soon(this.#socket.write(bytes), () => "the end of the connection");
      }
    } catch (error) {
      // Unread bytes in the server's socket make the kernel reset the connection.
      assert(
        error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe,
      );
    }
    return taken;
  }

  closeWrite(): Promise<void> {
    return this.#socket.closeWrite();
  }

  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // The failed writer has already closed the connection.
    }
  }
}

const PIECE = "x".repeat(65_536);
// Loopback sockets buffer some megabytes; a server that reads takes a gigabyte a second.
const MOST_BYTES = 64 * 1_048_576;

Deno.test({
  name: "an unwanted body is not read, whatever the method, the route and the framing",
  ignore: noNet,
  async fn() {
    await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" });
    const errors: unknown[] = [];
    await using server = listen(app, errors);
    const rows: [line: string, status: number, headers?: string][] = [
      ["POST /sse?stream=a", 401, "Content-Type: text/plain\r\n"],
      ["POST /sse?stream=a", 415, `Authorization: Bearer ${TOKEN}\r\n`],
      ["POST /session", 400],
      ["DELETE /session", 204],
      ["DELETE /sse?stream=a", 401],
      ["POST /healthz", 405],
      ["PUT /none", 404],
      ["OPTIONS /sse", 204],
      ["GET /sse", 413],
      ["GET /healthz", 413],
      ["GET /none", 413],
    ];
    await Promise.all(rows.flatMap(([line, status, headers = ""]) =>
      [
        ["Content-Length: 10000000000", PIECE],
        ["Transfer-Encoding: chunked", `10000\r\n${PIECE}\r\n`],
      ].map(async ([framing, piece = ""]) => {
        using client = await RawClient.connect(server.addr);
        await client.write(`${line} HTTP/1.1\r\nHost: localhost\r\n${headers}${framing}\r\n\r\n`);
        const answered = client.until(/^HTTP\/1\.1 \d+/);
        assertLess(await client.flood(piece), MOST_BYTES, `${line}, ${framing}`);
        await answered;
        assertEquals([line, framing, client.text.slice(9, 12)], [line, framing, `${status}`]);
      })
    ));
    assert(errors.every((error) => error instanceof CutConnection), `${errors}`);
  },
});

Deno.test({
  name: "a body over a route's bound is refused before it arrives, and not read",
  ignore: noNet,
  async fn() {
    await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" });
    await using server = listen(app);
    const head = `Host: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n`;
    await Promise.all(["/session", "/sse?stream=a"].map(async (path) => {
      using client = await RawClient.connect(server.addr);
      const type = path === "/session" ? "application/json" : "text/plain";
      await client.write(
        `POST ${path} HTTP/1.1\r\n${head}Content-Type: ${type}\r\nContent-Length: 1000000000\r\n\r\n`,
      );
      await client.until(/413/);
      assertLess(await client.flood(PIECE), MOST_BYTES);
    }));
  },
});

Deno.test({
  name: "a refused short body leaves the connection open for the next request",
  ignore: noNet,
  async fn() {
    await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" });
    await using server = listen(app);
    using client = await RawClient.connect(server.addr);
    const head = "Host: localhost\r\nContent-Type: text/plain\r\n";
    await client.write(`POST /sse?stream=a HTTP/1.1\r\n${head}Content-Length: 5\r\n\r\nhello`);
    await client.until(/401[^]*\}/);
    await client.write(`GET /healthz HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
    await client.until(/200 OK[^]*ok\n/);
  },
});

Deno.test({
  name: "POST /sse accepts a body in every framing, and publishes nothing of one that breaks off",
  ignore: noNet,
  async fn() {
    await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" });
    await using server = listen(app);
    const head = `POST /sse?stream=a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
      `Authorization: Bearer ${TOKEN}\r\nContent-Type: text/plain\r\n`;
    const table: [request: string, answer: RegExp][] = [
      ["Content-Length: 0\r\n\r\n", /200 OK/],
      ["\r\n", /200 OK/],
      ["Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", /200 OK/],
      ["Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", /200 OK/],
      [`Content-Length: 70000\r\n\r\n${"x".repeat(70_000)}`, /200 OK/],
      ["Content-Length: 1\r\n\r\nabc", /200 OK/],
      ["Content-Length: -1\r\n\r\nabc", /400 Bad/],
    ];
    for (const [rest, answer] of table) {
      using client = await RawClient.connect(server.addr);
      await client.write(head + rest);
      await client.until(answer);
    }
    const { published } = app.hub.stats();
    const chunked = "Transfer-Encoding: chunked\r\n\r\n";
    for (const rest of ["Content-Length: 5\r\n\r\nab", `${chunked}5\r\nab`, `${chunked}xyz\r\n`]) {
      using client = await RawClient.connect(server.addr);
      await client.write(head + rest);
      await client.closeWrite();
    }
    using client = await RawClient.connect(server.addr);
    await client.write(`${head}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
    await client.until(/^HTTP\/1\.1 100 Continue/);
    await client.write("hello");
    await client.until(/200 OK/);
    assertEquals([published, app.hub.stats().published], [6, 7]);
  },
});

Deno.test({
  name: "the process prints nothing for the connections it cuts",
  ignore: noNet || await lacks("run"),
  async fn() {
    await using server = new ServerProcess();
    const { port } = await server.url();
    using client = await RawClient.connect({ port: Number(port) });
    await client.write("GET /sse HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
    await client.until(/413[^]*without a body/);
    server.kill("SIGTERM");
    assertEquals([await server.exitCode(), server.stderr.all], [0, []]);
  },
});

Deno.test("withoutUnreadBody() cancels a refused body without reading it", async () => {
  const refuse = withoutUnreadBody(() => new Response(null, { status: 401 }));
  for (const headers of [{}, { "content-length": "65537" }]) {
    const endless = new Endless();
    const response = await refuse(get("/", { method: "POST", headers, body: endless.body }), {});
    assertEquals([response.status, endless.taken, endless.isCancelled], [401, 0, true]);
  }
});

Deno.test("withoutUnreadBody() reads at most 64 KiB of a body that claims to be short", async () => {
  const refuse = withoutUnreadBody(() => new Response(null, { status: 401 }));
  const endless = new Endless();
  const init = { method: "POST", headers: { "content-length": "5" }, body: endless.body };
  assertEquals((await refuse(get("/", init), {})).status, 401);
  assertEquals([endless.taken, endless.isCancelled], [64, true]);
});

Deno.test("withoutUnreadBody() does not touch a body that was read, or is being read", async () => {
  const bodies: string[] = [];
  const read = withoutUnreadBody(async (request) => {
    bodies.push(await request.text());
    return new Response("read");
  });
  assertEquals(await (await read(get("/", { method: "POST", body: "a" }), {})).text(), "read");
  const echo = withoutUnreadBody(({ body }) =>
    new Response(body!.pipeThrough(new TransformStream<Uint8Array, Uint8Array>()))
  );
  assertEquals(await (await echo(get("/", { method: "POST", body: "b" }), {})).text(), "b");
  assertEquals(bodies, ["a"]);
});

Deno.test("withoutUnreadBody() leaves the rest of a short body that was begun, and cancels a long one", async () => {
  const begin = withoutUnreadBody(async ({ body }) => {
    const reader = body!.getReader();
    await reader.read();
    reader.releaseLock();
    return new Response(null, { status: 400 });
  });
  const rows: [headers: Record<string, string>, isCancelled: boolean][] = [
    [{ "content-length": "65536" }, false],
    [{ "content-length": "65537" }, true],
    [{ "transfer-encoding": "chunked" }, true],
    [{}, true],
  ];
  for (const [headers, isCancelled] of rows) {
    const endless = new Endless();
    await begin(get("/", { method: "POST", headers, body: endless.body }), {});
    assertEquals([headers, endless.taken, endless.isCancelled], [headers, 1, isCancelled]);
  }
});

Deno.test("withoutUnreadBody() refuses a GET with a long body, then cuts the connection", async () => {
  const refuse = withoutUnreadBody(() => new Response("never"));
  for (const headers of [{ "content-length": "65537" }, { "transfer-encoding": "chunked" }]) {
    const response = await refuse(get("/sse", { headers }), {});
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    assertMatch(new TextDecoder().decode(value), /Send GET without a body/);
    const end = await reader.read().catch((error: unknown) => error);
    assertEquals([response.status, end instanceof CutConnection], [413, true]);
  }
  assertEquals((await refuse(get("/", { headers: { "content-length": "9" } }), {})).status, 200);
});

Deno.test("withoutUnreadBody() answers before a short body arrives, and cancels no body during a read", async () => {
  const calls: string[] = [];
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (it) => void (controller = it),
    pull: () => void calls.push("read"),
    cancel() {
      calls.push("cancel");
      cancelled.resolve();
    },
  }, { highWaterMark: 0 });
  const handler = withoutUnreadBody(() => new Response("refused", { status: 401 }));
  const headers = { "content-length": "10" };
  const response = await handler(get("/", { method: "POST", headers, body }), {});
  assertEquals([response.status, calls], [401, ["read"]]);
  controller.enqueue(new Uint8Array(5));
  await cancelled.promise;
  assertEquals(calls, ["read", "cancel"]);
});
