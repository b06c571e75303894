import { assertEquals, assertMatch } from "@std/assert";
import type { Finding } from "../../lib/server/doctor/observations.ts";
import { runDoctorCommand } from "../../lib/server/doctor_command.ts";
import { makeCertificate, OPENSSL } from "../clients/certificates.ts";
import { utf8 } from "../pieces.ts";
import { freePort, isMissing, lacks, Program } from "../program.ts";
import { ServerProcess } from "../server/support.ts";
import { proxies, type ProxyKind, ProxyProcess } from "./proxies.ts";

const PUBLISH_TOKEN = "a-token-for-this-test";
const nginx: ProxyKind = proxies.find(({ name }) => name === "nginx")!;
const isBare = await lacks("net", "run", "read", "write");
const ignore = isBare || await isMissing(nginx.command);

/** What the doctor finds, by the name of the check. */
interface Examined {
  readonly code: number;
  readonly proxies: readonly string[];
  readonly found: Readonly<Record<string, Finding>>;
}

async function examine(url: URL, ...args: string[]): Promise<Examined> {
  const { stdout, code } = await runDoctorCommand([url.href, "--json", ...args]);
  const { proxies, findings } = JSON.parse(stdout![0]!) as {
    proxies: string[];
    findings: Finding[];
  };
  return { code, proxies, found: Object.fromEntries(findings.map((one) => [one.check, one])) };
}

/** Has the doctor examine a stream of a server behind nginx with more lines for the stream. */
async function examineBehind(lines: string, path: string, args: (url: URL) => string[]) {
  await using server = new ServerProcess({ PUBLISH_TOKEN, TRUST_PROXY: "1", INTERVAL_MS: "100" });
  const edit = (shown: string) =>
    shown.replace("limit_conn sse_streams", `${lines} limit_conn sse_streams`);
  await using front = await ProxyProcess.start(nginx, Number((await server.url()).port), edit);
  const url = new URL(path, front.url);
  return await examine(url, ...args(url));
}

/** The arguments that have the doctor publish to the stream. */
function publishing({ href }: URL): string[] {
  return ["--publish", href, "--publish-token", PUBLISH_TOKEN];
}

/**
 * Buffering that no header turns off. Over HTTP/1.1, nginx passes on each chunk all the same; by default
 * it speaks HTTP/1.0 to a server.
 */
const FORCED =
  "proxy_http_version 1.0; proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;";
const GZIP = "gzip on; gzip_types text/event-stream; gzip_min_length 1; gzip_proxied any;";

/** The checks of a level. */
function checksOf({ found }: Examined, level: Finding["level"]): string[] {
  return Object.values(found).filter((one) => one.level === level).map(({ check }) => check);
}

Deno.test({
  name: "deno task doctor finds no fault behind the nginx of the manual",
  ignore,
  async fn() {
    const seen = await examineBehind(
      "",
      "sse?stream=news",
      (url) => [...publishing(url), "--for=2s"],
    );
    assertEquals([seen.code, seen.proxies, checksOf(seen, "fault")], [0, ["nginx"], []]);
    assertMatch(seen.found.buffering!.seen, /^a published event arrived after /);
    assertMatch(seen.found.resume!.seen, /^the event after "\S+" came again/);
    assertMatch(seen.found["401"]!.seen, /^with a wrong token: 401 application\/problem\+json$/);
    assertMatch(seen.found["404"]!.seen, /^another path: 404 application\/problem\+json$/);
  },
});

Deno.test({
  name: "deno task doctor names buffering that nginx is forced to, and proxy_buffering",
  ignore,
  async fn() {
    const seen = await examineBehind(FORCED, "sse?stream=news", (url) => [
      ...publishing(url),
      "--for=3s",
    ]);
    assertEquals([seen.code, checksOf(seen, "fault")], [1, ["buffering"]]);
    assertMatch(
      seen.found.buffering!.seen,
      /^no answer within \d\.\d s, another path answers after /,
    );
    assertMatch(seen.found.buffering!.seen, /although events were published: the stream is held/);
    assertMatch(seen.found.buffering!.change!, /^nginx: `proxy_buffering off;`/);
  },
});

Deno.test({
  name: "deno task doctor names gzip that nginx applies to the stream, and gzip_types",
  ignore,
  async fn() {
    const seen = await examineBehind(GZIP, "sse?stream=news", (url) => [
      ...publishing(url),
      "--for=2s",
    ]);
    assertEquals(seen.found.compression!.level, "warning");
    assertMatch(seen.found.compression!.seen, /^gzip: /);
    assertMatch(seen.found.compression!.change!, /^nginx: .*`gzip_types`/);
  },
});

Deno.test({
  name: "deno task doctor tells a gzip of nginx that holds events back from other buffering",
  ignore,
  async fn() {
    const lines = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;";
    const seen = await examineBehind(lines + GZIP, "sse?stream=news", () => ["--for=2s"]);
    assertEquals([seen.code, checksOf(seen, "fault")], [1, ["compression"]]);
    assertMatch(seen.found.compression!.seen, /^no answer within .*, without compression after /);
  },
});

