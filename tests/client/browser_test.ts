import { assertEquals } from "@std/assert";
import { Browser, closeChromium, inBrowser, type Page } from "../browser/support.ts";
import { readCodeBlocks } from "../code_blocks.ts";
import { ServerProcess } from "../server/support.ts";
import { until } from "../wait.ts";
import { bundle, lacksBundler } from "./bundle.ts";

Deno.test.afterAll(closeChromium);

const TOKEN = "a-token-for-the-client";

/**
 * A page of another origin, under a strict policy, and a server whose subscribers need a token. The page's
 * server has a script by each name.
 */
async function stand(
  scripts: Readonly<Record<string, string>> = {},
  settings: Readonly<Record<string, string>> = {},
) {
  await using stack = new AsyncDisposableStack();
  const policy = "default-src 'none'; script-src 'self'; connect-src http://127.0.0.1:*; " +
    "require-trusted-types-for 'script'; trusted-types own";
  const site = stack.use(
    Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      const { pathname } = new URL(request.url);
      const isScript = pathname !== "/";
      const file = new URL("../../static/client.js", import.meta.url);
      const text = isScript
        ? scripts[pathname] ?? Deno.readTextFileSync(file)
        : "<!doctype html><title>Client</title>";
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
      ...settings,
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

/** The number of subscribers that the server has. */
async function subscribers(url: URL): Promise<number> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return (await (await fetch(`${url}streams/news`, { headers })).json()).subscribers;
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
  ...inBrowser,
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
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const { url, browser, origin } = stage;
    const pages: Page[] = [];
    for (let i = 0; i < 4; i++) {
      const page = await browser.open(origin);
      pages.push(page);
      await subscribe(page, url, 'share: sharing({ key: "me" })');
    }
    await publish(url, "a");
    for (const page of pages) await gets(page, "a");
    await until(async () => await subscribers(url) === 1);
    await pages.shift()!.close();
    await publish(url, "b");
    for (const page of pages) await gets(page, "a", "b");
    await until(async () => await subscribers(url) === 1);
  },
});

Deno.test({
  name: "in Chromium a reload goes on after the kept id",
  ...inBrowser,
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

/** The recipe for a service worker, which reads when a page says so, and shows it to the page. */
async function serviceWorker(): Promise<string> {
  const blocks = await readCodeBlocks("lib/client/README.md");
  const { text } = blocks.find(({ name }) => name === "read_news.ts")!;
  const { code } = await bundle(`${text.replace("@sse/hub/client", "lib/client/mod.ts")}
    const kept = new Map();
    const show = async (text) => {
      for (const page of await self.clients.matchAll({ includeUncontrolled: true })) {
        page.postMessage(text);
      }
    };
    self.addEventListener("message", (event) => event.waitUntil(readNews(event.data, kept, show)));
  `);
  return code;
}

Deno.test({
  name: "the recipe for a service worker runs in one, and reads what is new since the last time",
  ...inBrowser,
  ignore: inBrowser.ignore || await lacksBundler(),
  async fn() {
    await using stage = await stand({ "/worker.js": await serviceWorker() }, {
      SUBSCRIBE: "public",
    });
    const { url, browser, origin } = stage;
    await publish(url, "before");
    const page = await browser.open(origin);
    await page.evaluate(`(async () => {
      globalThis.got = [];
      navigator.serviceWorker.onmessage = ({ data }) => got.push(data);
      const own = trustedTypes.createPolicy("own", { createScriptURL: (url) => url });
      await navigator.serviceWorker.register(own.createScriptURL("/worker.js"), { type: "module" });
      const { active } = await navigator.serviceWorker.ready;
      globalThis.read = () => active.postMessage("${url}sse?stream=news");
    })()`);
    await page.evaluate("read()");
    await until(async () => await subscribers(url) === 1);
    await publish(url, "Tea");
    await gets(page, "Tea");
    await until(async () => await subscribers(url) === 0);
    await publish(url, "Cake");
    await page.evaluate("read()");
    await gets(page, "Tea", "Cake");
    assertEquals(browser.errors, []);
  },
});
