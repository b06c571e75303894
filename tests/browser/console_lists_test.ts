import { assert, assertEquals, assertMatch } from "@std/assert";
import { createApp, readConfig } from "../../lib/server/app.ts";
import { openConsole, publish } from "./console_support.ts";
import { Browser, closeChromium, lacksBrowser, type Page, TOKEN } from "./support.ts";

// Playwright keeps its own pipes and timers.
const options = { ignore: await lacksBrowser(), sanitizeOps: false, sanitizeResources: false };

Deno.test.afterAll(closeChromium);

const SETTINGS: Readonly<Record<string, string>> = {
  PUBLISH_TOKEN: TOKEN,
  INTERVAL_MS: "3600000",
  TRUST_PROXY: "1",
};

/** A server in this process, on a port of its own. */
function serve() {
  const app = createApp(readConfig((name) => SETTINGS[name]));
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, onError: () => new Response(null) },
    (request, info) => app.fetch(request, info),
  );
  return {
    app,
    hub: app.hub,
    url: new URL(`http://127.0.0.1:${server.addr.port}/`),
    /** Connects a client from an address. */
    connect: (address: string, stream: string) =>
      app.fetch(
        new Request(`http://127.0.0.1/sse?stream=${stream}`, {
          headers: { accept: "text/event-stream", "x-forwarded-for": address },
        }),
      ),
    async [Symbol.asyncDispose]() {
      await app.close();
      await server.shutdown();
    },
  };
}

function rows(page: Page, list: string): Promise<string[]> {
  return page.locator(`#${list} tr th`).allTextContents();
}

Deno.test({
  name: "the console lists streams in pages, searches them and sorts them by a figure",
  ...options,
  async fn() {
    await using server = serve();
    for (let i = 100; i < 220; i++) await server.hub.publish(`s/${i}`, "x");
    for (let i = 0; i < 3; i++) await server.hub.publish("s/150", "x");
    await using browser = await Browser.start();
    const page = await openConsole(browser, server.url);
    const section = page.locator("#streams-section");
    await page.locator("#streams tr:has-text('s/149')").waitFor();
    assertEquals((await rows(page, "streams")).length, 50);
    await section.locator(".next").click();
    await page.locator("#streams tr:has-text('s/199')").waitFor();
    assertEquals(await section.locator(".page-text").textContent(), "Page 2");
    await section.locator(".previous").click();
    await page.locator("#streams tr:has-text('s/100')").waitFor();
    await section.locator("[name=search]").fill("s/21");
    await page.locator("#streams tr").nth(9).waitFor();
    await page.locator("#streams tr:has-text('s/149')").waitFor({ state: "hidden" });
    assertEquals((await rows(page, "streams")).length, 10);
    await section.locator("[name=search]").fill("");
    await page.evaluate(`(() => {
      const select = document.querySelector("#streams-section [name=sort]");
      select.value = "events";
      select.dispatchEvent(new Event("input", { bubbles: true }));
    })()`);
    await page.locator("#streams tr:first-child:has-text('s/150')").waitFor();
    // Chromium logs the 401 of a page without a session.
    assertEquals(browser.errors.filter((error) => !error.startsWith("/session: ")), []);
  },
});

Deno.test({
  name: "the console ends a connection, and refuses an address for a time",
  ...options,
  async fn() {
    await using server = serve();
    await server.connect("198.51.100.1", "a");
    await server.connect("198.51.100.2", "b");
    await using browser = await Browser.start();
    const page = await openConsole(browser, server.url);
    await page.locator("#connections tr:has-text('198.51.100.1') .end").click();
    await page.locator("#keep-connection").click();
    await page.locator("#connections tr:has-text('198.51.100.1') .end").click();
    await page.locator("#disconnect-form .is-danger").click();
    await page.locator("#connections tr:has-text('198.51.100.1')").waitFor({ state: "hidden" });
    await page.locator("#connections tr:has-text('198.51.100.2') .end").click();
    await page.evaluate(`(() => {
      document.querySelector("#disconnect-form [name=whom]").value = "address";
      document.querySelector("#disconnect-form [name=deny]").value = "3600";
    })()`);
    await page.locator("#disconnect-form .is-danger").click();
    await page.locator("#connections tr:has-text('198.51.100.2')").waitFor({ state: "hidden" });
    assertEquals((await server.connect("198.51.100.1", "a")).status, 200);
    assertEquals((await server.connect("198.51.100.2", "b")).status, 403);
  },
});

Deno.test({
  name: "the console explains why a client did not get an event",
  ...options,
  async fn() {
    await using server = serve();
    const { id } = await server.hub.publish("a", "x");
    await server.connect("198.51.100.1", "a");
    await using browser = await Browser.start();
    const page = await openConsole(browser, server.url);
    await page.locator("#connections tr:has-text('198.51.100.1') .why").click();
    await page.locator("#explain-form [name=event]").fill(id);
    await page.keyboard.press("Enter");
    const answer = page.locator("#explain-form .answer:not(:empty)");
    await answer.waitFor();
    assertMatch(await answer.textContent() ?? "", /^before: The event is older than the place/);
    assertMatch(
      await page.locator("#explain-form .trace li").first().textContent() ?? "",
      /opened/,
    );
  },
});

Deno.test({
  name:
    "the console shows a stream, what runs and how near its limits are, and other spans of time",
  ...options,
  async fn() {
    await using server = serve();
    await using browser = await Browser.start();
    const page = await openConsole(browser, server.url);
    // The keyboard's way: the login leaves the focus on the console, whose first links lead to the forms.
    await page.locator("#console:focus").waitFor();
    for (let i = 0; i < 5; i++) await page.keyboard.press("Tab");
    assertEquals(await page.evaluate("document.activeElement.textContent"), "Publish");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assertEquals(
      await page.evaluate("document.activeElement.closest('#publish-form') !== null"),
      true,
    );
    assertMatch(await publish(page, { stream: "news", data: "1" }), /^Published as /);
    await page.locator("#streams tr:has-text('news') .open").click();
    await page.locator("#stream-details .published:text-is('1')").waitFor();
    await page.locator("#server-section .version:has-text('on Deno')").waitFor();
    await page.locator("#server-section .connections-limit .limit-text:has-text(' of ')").waitFor();
    await page.evaluate(`(() => {
      const select = document.querySelector("#span");
      select.value = "12h";
      select.dispatchEvent(new Event("change"));
    })()`);
    await page.locator("#connections-chart svg text:text-is('−12 h')").waitFor();
    await page.locator("#state[data-state=open]").waitFor();
    assert(await page.locator("#instances-part[hidden]").count() === 1);
  },
});
