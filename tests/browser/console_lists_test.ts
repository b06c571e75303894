import { assert, assertEquals, assertMatch } from "@std/assert";
import { createApp, readConfig } from "../../lib/server/app.ts";
import { openConsole, publish } from "./console_support.ts";
import { Browser, closeChromium, inBrowser, type Page, TOKEN } from "./support.ts";

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
  ...inBrowser,
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
  ...inBrowser,
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
  ...inBrowser,
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
  name: "the console says that a client was refused, and lists it",
  ...inBrowser,
  async fn() {
    await using server = serve();
    const { id } = await server.hub.publish("a", "x");
    await server.hub.disconnect({ address: "198.51.100.1" }, { denyUntil: Date.now() + 60_000 });
    for (let i = 0; i < 2; i++) await server.connect("198.51.100.1", "a");
    await using browser = await Browser.start();
    const page = await openConsole(browser, server.url);
    await page.locator("#refusals-title").click();
    const row = page.locator("#refusals tr:has-text('198.51.100.1')");
    await row.locator(".times:text-is('2')").waitFor();
    await row.locator(".why").click();
    await page.locator("#explain-form [name=event]").fill(id);
    await page.keyboard.press("Enter");
    const answer = page.locator("#explain-form .answer:not(:empty)");
    await answer.waitFor();
    assertMatch(
      await answer.textContent() ?? "",
      /^unauthorized: The client was refused with 403 .*, 2 times since .* \(denied\): This client is denied/,
    );
  },
});

Deno.test({
  name: "the console shows the options and the kept events of a stream, and resumes from one",
  ...inBrowser,
  async fn() {
    await using server = serve();
    server.hub.createStream("news", { replayEvents: 1, slowSubscriber: "latest" });
    const ids: string[] = [];
    for (let i = 1; i <= 3; i++) ids.push((await server.hub.publish("news", `{"n":${i}}`)).id);
    await using browser = await Browser.start();
    const page = await openConsole(browser, server.url);
    await page.locator("#streams tr:has-text('news') .open").click();
    await page.locator("#stream-page:focus").waitFor();
    const events = page.locator("#stream-page .entry:not(.is-control)");
    await events.nth(2).waitFor();
    const texts = async (name: string) =>
      await page.locator(`#stream-page .options .${name}`).allTextContents();
    await page.locator("#stream-page .option-replayEvents:text-is('the newest 1')").waitFor();
    assertEquals(await texts("option-slowSubscriber"), ["get only the newest event"]);
    assertEquals(
      (await texts("origin")).filter((text) => text === "set for this stream").length,
      2,
    );
    const second = page.locator(`#stream-page .entry:has(.event-id:text-is("${ids[1]}"))`);
    assertMatch(await second.locator(".time").getAttribute("title") ?? "", /^Published /);
    await second.locator("summary").first().click();
    await second.locator(".resume").click();
    await page.locator("#stream-page .list:focus").waitFor();
    await events.first().waitFor();
    assertEquals(await page.locator("#stream-page .entry .event-id").allTextContents(), [
      ...[ids[2], ids[1]],
    ]);
    await page.locator("#stream-page .close").click();
    await page.locator("#stream-page").waitFor({ state: "hidden" });
    await page.locator("#streams-title:focus").waitFor();
  },
});

Deno.test({
  name: "the console shows refusals and ends of one reason over time",
  ...inBrowser,
  async fn() {
    await using server = serve();
    await using browser = await Browser.start();
    const page = await openConsole(browser, server.url);
    const select = page.locator("#troubles-chart select");
    const refuse = async () => void await server.app.fetch(new Request(`${server.url}nothing`));
    await refuse();
    const option = select.locator("option:has-text('404 path: 1')");
    await option.waitFor({ state: "attached" });
    await page.evaluate(`(() => {
      const select = document.querySelector("#troubles-chart select");
      select.value = "404 path";
      select.dispatchEvent(new Event("change"));
    })()`);
    await page.locator("#troubles-chart dt.series-1:text-is('404 path')").waitFor();
    assertEquals(await page.locator("#troubles-chart dd").nth(1).textContent(), "—");
    await refuse();
    await page.locator("#troubles-chart dd:text-matches('^[1-9]')").waitFor();
  },
});

Deno.test({
  name: "the console tests its own server, with requests of the browser to no other",
  ...inBrowser,
  async fn() {
    await using server = serve();
    await using browser = await Browser.start();
    const page = await openConsole(browser, server.url);
    await page.evaluate(`(() => {
      const { elements } = document.querySelector("#doctor-form");
      elements.seconds.append(new Option("1 second", "1"));
      elements.seconds.value = "1";
    })()`);
    await page.locator("#doctor-form [type=submit]").click();
    await page.locator("#doctor-form output:has-text('0 faults, 0 warnings')").waitFor();
    const seen = await page.locator("#doctor-form .finding .seen").allTextContents();
    assert(seen.some((text) => /^a published event arrived after /.test(text)), seen.join("\n"));
    assert(seen.some((text) => /^the event after "\S+" came again after /.test(text)));
    assert(seen.includes("with a wrong token: 401 application/problem+json"));
    const refusal = await page.evaluate(`(async () => {
      const { examinePage } = await import("./doctor.js");
      return await examinePage({ url: "http://localhost:1/sse", seconds: 1 }).catch(String);
    })()`);
    assertMatch(`${refusal}`, /is not the server of this page$/);
  },
});

Deno.test({
  name:
    "the console shows a stream, what runs and how near its limits are, and other spans of time",
  ...inBrowser,
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
    await page.locator("#stream-page .published:text-is('1')").waitFor();
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
