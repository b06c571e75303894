import {
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertMatch,
  assertRejects,
} from "@std/assert";
import { freePort, isMissing, lacks, Lines, readLines } from "../program.ts";
import { soon } from "../wait.ts";
import { utf8 } from "../pieces.ts";
import { Body, ServerProcess } from "../server/support.ts";
import { belowPath, proxies, type ProxyKind, ProxyProcess } from "./proxies.ts";

const CHROMIUM = "/usr/bin/chromium";
const PUBLISH_TOKEN = "a-token-for-this-test";
/** The headers by which the proxies know an `EventSource`. */
const EVENT_SOURCE = { accept: "text/event-stream", "cache-control": "no-cache" };
const isBare = await lacks("net", "run", "read", "write");

/** A server with a proxy in front of it. */
async function stand(kind: ProxyKind, edit?: (shown: string) => string) {
  await using stack = new AsyncDisposableStack();
  const settings = { PUBLISH_TOKEN, TRUST_PROXY: "1", INTERVAL_MS: "100" };
  const server = stack.use(new ServerProcess(settings));
  const { url } = stack.use(
    await ProxyProcess.start(kind, Number((await server.url()).port), edit),
  );
  const both = stack.move();
  return { server, url, [Symbol.asyncDispose]: () => both.disposeAsync() };
}

async function publish(url: URL, stream: string, data: string): Promise<{ subscribers: number }> {
  const response = await fetch(new URL(`sse?stream=${stream}`, url), {
    method: "POST",
    headers: { authorization: `Bearer ${PUBLISH_TOKEN}`, "content-type": "text/plain" },
    body: data,
  });
  assertEquals(response.status, 200);
  return await response.json();
}

/** Opens an event stream, and fails where a proxy holds back its head. */
function open(
  url: URL,
  path: string,
  init: RequestInit & { client?: Deno.HttpClient } = {},
): Promise<Response> {
  return soon(fetch(new URL(path, url), init), () => `an answer to ${path}`);
}

/** Publishes each event only when the one before it has arrived. */
async function publishOneByOne(url: URL, body: Body): Promise<void> {
  for (const data of ["one", "two", "three"]) {
    const { subscribers } = await publish(url, "news", data);
    assertEquals(subscribers, 1);
    await body.until(new RegExp(`data: ${data}\n.*\n\n$`));
  }
}

/** Lets clients that reach no server wait a hundredth of the time that the file says. */
function hurry(shown: string): string {
  return shown.replaceAll(/\b(\d+)000\b/g, "$010");
}

/** The events of an `EventSource`, by their type or, without one, by their data. */
function listen(url: URL): { seen: Lines } & Disposable {
  const source = new EventSource(url);
  const seen = new Lines();
  for (const type of ["hello", "gap", "reset"]) {
    source.addEventListener(type, () => seen.print(type));
  }
  source.onmessage = ({ data }) => seen.print(data);
  return { seen, [Symbol.dispose]: () => source.close() };
}

/** Lets nginx pass on the body of a publish while it arrives, as the manual says. */
function unbuffered(shown: string): string {
  const lines =
    "proxy_request_buffering off; client_max_body_size 0; client_body_timeout 1000s; limit_conn";
  return shown.replace("limit_conn sse_streams", `${lines} sse_streams`);
}

