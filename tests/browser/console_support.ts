/**
 * Shared by the tests of the console: logging in, publishing and watching like a person.
 *
 * @module
 */

import { type Browser, type Page, panel, reaches, TOKEN } from "./support.ts";

/** Submits the login form with a token. */
export async function logIn(page: Page, token: string): Promise<void> {
  const form = page.locator("#login-form");
  await form.locator("[name=token]").fill(token);
  await form.locator("button").click();
}

/** Opens the console and logs in; `url` is that of the demo page. */
export async function openConsole(browser: Browser, url: URL): Promise<Page> {
  const page = await browser.open(new URL("console", url));
  await logIn(page, TOKEN);
  await page.locator("#state[data-state=open]").waitFor();
  return page;
}

/** Fills in the publish form and submits it. */
export async function publish(
  page: Page,
  fields: Readonly<Record<string, string>>,
): Promise<string> {
  const form = page.locator("#publish-form");
  for (const [name, value] of Object.entries(fields)) {
    await form.locator(`[name=${name}]`).fill(value);
  }
  // Cleared here too: the page may not have handled the click yet when click() resolves.
  await page.evaluate("document.querySelector('#publish-form output').textContent = ''");
  await form.locator("button").click();
  const output = form.locator("output:not(:empty)");
  await output.waitFor();
  return await output.textContent() ?? "";
}

/** Watches a stream. */
export async function watch(page: Page, stream: string): Promise<void> {
  await page.locator("#watch-form [name=stream]").fill(stream);
  await page.locator("#watch-form button").click();
  await reaches(panel(page, stream), "open");
}