Deno.test({
  name: "deno task doctor names a proxy that cuts silent streams after 5 s, and proxy_read_timeout",
  ignore,
  async fn() {
    const lines = "proxy_read_timeout 5s;";
    const seen = await examineBehind(lines, "sse?stream=news", () => ["--connections=0"]);
    assertEquals([seen.code, checksOf(seen, "fault")], [1, ["connection"]]);
    assertMatch(seen.found.connection!.seen, /^cut after [5-9]\.\d s, \d\.\d s of them silent/);
    assertMatch(seen.found.connection!.change!, /^nginx: raise `proxy_read_timeout`/);
  },
});

Deno.test({
  name: "deno task doctor sees what a client gets that is one too many for nginx",
  ignore,
  async fn() {
    const lines = "limit_conn sse_streams 4; #";
    const seen = await examineBehind(lines, "sse", () => ["--for=1s"]);
    assertMatch(seen.found.overload!.seen, /^\d of 8 streams refused/);
  },
});

/** Runs a server of another kind, which answers on every path. */
async function serveEvents(
  respond: (request: Request) => Response | Promise<Response>,
  act: (url: URL) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, respond);
  try {
    await act(new URL(`http://127.0.0.1:${server.addr.port}/events`));
  } finally {
    await server.shutdown();
  }
}

/** A body that repeats an event. */
function repeating(text: string, everyMs: number): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream({
    start(controller) {
      controller.enqueue(utf8(text));
      timer = setInterval(() => controller.enqueue(utf8(text)), everyMs);
    },
    cancel: () => clearInterval(timer),
  });
}

Deno.test({
  name: "deno task doctor finds events without ids, and a cache that may keep them, at any server",
  ignore: isBare,
  async fn() {
    const headers = { "content-type": "text/event-stream" };
    const respond = () => new Response(repeating("data: tick\n\n", 50), { headers });
    await serveEvents(respond, async (url) => {
      const seen = await examine(url, "--for=1s");
      assertEquals([seen.code, checksOf(seen, "warning")], [0, ["caching", "resume"]]);
      assertMatch(seen.found.resume!.seen, /^the events have no ids/);
      assertMatch(seen.found["404"]!.seen, /every path below is the stream$/);
    });
  },
});

// Not a literal, so that type-checking the repository downloads no package.
const BETTER_SSE: string = "npm:better-sse@0.16.1";
// deno-lint-ignore no-explicit-any -- the package is not there while types are checked
const betterSse: any = await import(BETTER_SSE).catch(() => undefined);
// The package closes the stream of a client that has left a second time, and nobody catches that.
addEventListener("unhandledrejection", (event) => {
  if (`${event.reason?.stack}`.includes("better-sse")) event.preventDefault();
});

Deno.test({
  name: "deno task doctor finds that a channel of better-sse has ids and does not resume",
  ignore: isBare || betterSse === undefined,
  async fn() {
    const channel = betterSse.createChannel();
    let id = 0;
    const respond = async (request: Request): Promise<Response> => {
      if (request.method === "GET") {
        return betterSse.createResponse(
          request,
          { keepAlive: 100 },
          (session: unknown) => channel.register(session),
        );
      }
      channel.broadcast(await request.json(), "message", { eventId: `${++id}` });
      return new Response(null, { status: 204 });
    };
    await serveEvents(respond, async (url) => {
      const seen = await examine(url, "--for=1s", "--publish", url.href);
      assertEquals([seen.code, checksOf(seen, "fault")], [1, ["resume"]]);
      assertMatch(seen.found.resume!.seen, /^the event after "1" did not come again/);
      assertMatch(seen.found.buffering!.seen, /^a published event arrived after /);
      assertMatch(seen.found.heartbeat!.seen, /^\d+ comments, /);
    });
  },
});

Deno.test({
  name: "deno task doctor, as a process, sees HTTP/2 by TLS and exits with the verdict",
  ignore: isBare || await isMissing(OPENSSL),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const { authority, chain, key } = await makeCertificate(folder);
      const [cert, keyText] = await Promise.all(
        [chain, key].map((it) => Deno.readTextFile(it)),
      );
      const port = freePort();
      await using server = new ServerProcess({
        PORT: `${port}`,
        TLS_CERT: cert!,
        TLS_KEY: keyText!,
        INTERVAL_MS: "100",
      });
      await server.url();
      const run = ["run", "--no-prompt", "--allow-net", "--allow-env", "main.ts", "doctor"];
      await using doctor = new Program(Deno.execPath(), {
        args: [...run, `https://localhost:${port}/sse`, "--for=1s"],
        cwd: new URL("../../", import.meta.url),
        env: { DENO_CERT: authority, NO_COLOR: "1" },
      });
      assertEquals(await doctor.exitCode(), 0);
      assertMatch(doctor.stdout.all.join("\n"), /^ok +HTTP version +HTTP\/2$/m);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
