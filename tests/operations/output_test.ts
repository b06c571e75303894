import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { freePort, lacks, readLines } from "../program.ts";
import { Body, SENT_AWAY, ServerProcess } from "../server/support.ts";
import { until } from "../wait.ts";

const PUBLISH_TOKEN = "a-token-for-this-test";
const headers = { authorization: `Bearer ${PUBLISH_TOKEN}`, "content-type": "text/plain" };
const ignore = await lacks("net", "run", "read", "write") || Deno.build.os === "windows";

/** A server whose output goes elsewhere, so that the test has to know its port. */
class SilentServer extends ServerProcess {
  readonly #url: URL;

  /** Starts it after a shell has run `before`. */
  constructor(before: string) {
    const port = freePort();
    super({ PORT: `${port}`, PUBLISH_TOKEN }, { before });
    this.#url = new URL(`http://127.0.0.1:${port}`);
  }

  override url(): Promise<URL> {
    return Promise.resolve(this.#url);
  }

  /** Sends requests until the server answers. */
  async started(): Promise<void> {
    await until(async () => {
      const response = await this.ask("/healthz").catch(() => undefined);
      await response?.body?.cancel();
      return response !== undefined;
    });
  }

  ask(path: string, init?: RequestInit): Promise<Response> {
    return fetch(new URL(path, this.#url), init);
  }

  /** Subscribes and leaves: two lines of the log, of 300 bytes each. */
  async visit(): Promise<void> {
    const streams = ["a", "b"].map((name) => `stream=${name.repeat(127)}`);
    const response = await this.ask(`/sse?${streams.join("&")}`);
    assertEquals(response.status, 200);
    await response.body!.cancel();
  }

  /** The sample of `/metrics` that counts dropped lines. */
  async droppedLines(): Promise<number> {
    const text = await (await this.ask("/metrics", { headers })).text();
    return Number(/^sse_log_lines_dropped_total (\d+)$/m.exec(text)?.[1]);
  }

  /** Publishes to a subscriber, then stops the server; checks that both work as usual. */
  async servesAndStops(): Promise<void> {
    const body = new Body(await this.ask("/sse?stream=news"));
    await body.until(/hello.*\n\n/s);
    const request = { method: "POST", headers, body: "Still here" };
    assertEquals((await (await this.ask("/sse?stream=news", request)).json()).subscribers, 1);
    await body.until(/data: Still here\n.*\n\n/);
    this.kill("SIGTERM");
    assertMatch(await body.end(), SENT_AWAY);
    assertEquals(await this.exitCode(), 0);
  }
}

for (const output of ["1>/dev/full", "2>/dev/full", "1>/dev/full 2>&1", "1>&-", "1>&- 2>&-"]) {
  Deno.test({
    name: `a server whose outputs are ${output} serves, and exits with 0`,
    ignore: ignore || Deno.build.os !== "linux",
    async fn() {
      await using server = new SilentServer(`exec ${output}`);
      await server.started();
      for (let i = 0; i < 10; i++) await server.visit();
      await server.servesAndStops();
    },
  });
}

/** A folder with a named pipe, and the shell command that sends both outputs to the pipe. */
function makePipe() {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/pipe`;
  return {
    path,
    // The shell's own end keeps the pipe open while nobody reads.
    before: `mkfifo ${path}; exec 3<>${path} 1>&3 2>&3`,
    [Symbol.dispose]: () => Deno.removeSync(folder, { recursive: true }),
  };
}

Deno.test({
  name: "a server whose output is a closed pipe serves, and exits with 0",
  ignore,
  async fn() {
    using pipe = makePipe();
    const { path } = pipe;
    await using server = new SilentServer(`mkfifo ${path}; head -c 1 ${path} & exec >${path}`);
    await server.started();
    for (let i = 0; i < 10; i++) await server.visit();
    await server.servesAndStops();
  },
});

Deno.test({
  name: "a server whose output nobody reads serves, and exits with 0",
  ignore,
  async fn() {
    using pipe = makePipe();
    await using server = new SilentServer(pipe.before);
    await server.started();
    // More lines than the pipe holds.
    for (let i = 0; i < 200; i++) await server.visit();
    await server.servesAndStops();
  },
});

Deno.test({
  name:
    "a server drops log lines that nobody reads, counts them, and logs their number once it is read",
  ignore,
  async fn() {
    using pipe = makePipe();
    await using server = new SilentServer(pipe.before);
    await server.started();
    while (await server.droppedLines() === 0) {
      await Promise.all(Array.from({ length: 100 }, () => server.visit()));
    }
    const lines: string[] = [];
    const { promise: wasTold, resolve } = Promise.withResolvers<string>();
    const { readable } = await Deno.open(pipe.path);
    const reading = readLines(readable, (line) => {
      lines.push(line);
      if (line.includes(" log lines dropped ")) resolve(line);
    });
    const [, told] = / log lines dropped lines=(\d+)$/.exec(await wasTold)!;
    assertEquals(Number(told), await server.droppedLines());
    await server.servesAndStops();
    await reading;
    assertGreater(lines.length, 2_000);
    // No line is cut.
    const isWhole = (line: string) =>
      /^(?:[\d-]{10}T.* [\w ]+.*|Listening on .*|Stopping: .*)$/.test(line);
    assertEquals(lines.filter((line) => !isWhole(line)), []);
    assert(lines.at(-1)!.endsWith("reason=closed"));
  },
});
