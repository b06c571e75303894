import { assert, assertEquals, assertMatch } from "@std/assert";
import { isTerminalMissing, TerminalServer } from "../terminal.ts";
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

Deno.test.afterAll(closeChromium);

Deno.test({
  name: "the console opens with the token only, and closes with the session",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const page = await browser.open(new URL("/console", await server.url()));
    await page.locator("#login").waitFor();
    assertEquals(await page.locator("#console").getAttribute("hidden"), "");
    await logIn(page, "a-token-that-is-wrong");
    await page.locator("#login output.problem:not(:empty)").waitFor();
    await logIn(page, TOKEN);
    await page.locator("#state[data-state=open]").waitFor();
    await page.reload();
    await page.locator("#state[data-state=open]").waitFor();
    await page.locator("#logout").click();
    await page.locator("#login").waitFor();
    assertEquals(await page.locator("#streams tr").count(), 0);
    await page.reload();
    await page.locator("#login").waitFor();
    // Chromium logs each 401: two pages without a session, and a wrong token.
    assertEquals(browser.errors.filter((error) => !error.startsWith("/session: ")), []);
    assertEquals(browser.errors.length, 3);
  },
});

Deno.test({
  name: "the console logs in by the URL that the server prints at a terminal, once",
  ...inBrowser,
  ignore: inBrowser.ignore || isTerminalMissing,
  async fn() {
    await using server = await TerminalServer.start();
    const [address = ""] = (await server.banner("Console")).split(" ");
    await using browser = await Browser.start();
    const page = await browser.open(address);
    await page.locator("#state[data-state=open]").waitFor();
    assertEquals(await page.evaluate("location.href"), address.replace(/#.*/, ""));
    await page.locator("#logout").click();
    await page.locator("#login").waitFor();
    // Again, in the same tab: only the fragment changes.
    await page.goto(address);
    const problem = page.locator("#login output.problem:not(:empty)");
    await problem.waitFor();
    assertMatch(await problem.textContent() ?? "", /was used before .* use the publish token$/);
    assertEquals(await page.evaluate("location.hash"), "");
    await logIn(page, (await server.banner("Token")).split(" ")[0]!);
    await page.locator("#state[data-state=open]").waitFor();
  },
});

Deno.test({
  name: "the console's figures move, and show the connected clients",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const url = await server.url();
    await browser.open(url);
    const page = await openConsole(browser, url);
    await page.locator("#connections-chart dd:text-is('3')").waitFor();
    await page.locator("#connections-chart dd:text-is('2')").waitFor();
    await page.locator("#connections tr:has-text('its own')").waitFor();
    await page.locator("#connections tr:has-text('chat')").waitFor();
    await page.locator("#streams tr:has-text('time')").waitFor();
    for (const chart of ["connections", "events", "latency"]) {
      const line = page.locator(`#${chart}-chart .line.series-1`);
      const before = await line.getAttribute("d");
      await page.locator(`#${chart}-chart .line.series-1:not([d="${before}"])`)
        .waitFor({ state: "attached" });
      assertMatch(before!, /^M[\d.]+ [\d.]+/);
    }
    assertMatch(await page.locator("#memory").textContent() ?? "", /^[\d.]+ MB$/);
  },
});

Deno.test({
  name: "the console publishes to the stream that it watches, and shows markup as text",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const page = await openConsole(browser, await server.url());
    await watch(page, "news");
    const data = "<script>globalThis.ran = 1</script><img src=x onerror='globalThis.ran = 1'>";
    assertMatch(
      await publish(page, { stream: "news", data }),
      /^Published as \S+ to 1 subscriber$/,
    );
    await publish(page, { type: "<b>alert</b>", data: "two\nlines" });
    assertEquals(await entries(panel(page, "news"), 2), [data, "two\nlines"]);
    assertEquals(await page.locator(".entry .type").first().textContent(), "<b>alert</b>");
    assertEquals(await page.locator(".preview *, .type *").count(), 0);
    assert(await page.evaluate("globalThis.ran === undefined"));
    const refusal = await publish(page, { stream: "no name", data: "" });
    assertMatch(refusal, /^A stream name must be /);
  },
});

Deno.test({
  name: "the console watches a pattern, and says which stream an event is of",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const page = await openConsole(browser, await server.url());
    for (const data of ["old", "new"]) await publish(page, { stream: "orders/7", type: "", data });
    await watch(page, "orders/*");
    await publish(page, { stream: "others/1", data: "not its" });
    await publish(page, { stream: "orders/eu/8", type: "paid", data: '{"total":9}' });
    const shown = panel(page, "orders/*");
    assertEquals(await entries(shown, 2), ["new", '{"total":9}']);
    const types = shown.locator(".type:not(.is-control *)");
    assertEquals(await types.allTextContents(), ["orders/eu/8 · paid", "orders/7"]);
    await shown.locator(".preview").first().click();
    await shown.locator(".data .tree").first().waitFor();
    assertEquals(await shown.locator(".reconnects").textContent(), "0");
  },
});

Deno.test({
  name: "the console ends a stream after a confirmation",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const page = await openConsole(browser, await server.url());
    await publish(page, { stream: "news", data: "Hello" });
    const row = page.locator("#streams tr:has-text('news')");
    await row.locator(".watch").click();
    await reaches(panel(page, "news"), "open");
    await row.locator(".end").click();
    await page.locator("#keep-stream").click();
    await row.locator(".end").click();
    await page.locator("#end-stream").click();
    await reaches(panel(page, "news"), "ended");
    assertEquals(await entries(panel(page, "news"), 1), ["Hello"]);
    await row.locator(".end:disabled").waitFor();
    assertMatch(await publish(page, { data: "Again" }), /The stream has ended/);
  },
});

Deno.test({
  name: "the console reconnects when a killed server is started again",
  ...inBrowser,
  async fn() {
    await using browser = await Browser.start();
    await using first = startServer();
    const url = await first.url();
    const page = await openConsole(browser, url);
    first.kill("SIGKILL");
    await page.locator("#state[data-state=waiting]").waitFor();
    await first.exitCode();
    await using second = startServer({ PORT: url.port });
    await second.url();
    await page.locator("#state[data-state=open]").waitFor();
    // With another token the session is no longer valid.
    second.kill("SIGKILL");
    await page.locator("#state[data-state=waiting]").waitFor();
    await second.exitCode();
    await using third = startServer({ PORT: url.port, PUBLISH_TOKEN: `${TOKEN}-2` });
    await third.url();
    await page.locator("#login").waitFor();
  },
});

Deno.test({
  name: "a chart has a break in its line where seconds or a value are missing",
  ...inBrowser,
  async fn() {
    await using server = startServer();
    await using browser = await Browser.start();
    const page = await openConsole(browser, await server.url());
    await page.evaluate(`(async () => {
      const { Chart } = await import("/charts.js");
      const figure = document.querySelector("#latency-chart").cloneNode(true);
      figure.id = "broken";
      document.querySelector(".charts").append(figure);
      const chart = new Chart(figure, { series: ["one", "two"] });
      for (const [second, one, two] of [[0, 1, 1], [1, 2, null], [2, 3, 2], [60, 2, 3], [61, 1, 4]]) {
        chart.add(1_000_000_000_000 + second * 1_000, [one, two]);
      }
    })()`);
    await page.locator("#broken dd:text-is('4')").waitFor();
    const parts = async (series: number) =>
      (await page.locator(`#broken .line.series-${series}`).getAttribute("d"))!.match(/M/g)!.length;
    assertEquals([await parts(1), await parts(2)], [2, 3]);
  },
});
