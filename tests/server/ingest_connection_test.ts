import { assertEquals, assertMatch } from "@std/assert";
import { lacks } from "../program.ts";
import { soon, until } from "../wait.ts";
import { QUIET, type TestApp, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const ignore = await lacks("net");

/** A publisher that writes an HTTP/1.1 request in steps. */
class Publisher implements Disposable {
  readonly #socket: Deno.TcpConn;

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** Connects, and sends the headers of a chunked body. */
  static async connect(server: Deno.HttpServer<Deno.NetAddr>, type: string): Promise<Publisher> {
    const { port } = server.addr;
    const publisher = new Publisher(await Deno.connect({ hostname: "127.0.0.1", port }));
    await publisher.#write(
      `POST /sse?stream=a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n` +
        `Content-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    return publisher;
  }

  /** Sends a chunk of ASCII text; "" is the end. */
  async send(text: string): Promise<void> {
    await this.#write(`${text.length.toString(16)}\r\n${text}\r\n`);
  }

  /** Reads the answer up to the end of its JSON. */
  async answer(): Promise<string> {
    let text = "";
    const buffer = new Uint8Array(65_536);
    while (!text.endsWith("}")) {
      const length = await soon(this.#socket.read(buffer), () => `an answer after ${text}`);
      if (length === null) throw new Error(`The connection ended after ${text}`);
      text += new TextDecoder().decode(buffer.subarray(0, length));
    }
    return text;
  }

  /** Resolves when the server has closed the connection. */
  async closed(): Promise<void> {
    const reading = this.#socket.read(new Uint8Array(1)).catch((error) => {
      // Unread bytes in the server's socket make the kernel reset the connection.
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      return null;
    });
    assertEquals(await soon(reading, () => "the end of the connection"), null);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  async #write(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    for (let sent = 0; sent < bytes.length;) sent += await this.#socket.write(bytes.subarray(sent));
  }
}

function serve(settings: Readonly<Record<string, string>> = {}) {
  const app = testApp({ PUBLISH_TOKEN: TOKEN, ...QUIET, ...settings });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
  return { app, server, [Symbol.asyncDispose]: () => close(app, server) };
}

async function close(app: TestApp, server: Deno.HttpServer): Promise<void> {
  await app.close();
  await server.shutdown();
}

Deno.test({
  name: "POST /sse publishes what a connection brings while it brings it",
  ignore,
  async fn() {
    await using served = serve();
    using publisher = await Publisher.connect(served.server, "text/event-stream");
    await publisher.send("data: 1\n\ndata:");
    await until(() => served.app.hub.stream("a")?.published === 1);
    await publisher.send(` ${"x".repeat(200_000)}\n\n`);
    await publisher.send("");
    assertMatch(await publisher.answer(), /^HTTP\/1.1 200 OK[^]*"events":2}$/);
  },
});

Deno.test({
  name: "POST /sse ends a publisher that stalls within an event",
  ignore,
  async fn() {
    await using served = serve({ STALL_SECONDS: "1" });
    for (
      const [type, text] of [["application/x-ndjson", '{"data":1}\n{'], [
        "text/event-stream",
        "data: 1\n\n:",
      ]] as const
    ) {
      using publisher = await Publisher.connect(served.server, type);
      await publisher.send(text);
      const answer = await publisher.answer();
      assertMatch(answer, /^HTTP\/1.1 408 [^]*\nconnection: close/);
      assertMatch(
        answer,
        /No byte came within an event for 1 s \(STALL_SECONDS\); 1 event is published/,
      );
    }
  },
});

Deno.test({
  name: "POST /sse ends a publisher that is silent between events",
  ignore,
  async fn() {
    await using served = serve({ INGEST_IDLE_SECONDS: "1", STALL_SECONDS: "0" });
    using publisher = await Publisher.connect(served.server, "application/x-ndjson");
    await publisher.send('{"data":1}\n');
    const answer = await publisher.answer();
    assertMatch(answer, /No byte came for 1 s \(INGEST_IDLE_SECONDS\): send a line break/);
    assertEquals(served.app.hub.stream("a")!.isEnded, false);
  },
});

Deno.test({
  name: "POST /sse closes the connection of a publisher whose body it refuses halfway",
  ignore,
  async fn() {
    await using served = serve();
    using publisher = await Publisher.connect(served.server, "application/x-ndjson");
    await publisher.send('{"data":1}\nno JSON\n');
    assertMatch(await publisher.answer(), /^HTTP\/1.1 400 [^]*"events":1,[^]*"line":2}$/);
    await publisher.closed();
  },
});
