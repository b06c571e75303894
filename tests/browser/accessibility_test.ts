import { assertEquals } from "@std/assert";
import { ServerProcess } from "../server/support.ts";
import { openConsole, publish as publishInConsole, watch } from "./console_support.ts";
import {
  Browser,
  closeChromium,
  entries,
  inBrowser,
  type Page,
  panel,
  publishEvent,
  reaches,
  TOKEN,
} from "./support.ts";

// In a variable, so that only these tests load the package.
const AXE: string = "npm:axe-core@4.14.1";

Deno.test.afterAll(closeChromium);

/** Opens a page as a person would have it in use. */
type Open = (browser: Browser, url: URL) => Promise<Page>;

const PAGES: readonly [name: string, settings: Readonly<Record<string, string>>, open: Open][] = [
  ["demo page", { PUBLISH_TOKEN: TOKEN }, openDemo],
  ["demo page of a server that is closed to publishing", {}, openClosedDemo],
  ["console's login", { PUBLISH_TOKEN: TOKEN }, openLogin],
  ["console", { PUBLISH_TOKEN: TOKEN }, openConsoleInUse],
  ["console's dialog", { PUBLISH_TOKEN: TOKEN }, openDialog],
  ["console's answers", { PUBLISH_TOKEN: TOKEN }, openAnswers],
];

const DATA = JSON.stringify({ order: 7, lines: [{ item: "tea", isPaid: false }], note: null });

async function openDemo(browser: Browser, url: URL): Promise<Page> {
  const page = await browser.open(url);
  const chat = panel(page, "With history");
  await reaches(chat, "open");
  await publishEvent(url, "chat", { event: "order", data: DATA });
  await entries(chat, 1);
  for (const event of ["order", "hello"]) {
    await chat.locator(`.entry:has(.type:text-is("${event}")) summary`).first().click();
  }
  await chat.locator(".tree .tree, .tree li").first().waitFor();
  await panel(page, "Broadcast").locator(".pause").click();
  return page;
}

async function openClosedDemo(browser: Browser, url: URL): Promise<Page> {
  const page = await browser.open(url);
  await page.locator(".closed").waitFor();
  return page;
}

async function openLogin(browser: Browser, url: URL): Promise<Page> {
  const page = await browser.open(new URL("/console", url));
  await page.locator("#login-form").waitFor();
  return page;
}

async function openConsoleInUse(browser: Browser, url: URL): Promise<Page> {
  const page = await openConsole(browser, url);
  await watch(page, "news");
  await publishInConsole(page, { stream: "news", data: DATA });
  await entries(panel(page, "news"), 1);
  await publishInConsole(page, { stream: "no name" });
  await page.locator("#streams tr:has-text('news')").waitFor();
  await page.locator("#connections tr").first().waitFor();
  return page;
}

async function openDialog(browser: Browser, url: URL): Promise<Page> {
  const page = await openConsoleInUse(browser, url);
  await page.locator("#streams tr:has-text('news') .end").click();
  await page.locator("#end-dialog").waitFor();
  return page;
}

/** The page of a stream, refused clients, an explanation, and what the self-test has found. */
async function openAnswers(browser: Browser, url: URL): Promise<Page> {
  const page = await openConsole(browser, url);
  await publishInConsole(page, { stream: "news", data: DATA });
  await page.locator("#streams tr:has-text('news') .open").click();
  await page.locator("#stream-page .entry summary").first().click();
  await fetch(new URL("/sse?stream=news", url), { headers: { authorization: "Bearer wrong" } });
  await page.locator("#refusals-title").click();
  await page.locator("#refusals tr:has-text('wrong_token') .why").first().click();
  await page.locator("#explain-form [name=event]").fill("x-1");
  await page.keyboard.press("Enter");
  await page.locator("#explain-form .story").first().waitFor();
  await page.evaluate(`(() => {
    const { elements } = document.querySelector("#doctor-form");
    elements.seconds.append(new Option("1 second", "1"));
    elements.seconds.value = "1";
  })()`);
  await page.locator("#doctor-form [type=submit]").click();
  await page.locator("#doctor-form .finding").first().waitFor();
  return page;
}

/** The rules that the page breaks, each with the elements that break it. */
async function violations(page: Page): Promise<unknown> {
  return await page.evaluate(`(async () => {
    const { violations } = await axe.run(document);
    return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => html + failureSummary)]);
  })()`);
}

for (const [name, settings, open] of PAGES) {
  Deno.test({
    name: `axe-core finds nothing in the ${name}, light and dark, wide and narrow`,
    ...inBrowser,
    async fn() {
      const { default: axe } = await import(AXE);
      await using server = new ServerProcess({ INTERVAL_MS: "100", ...settings });
      await using browser = await Browser.start();
      const page = await open(browser, await server.url());
      await page.evaluate(axe.source);
      for (const colorScheme of ["light", "dark"] as const) {
        for (const width of [1_200, 360]) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          await page.setViewportSize({ width, height: 800 });
          assertEquals([colorScheme, width, await violations(page)], [colorScheme, width, []]);
        }
      }
    },
  });

  Deno.test({
    name:
      `the ${name} fits into 360 and 320 pixels, and each of its controls has a name of its own`,
    ...inBrowser,
    async fn() {
      await using server = new ServerProcess({ INTERVAL_MS: "100", ...settings });
      await using browser = await Browser.start();
      const page = await open(browser, await server.url());
      for (const width of [360, 320]) {
        await page.setViewportSize({ width, height: 800 });
        assertEquals(await page.evaluate("document.documentElement.scrollWidth"), width);
      }
      const names = await page.evaluate(`[...document.querySelectorAll("button")]
        .filter((button) => button.checkVisibility())
        .map((button) => button.closest("form, dialog")?.ariaLabel + ": " + (button.ariaLabel ?? button.textContent))`);
      const all = names as string[];
      assertEquals(all.filter((each, i) => all.indexOf(each) !== i), []);
    },
  });
}
