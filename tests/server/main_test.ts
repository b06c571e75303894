import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertMatch,
  assertNotEquals,
} from "@std/assert";
import { OPTION_NAMES } from "../../lib/server/options.ts";
import { freePort, lacks, Program } from "../program.ts";
import { until } from "../wait.ts";
import { Body, SENT_AWAY, ServerProcess } from "./support.ts";

const ignore = await lacks("net", "run");
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Opens an event stream. */
async function open(url: URL, path: string): Promise<Body> {
  const response = await fetch(new URL(path, url));
  assertEquals(response.status, 200);
  return new Body(response);
}

/** Sends text to a server, and does not read the answer. */
async function stall(url: URL, text: string): Promise<Deno.TcpConn> {
  const socket = await Deno.connect({ hostname: url.hostname, port: Number(url.port) });
  socket.write(new TextEncoder().encode(text)).catch(() => {
    // The server exited before it had read everything.
  });
  return socket;
}

/** Opens an event stream with a request whose announced body is never sent. */
async function openUnfinished(url: URL): Promise<Deno.TcpConn> {
  const socket = await stall(url, "GET /sse HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  await socket.read(new Uint8Array(1));
  return socket;
}

/** Opens sockets that send nothing, as many as the server accepts. */
async function connectAll(url: URL, count: number): Promise<Deno.TcpConn[]> {
  const sockets: Deno.TcpConn[] = [];
  try {
    while (sockets.length < count) {
      sockets.push(await Deno.connect({ hostname: url.hostname, port: Number(url.port) }));
    }
  } catch {
    // The server has stopped listening: there are enough sockets.
  }
  return sockets;
}

Deno.test({
  name: "main.ts serves pages and events at the address that it prints",
  ignore,
  async fn() {
    await using server = new ServerProcess({ INTERVAL_MS: "10" });
    const url = await server.url();
    assertMatch(url.href, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await fetch(url);
    assertEquals([page.status, page.headers.get("content-type")], [
      200,
      "text/html; charset=utf-8",
    ]);
    await page.body!.cancel();
    await using body = await open(url, "sse");
    assertMatch(await body.until(/data.*\n\n/), /^retry: 2000\ndata: time: /);
    assertMatch(
      await server.stdout.line("connected"),
      / connected address=127\.0\.0\.1 connection=\S+$/,
    );
    assertEquals(server.stderr.all, []);
  },
});

for (const signal of SIGNALS) {
  Deno.test({
    name: `main.ts ends open responses and exits on ${signal}`,
    ignore,
    async fn() {
      await using server = new ServerProcess();
      const url = await server.url();
      await using clock = await open(url, "sse");
      await using time = await open(url, "sse?stream=time");
      await Promise.all([clock.until(/retry/), time.until(/hello.*\n\n/s)]);
      server.kill(signal);
      assertMatch(await clock.end(), SENT_AWAY);
      assertMatch(await time.end(), SENT_AWAY);
      assertEquals(await server.exitCode(), 0);
      assertEquals(server.stdout.all.filter((line) => line.endsWith("reason=closed")).length, 2);
      assertEquals(server.stderr.all, []);
    },
  });
}

Deno.test({
  name: "main.ts exits on a signal even if clients don't read",
  ignore,
  async fn() {
    await using server = new ServerProcess({ INTERVAL_MS: "10" });
    const url = await server.url();
    using _time = await stall(url, "GET /sse?stream=time HTTP/1.1\r\nHost: a\r\n\r\n");
    using _clock = await stall(url, "GET /sse HTTP/1.1\r\nHost: a\r\n\r\n");
    await server.stdout.line(" connected", 2);
    server.kill("SIGTERM");
    assertEquals(await server.exitCode(), 0);
    assertEquals(server.stderr.all, []);
  },
});

Deno.test({
  name:
    "main.ts exits after DRAIN_SECONDS even if a client's socket is full and the client doesn't read",
  ignore,
  async fn() {
    await using server = new ServerProcess({ DRAIN_SECONDS: "1" });
    const url = await server.url();
    using _ = await stall(url, "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100_000));
    // Meanwhile the server writes until the socket is full.
    for (let i = 0; i < 100; i++) await (await fetch(new URL("healthz", url))).text();
    server.kill("SIGTERM");
    assertEquals(await server.exitCode(), 0);
    assertEquals(server.stderr.all, []);
  },
});

Deno.test({
  name: "main.ts exits after DRAIN_SECONDS even if a client never finishes its request",
  ignore,
  async fn() {
    await using server = new ServerProcess({ DRAIN_SECONDS: "1" });
    using _ = await openUnfinished(await server.url());
    server.kill("SIGTERM");
    assertEquals(await server.exitCode(), 0);
  },
});

Deno.test({
  name: "main.ts exits at once on a second signal that comes more than a second after the first",
  ignore,
  async fn() {
    await using server = new ServerProcess({ DRAIN_SECONDS: "3600" });
    using _ = await openUnfinished(await server.url());
    const startMs = performance.now();
    const timer = setInterval(() => server.kill("SIGINT"), 50);
    server.kill("SIGTERM");
    const code = await server.exitCode();
    clearInterval(timer);
    assertEquals(code, 1);
    assertGreaterOrEqual(performance.now() - startMs, 1_000);
  },
});

for (const second of SIGNALS) {
  Deno.test({
    name: `main.ts takes SIGINT and ${second} in quick succession for one signal, and drains`,
    ignore,
    async fn() {
      await using server = new ServerProcess();
      await using body = await open(await server.url(), "sse?stream=news");
      await body.until(/hello.*\n\n/s);
      for (const signal of ["SIGINT", second, "SIGINT"] as const) server.kill(signal);
      assertMatch(await body.end(), SENT_AWAY);
      assertEquals(await server.exitCode(), 0);
    },
  });
}

Deno.test({
  name: "main.ts names all wrong settings on stderr and exits with 2",
  ignore,
  async fn() {
    const settings = { PORT: "http", LOG_FORMAT: "xml", INTERVAL_MS: "0" };
    await using server = new ServerProcess(settings);
    assertEquals(await server.exitCode(), 2);
    assertEquals(server.stderr.all, [
      'PORT: expected a whole number from 0 to 65535, got "http"',
      'LOG_FORMAT: expected text, json, off, got "xml"',
      'INTERVAL_MS: expected a whole number from 10 to 2147483647, got "0"',
    ]);
    assertEquals(server.stdout.all, []);
  },
});

Deno.test({
  name: "main.ts names a port in use on stderr and exits with 1",
  ignore,
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    await using server = new ServerProcess({ PORT: `${port}` });
    assertEquals(await server.exitCode(), 1);
    assertEquals(server.stderr.all, [
      `Cannot listen on 127.0.0.1:${port}: the port is in use; set PORT to another`,
    ]);
  },
});

Deno.test({
  name: "main.ts says what stopping waits for, and how to stop at once",
  ignore,
  async fn() {
    await using server = new ServerProcess();
    await using body = await open(await server.url(), "sse?stream=news");
    await body.until(/hello.*\n\n/s);
    server.kill("SIGTERM");
    assertEquals(
      await server.stdout.line("Stopping"),
      "Stopping: 1 client, up to 1 s; a second signal to stop now",
    );
    await body.end();
    assertEquals(await server.exitCode(), 0);
  },
});

Deno.test({
  name: "main.ts names a variable that is nearly an option, and starts",
  ignore,
  async fn() {
    await using server = new ServerProcess({ HISTORY_EVENT: "5", PORTS: "1", HOSTS: "a" });
    await server.url();
    assertEquals(server.stderr.all, [
      "HISTORY_EVENT is not an option of the server; did you mean HISTORY_EVENTS?",
    ]);
  },
});

Deno.test({
  name: "main.ts starts without the permission to read other variables than its options",
  ignore,
  async fn() {
    const env = `--allow-env=${
      OPTION_NAMES.join(",")
    },DENO_DEPLOYMENT_ID,OTEL_DENO,DENO_SERVE_ADDRESS`;
    await using server = new ServerProcess({ HISTORY_EVENT: "5" }, { allowEnv: env });
    await server.url();
    assertEquals(server.stderr.all, []);
  },
});

const COMMANDS: Readonly<Record<string, readonly [stdout: RegExp, stderr: RegExp, code: number]>> =
  {
    "--help": [/^sse-hub: .*\n {2}PORT {24}the port/s, /^$/, 0],
    "--check": [/^HOST=127.0.0.1 .*# set\nPORT=0 .*\nPUBLISH_TOKEN=\n/s, /^$/, 0],
    "--port": [/^$/, /^Cannot start: there is no argument "--port"; .* see --help$/, 2],
    "token --help": [/^Makes a JSON Web Token/, /^$/, 0],
  };
for (const [args, [stdout, stderr, code]] of Object.entries(COMMANDS)) {
  Deno.test({
    name: `main.ts ${args} prints its answer as text, and ends with exit code ${code}`,
    ignore,
    async fn() {
      const settings = { LOG_FORMAT: "json" };
      await using server = new ServerProcess(settings, { args: args.split(" ") });
      assertEquals(await server.exitCode(), code);
      assertMatch(server.stdout.all.join("\n"), stdout);
      assertMatch(server.stderr.all.join("\n"), stderr);
    },
  });
}

Deno.test({
  name: "main.ts --check exits with 1 if a setting is wrong, and does not listen",
  ignore,
  async fn() {
    await using server = new ServerProcess({ PORT: "http" }, { args: ["--check"] });
    assertEquals(await server.exitCode(), 1);
    assertEquals(server.stderr.all, ['PORT: expected a whole number from 0 to 65535, got "http"']);
    assertEquals(server.stdout.all, []);
  },
});

Deno.test({
  name: "deno task reads the file of --env-file for the start task, and the variables over it",
  ignore: ignore || await lacks("write"),
  async fn() {
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/env`, "PORT=0\nHOST=0.0.0.0\nLOG_FORMAT=json\n");
    {
      await using server = new Program(Deno.execPath(), {
        args: ["task", "--quiet", `--env-file=${folder}/env`, "start"],
        cwd: new URL("../../", import.meta.url),
        env: { HOST: "127.0.0.1", HOME: folder, NO_COLOR: "1" },
      });
      const line = JSON.parse(await server.stdout.line("Listening on"));
      assertMatch(line.message, /^Listening on http:\/\/127\.0\.0\.1:\d+\/$/);
      server.kill("SIGTERM");
      await server.exitCode();
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "main.ts prints JSON from its first line on with LOG_FORMAT=json",
  ignore,
  async fn() {
    await using server = new ServerProcess({ LOG_FORMAT: "json", KV_PATH: "x" });
    await using body = await open(await server.url(), "sse");
    await server.stdout.line('"connected"');
    const messages = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).message);
    const [listening, closed, connected] = messages(server.stdout.all);
    assertMatch(listening, /^Listening on http/);
    assertMatch(closed, /^Publishing is disabled/);
    assertEquals(connected, "connected");
    assertMatch(messages(server.stderr.all)[0], /^KV_PATH has no effect/);
    await body.until(/retry/);
  },
});

Deno.test({
  name: "main.ts names wrong settings as lines of JSON with LOG_FORMAT=json",
  ignore,
  async fn() {
    await using server = new ServerProcess({ LOG_FORMAT: "json", PORT: "http", INTERVAL_MS: "0" });
    assertEquals(await server.exitCode(), 2);
    const names = server.stderr.all.map((line) => JSON.parse(line).message.split(":")[0]);
    assertEquals(names, ["PORT", "INTERVAL_MS"]);
  },
});

Deno.test({
  name: "main.ts names HOST if it is a compiler's target, as conda sets it",
  ignore,
  async fn() {
    await using server = new ServerProcess({ HOST: "x86_64-conda-linux-gnu" });
    assertMatch(
      await server.stderr.line(""),
      /"x86_64-conda-linux-gnu" is not an address.*set HOST /,
    );
    assertEquals(await server.exitCode(), 1);
  },
});

Deno.test({
  name: "main.ts leaves its log to the runtime's collector with OTEL_DENO_CONSOLE=replace",
  ignore,
  async fn() {
    let collected = "";
    await using collector = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        collected += await request.text();
        return new Response();
      },
    );
    const port = freePort();
    await using server = new ServerProcess({
      PORT: `${port}`,
      OTEL_DENO: "true",
      OTEL_DENO_CONSOLE: "replace",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    });
    await until(() => collected.includes("Listening on"));
    await using body = await open(new URL(`http://127.0.0.1:${port}`), "sse");
    await body.until(/retry/);
    server.kill("SIGTERM");
    assertEquals([await server.exitCode(), server.stdout.all], [0, []]);
    assertMatch(collected, / disconnected .*reason=closed/);
  },
});

Deno.test({
  name: "main.ts serves a Unix socket named by DENO_SERVE_ADDRESS, to clients without an address",
  ignore: ignore || Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/hub.sock`;
    const settings = { DENO_SERVE_ADDRESS: `unix:${path}`, MAX_CONNECTIONS_PER_ADDRESS: "1" };
    {
      await using server = new ServerProcess(settings, { folder });
      assertEquals(await server.stdout.line("Listening"), `Listening on unix:${path}`);
      const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
      for (let i = 1; i <= 2; i++) {
        const response = await fetch("http://hub.example/sse?stream=a", { client });
        await using body = new Body(response);
        await body.until(/hello/);
        assertMatch(await server.stdout.line(" connected", i), / connected address=unknown /);
      }
      client.close();
      assertEquals(server.stderr.all, []);
      await using second = new ServerProcess(settings, { folder });
      assertEquals(await second.exitCode(), 1);
      assertMatch(second.stderr.all.join(), /^Cannot listen on unix:\S+: the address is in use; /);
    }
    await Deno.remove(folder, { recursive: true });
  },
});

const CERT = "-----BEGIN CERTIFICATE-----";
const KEY = "-----BEGIN PRIVATE KEY-----";
const UNUSABLE = {
  "an address of another machine": { HOST: "192.0.2.1" },
  "a host that isn't one": { HOST: "no-host.invalid" },
  "a broken certificate": { TLS_CERT: CERT, TLS_KEY: KEY },
};
for (const [what, settings] of Object.entries(UNUSABLE)) {
  Deno.test({
    name: `main.ts says why it can't listen with ${what} and exits with 1`,
    ignore,
    async fn() {
      await using server = new ServerProcess(settings);
      const variable = "HOST" in settings ? "set HOST" : "set TLS_CERT";
      assertMatch(await server.stderr.line(""), new RegExp(`^Cannot listen on .*; ${variable}`));
      assertEquals(await server.exitCode(), 1);
      assertEquals(server.stderr.all.length, 1);
    },
  });
}

Deno.test({
  name: "main.ts listens again after it has run out of file descriptors",
  ignore,
  async fn() {
    await using server = new ServerProcess({}, { before: "ulimit -n 80" });
    const url = await server.url();
    const sockets = await connectAll(url, 120);
    await server.stderr.line("The listener failed");
    for (const socket of sockets) socket.close();
    assertEquals((await server.url(2)).href, url.href);
    await using body = await open(url, "sse");
    await body.until(/retry: 2000\n/);
    server.kill("SIGTERM");
    assertEquals(await server.exitCode(), 0);
  },
});

Deno.test({
  name: "main.ts uses no package",
  ignore,
  async fn() {
    const { stdout, success } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "main.ts"],
      cwd: new URL("../../", import.meta.url),
      stderr: "null",
    }).output();
    assert(success);
    const { modules, npmPackages = {} } = JSON.parse(new TextDecoder().decode(stdout));
    const specifiers: string[] = modules.map(({ specifier }: { specifier: string }) => specifier);
    assertNotEquals(specifiers.filter((specifier) => specifier.endsWith("/lib/hub/hub.ts")), []);
    const others = specifiers.filter((specifier) => !specifier.startsWith("file:"));
    assertEquals(others.filter((specifier) => !specifier.startsWith("node:")), []);
    assertEquals(npmPackages, {});
  },
});

Deno.test({
  name: "main.ts downloads nothing, with an empty cache",
  ignore,
  async fn() {
    const DENO_DIR = await Deno.makeTempDir();
    {
      await using server = new ServerProcess({ DENO_DIR });
      await using clock = new Body(await fetch(new URL("/sse?stream=time", await server.url())));
      await clock.until(/data: time: /);
      assertEquals(server.stderr.all.filter((line) => line.includes("Download")), []);
    }
    const cached = [...Deno.readDirSync(DENO_DIR)].map(({ name }) => name);
    for (const folder of cached.filter((name) => name === "npm" || name === "remote")) {
      assertEquals([...Deno.readDirSync(`${DENO_DIR}/${folder}`)], []);
    }
    await Deno.remove(DENO_DIR, { recursive: true });
  },
});
