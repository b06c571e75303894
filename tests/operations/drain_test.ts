import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertMatch,
} from "@std/assert";
import { lacks } from "../program.ts";
import { Body, ServerProcess } from "../server/support.ts";

const PUBLISH_TOKEN = "a-token-for-this-test";
const DRAIN_SECONDS = 3;

async function publish(url: URL, stream: string, data: string): Promise<number> {
  const response = await fetch(new URL(`/sse?stream=${stream}`, url), {
    method: "POST",
    headers: { authorization: `Bearer ${PUBLISH_TOKEN}`, "content-type": "text/plain" },
    body: data,
  });
  await response.body?.cancel();
  return response.status;
}

async function subscribe(url: URL): Promise<Body> {
  const body = new Body(await fetch(new URL("/sse?stream=news", url)));
  await body.until(/hello.*\n\n/s);
  return body;
}

/** Subscribes, gets more bytes than the sockets hold, and reads none of them. */
async function stall(url: URL): Promise<Deno.TcpConn> {
  const socket = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
  const request = "GET /sse?stream=news&stream=flood HTTP/1.1\r\nHost: a\r\n\r\n";
  await socket.write(new TextEncoder().encode(request));
  const data = "x".repeat(250_000);
  for (let i = 0; i < 80; i++) assertEquals(await publish(url, "flood", data), 200);
  return socket;
}

/** Publishes one event after the other for as long as the server answers. */
class Publisher {
  readonly acknowledged: string[] = [];
  readonly refusals: number[] = [];
  readonly #tenth = Promise.withResolvers<void>();
  readonly ended: Promise<void>;

  constructor(url: URL, name: string) {
    this.ended = this.#run(url, name);
  }

  /** Resolves with the tenth acknowledgement. */
  get started(): Promise<void> {
    return this.#tenth.promise;
  }

  async #run(url: URL, name: string): Promise<void> {
    for (let i = 0; i < 10_000; i++) {
      try {
        const status = await publish(url, "news", `${name}${i}`);
        if (status === 200) this.acknowledged.push(`${name}${i}`);
        else this.refusals.push(status);
      } catch {
        // The server has ended.
        return;
      }
      if (i === 9) this.#tenth.resolve();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Waits until the server says that it stops; returns this answer. */
async function unready(url: URL): Promise<Response> {
  for (;;) {
    const response = await fetch(new URL("/readyz", url));
    if (response.status !== 200) return response;
    await response.body?.cancel();
  }
}

function newsOf(text: string): string[] {
  return Array.from(text.matchAll(/^data: ([a-d]\d+)$/gm), ([, data]) => data!);
}

Deno.test({
  name: "a server with 200 connections, one of them stalled, ends the others over DRAIN_SECONDS",
  ignore: await lacks("net", "run"),
  async fn() {
    await using server = new ServerProcess({
      PUBLISH_TOKEN,
      DRAIN_SECONDS: `${DRAIN_SECONDS}`,
      SLOW_SUBSCRIBER: "skip",
    });
    const url = await server.url();
    const bodies = await Promise.all(Array.from({ length: 199 }, () => subscribe(url)));
    using _stalled = await stall(url);
    const publishers = ["a", "b", "c", "d"].map((name) => new Publisher(url, name));
    await Promise.all(publishers.map(({ started }) => started));

    const startMs = performance.now();
    server.kill("SIGTERM");
    const sentAway = bodies.map(async (body) => {
      await body.end();
      return performance.now() - startMs;
    });
    const readiness = await unready(url);
    assertEquals([readiness.status, await readiness.text()], [503, "stopping\n"]);
    const newcomer = await fetch(new URL("/sse?stream=news", url), {
      headers: { accept: "text/event-stream" },
    });
    assertEquals([newcomer.status, newcomer.headers.get("content-type")], [
      200,
      "text/event-stream; charset=utf-8",
    ]);
    assertMatch(await new Body(newcomer).end(), /^event: goaway\nretry: \d{4,5}\n.*"draining"/);

    assertEquals(await server.exitCode(), 0);
    // Without the limit, the stalled connection would hold it for a minute.
    assertLess(performance.now() - startMs, 20_000);
    await Promise.all(publishers.map(({ ended }) => ended));
    const endsMs = (await Promise.all(sentAway)).sort((a, b) => a - b);
    assertLess(endsMs.filter((ms) => ms < 100).length, 100);
    assertGreater(endsMs.at(-1)! - endsMs[0]!, 1_000);

    const refusals = publishers.flatMap(({ refusals }) => refusals);
    assertGreater(refusals.length, 0);
    assertEquals([...new Set(refusals)], [503]);
    const order = bodies.map(({ text }) => newsOf(text)).sort((a, b) => b.length - a.length)[0]!;
    assertEquals(new Set(order).size, order.length);
    for (const { text } of bodies) {
      const [, retry] = /\n\nevent: goaway\nretry: (\d+)\ndata: .*\n\n$/.exec(text) ?? [];
      assert(retry !== undefined, `the end of ${JSON.stringify(text.slice(-200))}`);
      assertLessOrEqual(5_000, Number(retry));
      assertLessOrEqual(Number(retry), 15_000);
      // A stopping server accepts no events, so those that it has accepted have reached everybody.
      const news = newsOf(text);
      assertEquals(news, order.slice(0, news.length));
      const missing = publishers.flatMap(({ acknowledged }) => acknowledged)
        .filter((data) => !news.includes(data));
      assertEquals(missing, []);
    }
    assertEquals(server.stderr.all, []);
  },
});
