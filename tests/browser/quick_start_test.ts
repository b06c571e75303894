import { assertEquals, assertMatch } from "@std/assert";
import { QuickStart } from "../quick_start.ts";
import { Browser, closeChromium, inBrowser } from "./support.ts";

Deno.test.afterAll(closeChromium);

Deno.test("README.md's first page shows what its first server publishes", inBrowser, async () => {
  await using app = await QuickStart.start("links");
  await using browser = await Browser.start();
  const page = await browser.open(app.url);
  await page.locator("#news:not(:empty)").waitFor();
  assertMatch(await page.locator("#news").textContent() ?? "", /^It is \d{4}-.*Z\n/);
  assertEquals(browser.errors, []);
});