for (const kind of proxies) {
  const ignore = isBare || await isMissing(kind.command);
  const test = (name: string, fn: () => Promise<void>, isIgnored = ignore) =>
    Deno.test({ name: `${kind.name} in front of the server ${name}`, ignore: isIgnored, fn });

  test("lets each event of a streamed body through by itself", async () => {
    await using front = await stand(kind, unbuffered);
    await using body = new Body(await open(front.url, "sse?stream=news"));
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const publishing = fetch(new URL("sse?stream=news", front.url), {
      method: "POST",
      headers: {
        authorization: `Bearer ${PUBLISH_TOKEN}`,
        "content-type": "application/x-ndjson",
      },
      body: readable,
    });
    for (const data of ["one", "two", "three"]) {
      await writer.write(utf8(`{"data":"${data}"}\n`));
      await body.until(new RegExp(`data: ${data}\n.*\n\n$`));
    }
    await writer.close();
    assertEquals((await (await publishing).json()).events, 3);
  });

  test("lets each event through by itself, with the stream's headers", async () => {
    await using front = await stand(kind);
    const response = await open(front.url, "/sse?stream=news");
    await using body = new Body(response);
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    assertEquals(response.headers.get("cache-control"), "no-store, no-transform");
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    await body.until(/hello.*\n\n/s);
    await publishOneByOne(front.url, body);
    await using clock = new Body(await open(front.url, "/sse"));
    await clock.until(/(data: time: .*\n\n){3}$/);
  });

  test("tells it the client's address, and when the client has left", async () => {
    await using front = await stand(kind);
    using client = Deno.createHttpClient({ localAddress: "127.0.0.2" });
    const headers = { "x-forwarded-for": "203.0.113.9" };
    const response = await open(front.url, "/sse?stream=news", { client, headers });
    await using body = new Body(response);
    await body.until(/hello/);
    assertMatch(await front.server.stdout.line(" connected"), / address=127\.0\.0\.2 /);
    await body[Symbol.asyncDispose]();
    assertMatch(await front.server.stdout.line("disconnected"), /reason=left/);
  });

  test("tells it whether the client speaks TLS, whatever the client says", async () => {
    await using front = await stand(kind);
    const headers = { "x-forwarded-proto": "https" };
    const response = await fetch(new URL("/session", front.url), { method: "DELETE", headers });
    assertMatch(response.headers.get("set-cookie")!, /; SameSite=Strict$/);
  });

  test("serves it below a path", async () => {
    await using front = await stand(kind, await belowPath(kind));
    await using body = new Body(await open(front.url, "/hub/sse?stream=news"));
    await body.until(/hello.*\n\n/s);
    await publishOneByOne(new URL("/hub/", front.url), body);
    const page = await fetch(new URL("/hub", front.url));
    assertEquals([new URL(page.url).pathname, page.status], ["/hub/", 200]);
    await page.body?.cancel();
  });

  test("has an EventSource come back later while it is away, also below a path", async () => {
    await using proxy = await ProxyProcess.start(kind, freePort(), await belowPath(kind));
    for (const path of ["/hub/sse?stream=news", "/hub/console/events"]) {
      const response = await fetch(new URL(path, proxy.url), { headers: EVENT_SOURCE });
      assertMatch(await response.text(), /^retry: \d+\n$/);
    }
  });

  test("has an EventSource come back later while it is away", async () => {
    await using proxy = await ProxyProcess.start(kind, freePort());
    const waits = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const path = i % 2 ? "/sse?stream=news" : "/console/events";
      const response = await fetch(new URL(path, proxy.url), { headers: EVENT_SOURCE });
      assertEquals(response.status, 200);
      assertEquals(response.headers.get("content-type"), "text/event-stream");
      const text = await response.text();
      assertMatch(text, /^retry: \d+\n$/);
      waits.add(text.slice("retry: ".length));
    }
    assertGreater(waits.size, 2);
    for (const wait of waits) {
      assertGreaterOrEqual(Number(wait), 5_000);
      assertLessOrEqual(Number(wait), 15_000);
    }
  });

  test("cuts other readers of event streams off while it is away", async () => {
    await using proxy = await ProxyProcess.start(kind, freePort());
    for (const accept of ["text/event-stream", "text/html, text/event-stream"]) {
      const answer = fetch(new URL("/sse?stream=news", proxy.url), { headers: { accept } });
      await assertRejects(() => answer, TypeError);
    }
    const response = await fetch(new URL("/sse?stream=news", proxy.url));
    await response.body?.cancel();
    assertEquals(response.status, 503);
  });

  test("answers publishers and page readers with a 5xx while it is unreachable", async () => {
    await using proxy = await ProxyProcess.start(kind, freePort());
    const requests = [["/sse?stream=news", "POST"], ["/", "GET"], ["/readyz", "GET"]] as const;
    for (const [path, method] of requests) {
      const response = await fetch(new URL(path, proxy.url), { method });
      await response.body?.cancel();
      assertGreaterOrEqual(response.status, 502, `${method} ${path}`);
    }
  });

  test("keeps an EventSource through a restart", async () => {
    const settings = { PUBLISH_TOKEN, PORT: `${freePort()}`, RETRY_MS: "10" };
    await using proxy = await ProxyProcess.start(kind, Number(settings.PORT), hurry);
    await using before = new ServerProcess(settings);
    await before.url();
    using listening = listen(new URL("/sse?stream=news", proxy.url));
    await listening.seen.line("hello");
    await publish(proxy.url, "news", "before");
    await listening.seen.line("before");
    before.kill("SIGKILL");
    await proxy.stderr.line("refused", 3);
    await using after = new ServerProcess(settings);
    await after.url();
    await listening.seen.line("reset");
    await publish(proxy.url, "news", "after");
    await listening.seen.line("after");
    assertEquals(listening.seen.all, ["hello", "before", "reset", "hello", "after"]);
  });

  test("keeps Chromium's EventSource through a restart", async () => {
    const settings = { PORT: `${freePort()}`, RETRY_MS: "10" };
    await using proxy = await ProxyProcess.start(kind, Number(settings.PORT), hurry);
    await using before = new ServerProcess(settings);
    await before.url();
    await using _ = await browse(proxy.url);
    await before.stdout.line("streams=time");
    before.kill("SIGKILL");
    await proxy.stderr.line("refused", 6);
    await using after = new ServerProcess(settings);
    await after.url();
    await after.stdout.line("streams=time");
  }, ignore || await isMissing(CHROMIUM));
}

