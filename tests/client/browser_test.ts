import { assertEquals } from "@std/assert";
import { Browser, closeChromium, lacksBrowser, type Page } from "../browser/support.ts";
import { ServerProcess } from "../server/support.ts";
import { until } from "../wait.ts";

// Playwright keeps its own pipes and timers.
const options = { ignore: await lacksBrowser(), sanitizeOps: false, sanitizeResources: false };

Deno.test.afterAll(closeChromium);

const TOKEN = "a-token-for-the-client";

/** A page of another origin, under a strict policy, and a server whose subscribers need a token. */
async function stand() {
  await using stack = new AsyncDisposableStack();
  const policy = "default-src 'none'; script-src 'self'; connect-src http://127.0.0.1:*";
  const site = stack.use(
    Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const isScript = new URL(request.url).pathname !== "/";
      const file = new URL("../../static/client.js", import.meta.url);
      const text = isScript ? Deno.readTextFileSync(file) : "<!doctype html><title>Client</title>";
      const type = isScript ? "text/javascript" : "text/html";
      return new Response(text, {
        headers: { "content-type": type, "content-security-policy": policy },
      });
    }),
  );
  const origin = `http://127.0.0.1:${site.addr.port}`;
  const server = stack.use(
    new ServerProcess({
      PUBLISH_TOKEN: TOKEN,
      SUBSCRIBE: "token",
      CORS_ORIGINS: origin,
      RETRY_MS: "100",
      EVENT_LOG: "memory",
    }),
  );
  const url = await server.url();
  const browser = stack.use(await Browser.start());
  const all = stack.move();
  return { server, url, origin, browser, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Subscribes in a page; what it gets is in `got`, and its state in `events.state`. */
async function subscribe(page: Page, url: URL, more = ""): Promise<void> {
  await page.evaluate(`(async () => {
    const { subscribe, sharing, idStore } = await import("/client.js");
    globalThis.got = [];
    globalThis.events = subscribe("${url}sse?stream=news", {
      headers: { authorization: "Bearer ${TOKEN}" }, ${more}
    });
    events.addEventListener("message", ({ data }) => got.push(data));
  })()`);
  await until(async () => await page.evaluate("events.state.name") === "open");
}

async function publish(url: URL, data: string): Promise<void> {
  const response = await fetch(`${url}sse?stream=news`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "text/plain" },
    body: data,
  });
  await response.body?.cancel();
}

async function gets(page: Page, ...data: string[]): Promise<void> {
  await until(async () => await page.evaluate("got.join()") === data.join());
}

Deno.test({
  name: "a page of another origin subscribes with a token in a header, under a strict policy",
  ...options,
  async fn() {
    await using stage = await stand();
    const page = await stage.browser.open(stage.origin);
    await subscribe(page, stage.url);
    await publish(stage.url, "Tea");
    await gets(page, "Tea");
    assertEquals(stage.browser.errors, []);
  },
});

Deno.test({
  name: "in Chromium tabs share a connection by Web Locks, and go on when the leader is closed",
  ...options,
  async fn() {
    await using stage = await stand();
    const { url, browser, origin } = stage;
    const pages: Page[] = [];
    for (let i = 0; i < 4; i++) {
      const page = await browser.open(origin);
      pages.push(page);
      await subscribe(page, url, 'share: sharing({ key: "me" })');
    }
    const subscribers = async () => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      return (await (await fetch(`${url}streams/news`, { headers })).json()).subscribers;
    };
    await publish(url, "a");
    for (const page of pages) await gets(page, "a");
    await until(async () => await subscribers() === 1);
    await pages.shift()!.close();
    await publish(url, "b");
    for (const page of pages) await gets(page, "a", "b");
    await until(async () => await subscribers() === 1);
  },
});

Deno.test({
  name: "in Chromium a reload goes on after the kept id",
  ...options,
  async fn() {
    await using stage = await stand();
    const { url, browser, origin } = stage;
    const page = await browser.open(origin);
    await subscribe(page, url, "store: idStore(sessionStorage)");
    await publish(url, "a");
    await gets(page, "a");
    await page.goto(`${origin}/?elsewhere`);
    await publish(url, "b");
    await page.goto(origin);
    await subscribe(page, url, "store: idStore(sessionStorage)");
    await gets(page, "b");
  },
});
