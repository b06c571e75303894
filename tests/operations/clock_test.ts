import { assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { isMissing, lacks } from "../program.ts";
import { signHs256 } from "../server/jwt_support.ts";
import { Body, ServerProcess } from "../server/support.ts";

const PUBLISH_TOKEN = "a-token-for-this-test";
const JWT_KEY = "a-secret-of-32-bytes-for-this-test";
const LIBFAKETIME = `/usr/lib/${Deno.build.arch}-linux-gnu/faketime/libfaketimeMT.so.1`;
const HOUR_MS = 3_600_000;
const ignore = await lacks("net", "run", "read", "write") || await isMissing(LIBFAKETIME);

/** A server whose wall clock can be set while it runs; its monotonic clock stays as it is. */
class ClockedServer implements AsyncDisposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly #server: ServerProcess;

  constructor() {
    this.#set(0);
    this.#server = new ServerProcess({
      PUBLISH_TOKEN,
      JWT_KEY,
      INTERVAL_MS: "10",
      HEARTBEAT_SECONDS: "1",
      LD_PRELOAD: LIBFAKETIME,
      FAKETIME_TIMESTAMP_FILE: `${this.#folder}/now`,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    });
  }

  /** Sets the wall clock this many hours ahead of the test's, and checks that it has moved. */
  async move(hours: number): Promise<void> {
    this.#set(hours);
    await using clock = await this.open("/sse");
    const [, time] = /time: (.*)\n/.exec(await clock.until(/time: .*\n/))!;
    assertLess(Math.abs(Date.parse(time!) - Date.now() - hours * HOUR_MS), HOUR_MS / 2);
  }

  async open(path: string, headers: HeadersInit = {}): Promise<Body> {
    return new Body(await fetch(new URL(path, await this.#server.url()), { headers }));
  }

  /** Opens a stream with a token that is valid for this many hours by the test's clock. */
  async openFor(hours: number, path: string): Promise<Body> {
    const exp = (Date.now() + hours * HOUR_MS) / 1_000;
    const token = await signHs256({ exp, sse: { subscribe: ["*"] } }, JWT_KEY);
    return await this.open(path, { authorization: `Bearer ${token}` });
  }

  async publish(data: string): Promise<string> {
    const response = await fetch(new URL("/sse?stream=news", await this.#server.url()), {
      method: "POST",
      headers: { authorization: `Bearer ${PUBLISH_TOKEN}`, "content-type": "text/plain" },
      body: data,
    });
    assertEquals(response.status, 200);
    return (await response.json()).id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }

  // In one step, as the server reads the file whenever it looks at its clock.
  #set(hours: number): void {
    Deno.writeTextFileSync(`${this.#folder}/next`, `${hours < 0 ? "" : "+"}${hours}h`);
    Deno.renameSync(`${this.#folder}/next`, `${this.#folder}/now`);
  }
}

/** Waits for two more heartbeats; returns the number of all heartbeats. */
async function twoMoreBeats(body: Body): Promise<number> {
  const beats = () => body.text.match(/^:$/gm)?.length ?? 0;
  const before = beats();
  await body.until(new RegExp(`(^:\\n[^]*){${before + 2}}`, "m"));
  return beats();
}

Deno.test({
  name: "a server keeps its heartbeat while its clock is set an hour ahead and an hour back",
  ignore,
  async fn() {
    await using server = new ClockedServer();
    const startMs = performance.now();
    await using quiet = await server.open("/sse?stream=quiet");
    for (const hours of [1, -1]) {
      await server.move(hours);
      const beats = await twoMoreBeats(quiet);
      assertLessOrEqual(beats, (performance.now() - startMs) / 500);
    }
  },
});

Deno.test({
  name:
    "a server keeps its history and growing ids while its clock is set an hour ahead and an hour back",
  ignore,
  async fn() {
    await using server = new ClockedServer();
    await using quiet = await server.open("/sse?stream=quiet");
    const ids = [await server.publish("1"), await server.publish("2")];
    for (const hours of [1, -1]) {
      await server.move(hours);
      ids.push(await server.publish(`${ids.length + 1}`));
      // Meanwhile the hub looks for events that are too old, as it does every second.
      await twoMoreBeats(quiet);
      await using resumed = await server.open(`/sse?stream=news&lastEventId=${ids[0]}`);
      const text = await resumed.until(new RegExp(`data: ${ids.length}\n`));
      const types = Array.from(text.matchAll(/^event: (.*)$/gm), ([, type]) => type!);
      const seen = Array.from(text.matchAll(/^id: (.*)$/gm), ([, id]) => id!);
      assertEquals([types, seen], [["hello"], ids]);
    }
    const [epochs, positions] = [0, 1].map((part) => ids.map((id) => id.split("-")[part]!));
    assertEquals(new Set(epochs).size, 1);
    assertEquals(positions, [...new Set(positions)].sort((a, b) => Number(a) - Number(b)));
  },
});

Deno.test({
  name:
    "a server ends a token's streams when its clock jumps past the token's end, as after a suspend",
  ignore,
  async fn() {
    await using server = new ClockedServer();
    await using lasting = await server.openFor(2, "/sse?stream=quiet");
    const ending = [
      await server.openFor(0.5, "/sse?stream=quiet"),
      await server.openFor(0.5, "/sse"),
    ];
    await twoMoreBeats(lasting);
    await server.move(1);
    for (const body of ending) {
      assertEquals((await body.end()).endsWith("event: expired\ndata: {}\n\n"), true);
    }
    await twoMoreBeats(lasting);
    assertEquals(lasting.text.includes("expired"), false);
  },
});