const nginx = proxies[0]!;
const isWithoutNginx = isBare || await isMissing(nginx.command);

Deno.test({
  name: "nginx sends away a connection beyond an address's limit, and serves other addresses",
  ignore: isWithoutNginx,
  async fn() {
    const edit = (shown: string) => shown.replace("sse_streams 200", "sse_streams 2");
    await using front = await stand(nginx, edit);
    await using first = new Body(await open(front.url, "/sse?stream=news"));
    await using second = new Body(await open(front.url, "/sse?stream=news"));
    await Promise.all([first.until(/hello/), second.until(/hello/)]);
    const third = await fetch(new URL("/sse?stream=news", front.url), { headers: EVENT_SOURCE });
    assertMatch(await third.text(), /^retry: \d{4,5}\n$/);
    using client = Deno.createHttpClient({ localAddress: "127.0.0.2" });
    await using other = new Body(await open(front.url, "/sse?stream=news", { client }));
    await other.until(/hello/);
  },
});

Deno.test({
  name: "nginx ends the connection of a client that stops reading, also to the server",
  ignore: isWithoutNginx,
  async fn() {
    const edit = (shown: string) => shown.replace("send_timeout 60s", "send_timeout 1s");
    await using front = await stand(nginx, edit);
    const port = Number(front.url.port);
    using stalled = await Deno.connect({ hostname: "127.0.0.1", port });
    await stalled.write(utf8("GET /sse?stream=news HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    await front.server.stdout.line(" connected");
    const sockets = async () => {
      const headers = { authorization: `Bearer ${PUBLISH_TOKEN}` };
      const text = await (await fetch(new URL("/metrics", front.url), { headers })).text();
      const counts = text.matchAll(/^sse_connections(?:_lingering|\{shape="hub"\}) (\d+)$/gm);
      return [...counts].map(([, count]) => Number(count)).reduce((a, b) => a + b);
    };
    const data = "x".repeat(250_000);
    const isFree = async () => {
      while (await sockets() > 0) await publish(front.url, "news", data);
    };
    await soon(isFree(), () => "the end of the connection");
  },
});

// HTTP/1.0 is nginx's default, and with it nginx buffers a response unless a header forbids it.
Deno.test({
  name: "nginx passes each event on at once although it speaks HTTP/1.0 to the server",
  ignore: isWithoutNginx,
  async fn() {
    const edit = (shown: string) => shown.replace("proxy_http_version 1.1;", "");
    await using front = await stand(nginx, edit);
    await using body = new Body(await open(front.url, "/sse?stream=news"));
    await body.until(/hello.*\n\n/s);
    await publishOneByOne(front.url, body);
  },
});

/** Chromium with an open page, whose `EventSource`s appear in the server's log. */
async function browse(url: URL): Promise<AsyncDisposable> {
  const folder = await Deno.makeTempDir();
  const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  const child = new Deno.Command(CHROMIUM, {
    args: [...args, `--user-data-dir=${folder}`, "--remote-debugging-port=0", url.href],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const { promise: started, resolve, reject } = Promise.withResolvers<void>();
  const read = readLines(child.stderr, (line) => line.startsWith("DevTools") && resolve());
  read.then(() => reject(new Error("Chromium has ended")));
  await started;
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await read; // until the last of its processes is gone
      await Deno.remove(folder, { recursive: true });
    },
  };
}
