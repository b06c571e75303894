import { assertEquals, assertMatch } from "@std/assert";
import { QuickStart } from "../quick_start.ts";
import { Browser, closeChromium, lacksBrowser } from "./support.ts";

// Playwright keeps its own pipes and timers.
const options = { ignore: await lacksBrowser(), sanitizeOps: false, sanitizeResources: false };

Deno.test.afterAll(closeChromium);

Deno.test("README.md's first page shows what its first server publishes", options, async () => {
  await using app = await QuickStart.start("links");
  await using browser = await Browser.start();
  const page = await browser.open(app.url);
  await page.locator("#news:not(:empty)").waitFor();
  assertMatch(await page.locator("#news").textContent() ?? "", /^It is \d{4}-.*Z\n/);
  assertEquals(browser.errors, []);
});
