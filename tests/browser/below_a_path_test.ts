import { assertEquals, assertMatch } from "@std/assert";
import { belowPath, proxies, ProxyProcess } from "../operations/proxies.ts";
import { isMissing } from "../program.ts";
import { logIn, openConsole, publish, watch } from "./console_support.ts";
import {
  Browser,
  closeChromium,
  entries,
  inBrowser,
  panel,
  reaches,
  startServer,
  TOKEN,
} from "./support.ts";

const [nginx] = proxies;
const options = { ...inBrowser, ignore: inBrowser.ignore || await isMissing(nginx!.command) };

Deno.test.afterAll(closeChromium);

/** A server that nginx serves below `/hub/` only; `url` is that of the demo page. */
async function stand() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(startServer());
  const port = Number((await server.url()).port);
  const proxy = stack.use(await ProxyProcess.start(nginx!, port, await belowPath(nginx!)));
  const both = stack.move();
  const url = new URL("/hub/", proxy.url);
  return { url, [Symbol.asyncDispose]: () => both.disposeAsync() };
}

Deno.test({
  name: "the demo page works below a path of nginx, and shows its URLs with the path",
  ...options,
  async fn() {
    await using front = await stand();
    await using browser = await Browser.start();
    const page = await browser.open(front.url);
    for (const title of ["Per connection", "Broadcast"]) await entries(panel(page, title), 2);
    const chat = panel(page, "With history");
    await reaches(chat, "open");
    await chat.locator("[name=token]").fill(TOKEN);
    await chat.locator("[name=text]").fill("Hello");
    await chat.locator("form button").click();
    assertEquals(await entries(chat, 1), ["Hello"]);
    assertEquals(await chat.locator("code.url").textContent(), "/hub/sse?stream=chat&since=20");
    const [command] = await page.locator("pre").allTextContents();
    assertEquals(command, `curl -N ${front.url}sse`);
    assertEquals(browser.errors, []);
  },
});

Deno.test({
  name: "the console works below a path of nginx, from the demo page's link to the logout",
  ...options,
  async fn() {
    await using front = await stand();
    await using browser = await Browser.start();
    const page = await browser.open(front.url);
    await page.locator("footer a").click();
    await logIn(page, TOKEN);
    await page.locator("#state[data-state=open]").waitFor();
    await page.locator("#connections-chart .line.series-1[d]").waitFor({ state: "attached" });
    await watch(page, "news");
    assertMatch(await publish(page, { stream: "news", data: "Hello" }), /to 1 subscriber$/);
    assertEquals(await entries(panel(page, "news"), 1), ["Hello"]);
    const row = page.locator("#streams tr:has-text('news')");
    await row.locator(".end").click();
    await page.locator("#end-stream").click();
    await reaches(panel(page, "news"), "ended");
    await page.locator("#logout").click();
    await page.locator("#login").waitFor();
    await page.reload();
    await page.locator("#login").waitFor();
    // Chromium logs each 401: before the login and after the logout.
    assertEquals(browser.errors.map((error) => error.split(":")[0]), [
      "/hub/session",
      "/hub/session",
    ]);
  },
});

Deno.test({
  name: "the session's cookie is sent below the path only",
  ...options,
  async fn() {
    await using front = await stand();
    await using browser = await Browser.start();
    const page = await openConsole(browser, front.url);
    const status = (path: string) =>
      page.evaluate(`(async () => {
        const response = await fetch(${JSON.stringify(path)});
        await response.body?.cancel();
        return response.status;
      })()`);
    for (const path of ["session", "streams", "metrics", "console/events"]) {
      assertEquals([path, await status(path)], [path, 200]);
    }
    const cookies = await browser.context.cookies();
    assertEquals(cookies.map(({ name, path }) => [name, path]), [["sse_session", "/hub"]]);
    await page.locator("#logout").click();
    await page.locator("#login").waitFor();
    assertEquals(await browser.context.cookies(), []);
    assertEquals(await status("streams"), 401);
  },
});
