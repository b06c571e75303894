import { assert, assertEquals, assertMatch } from "@std/assert";
import { until } from "../wait.ts";
import { Network } from "./network.ts";
import {
  Browser,
  closeChromium,
  entries,
  inBrowser,
  type Page,
  panel,
  publish,
  reaches,
  startServer,
  TOKEN,
} from "./support.ts";

Deno.test.afterAll(closeChromium);

const PANELS = ["Per connection", "Broadcast", "With history"];

Deno.test({
  name: "the demo page shows the time in both shapes, without an error in the console",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const page = await browser.open(await server.url());
    for (const title of PANELS) await reaches(panel(page, title), "open");
    for (const title of PANELS.slice(0, 2)) {
      const times = await entries(panel(page, title), 3);
      assertMatch(times[0]!, /^time: \d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assertEquals(times, [...new Set(times)].sort());
    }
    assertEquals(browser.errors, []);
  },
});

Deno.test({
  name: "the demo page reconnects when a killed server is started again",
  ...inBrowser,
  async fn() {
    await using browser = await Browser.start();
    await using first = startServer();
    const url = await first.url();
    const page = await browser.open(url);
    for (const title of PANELS) await reaches(panel(page, title), "open");
    first.kill("SIGKILL");
    for (const title of PANELS) await reaches(panel(page, title), "waiting");
    await first.exitCode();
    await using second = startServer({ PORT: url.port });
    await second.url();
    for (const title of PANELS) {
      await reaches(panel(page, title), "open");
      assertEquals(await panel(page, title).locator(".reconnects").textContent(), "1");
    }
    for (const title of PANELS.slice(0, 2)) {
      await panel(page, title).locator(".clear").click();
      await entries(panel(page, title), 2);
    }
    // The page's last id is of an earlier start, so the hub sends a reset.
    await panel(page, "With history").locator(".is-control:has-text('reset')").waitFor();
  },
});

Deno.test({
  name: "the demo page says that a stream does not exist, and shows the others",
  ...inBrowser,
  async fn() {
    await using server = startServer({ STREAMS: "news" });
    await using browser = await Browser.start();
    const page = await browser.open(await server.url());
    for (const title of ["Broadcast", "With history"]) {
      await reaches(panel(page, title), "failed");
      assertMatch(await panel(page, title).locator(".why").textContent() ?? "", /no stream/);
    }
    await entries(panel(page, "Per connection"), 2);
  },
});

Deno.test({
  name: "the demo page, offline for five attempts, gets the events it missed, once and in order",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const url = await server.url();
    using network = new Network(url);
    const texts = Array.from({ length: 30 }, (_, i) => `text ${i}`);
    for (const text of texts.slice(0, 10)) await publish(url, "chat", text);
    const page = await browser.open(network.url);
    const chat = panel(page, "With history");
    assertEquals(await entries(chat, 10), texts.slice(0, 10));

    // An offline Chromium keeps open connections, so the relay cuts them.
    await browser.context.setOffline(true);
    network.cut();
    await reaches(chat, "waiting");
    assertEquals(await chat.locator(".why").textContent(), "The browser is offline");
    for (const text of texts.slice(10, 15)) {
      const failed = page.waitForEvent("requestfailed");
      await publish(url, "chat", text);
      await failed;
    }
    assertEquals(await entries(chat, 10), texts.slice(0, 10));
    network.restore();
    await browser.context.setOffline(false);
    await reaches(chat, "open");
    for (const text of texts.slice(15)) await publish(url, "chat", text);
    assertEquals(await entries(chat, 30), texts);
    assertEquals(await chat.locator(".reconnects").textContent(), "1");
  },
});

Deno.test({
  name:
    "two windows share a stream: one publishes with the token, and a wrong token shows the refusal",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const url = await server.url();
    const [here, there] = [await browser.open(url), await browser.open(url)];
    for (const page of [here, there]) await reaches(panel(page, "With history"), "open");
    const form = panel(here, "With history").locator("form");
    await form.locator("[name=token]").fill("a-token-that-is-wrong");
    await form.locator("[name=text]").fill("Hello");
    await form.locator("button").click();
    await form.locator("output:not(:empty)").waitFor();
    assertEquals(await form.locator("[name=text]").inputValue(), "Hello");
    await form.locator("[name=token]").fill(TOKEN);
    await form.locator("button").click();
    for (const page of [here, there]) {
      assertEquals(await entries(panel(page, "With history"), 1), ["Hello"]);
    }
    assertEquals(await form.locator("output").textContent(), "");
    // The token stays in its tab, for as long as the tab exists.
    await here.reload();
    assertEquals(await here.locator("[name=token]").inputValue(), TOKEN);
    assertEquals(await there.locator("[name=token]").inputValue(), "");
  },
});

Deno.test({
  name:
    "seven tabs share a connection for each stream, and go on when the tab that has it is closed",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const url = await server.url();
    const pages: Page[] = [];
    for (let i = 0; i < 7; i++) {
      const page = await browser.open(url);
      pages.push(page);
      for (const title of PANELS.slice(1)) await reaches(panel(page, title), "open");
    }
    // Streams that a tab has to itself leave connections for the shared ones and for requests.
    const count = async (state: string) => {
      const own = pages.map((page) =>
        panel(page, "Per connection").locator(`.state[data-state=${state}]`).count()
      );
      return (await Promise.all(own)).reduce((sum, count) => sum + count, 0);
    };
    await until(async () => await count("queued") === 4);
    assertEquals(await count("open"), 3);
    await publish(url, "chat", "To all");
    for (const page of pages) {
      assertEquals(await entries(panel(page, "With history"), 1), ["To all"]);
    }
    const { subscribers } = await (await fetch(new URL("/streams/chat", url), {
      headers: { authorization: `Bearer ${TOKEN}` },
    })).json();
    assertEquals(subscribers, 1);

    await pages.shift()!.close();
    await publish(url, "chat", "To the others");
    for (const page of pages) {
      assertEquals(await entries(panel(page, "With history"), 2), ["To all", "To the others"]);
    }
    await reaches(panel(pages[2]!, "Per connection"), "open");
  },
});

Deno.test({
  name: "the demo page shows markup as text",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const url = await server.url();
    const text = "<script>globalThis.ran = 1</script><img src=x onerror='globalThis.ran = 1'>";
    await publish(url, "chat", text);
    const page = await browser.open(url);
    const chat = panel(page, "With history");
    assertEquals(await entries(chat, 1), [text]);
    await chat.locator(".entry:not(.is-control) summary").click();
    assertEquals(await chat.locator(".entry:not(.is-control) .plain").textContent(), text);
    assertEquals(await chat.locator(".preview *, .plain *").count(), 0);
    assert(await page.evaluate("globalThis.ran === undefined"));
    assertEquals(browser.errors, []);
  },
});
