/**
 * What the tests of the console share: logging in, publishing and watching as a person does.
 *
 * @module
 */

import { type Browser, type Page, panel, reaches, TOKEN } from "./support.ts";

/** Gives the login form a token. */
export async function logIn(page: Page, token: string): Promise<void> {
  const form = page.locator("#login-form");
  await form.locator("[name=token]").fill(token);
  await form.locator("button").click();
}

/** A console into which somebody has logged in; `url` is the demo page's. */
export async function openConsole(browser: Browser, url: URL): Promise<Page> {
  const page = await browser.open(new URL("console", url));
  await logIn(page, TOKEN);
  await page.locator("#state[data-state=open]").waitFor();
  return page;
}

/** Fills in the form to publish, and sends it. */
export async function publish(
  page: Page,
  fields: Readonly<Record<string, string>>,
): Promise<string> {
  const form = page.locator("#publish-form");
  for (const [name, value] of Object.entries(fields)) {
    await form.locator(`[name=${name}]`).fill(value);
  }
  // Emptied here as well: the page may not have seen the click yet when click() is done.
  await page.evaluate("document.querySelector('#publish-form output').textContent = ''");
  await form.locator("button").click();
  const output = form.locator("output:not(:empty)");
  await output.waitFor();
  return await output.textContent() ?? "";
}

/** Watches a stream. */
export async function watch(page: Page, stream: string, types = ""): Promise<void> {
  await page.locator("#watch-form [name=stream]").fill(stream);
  await page.locator("#watch-form [name=types]").fill(types);
  await page.locator("#watch-form button").click();
  await reaches(panel(page, stream), "open");
}
