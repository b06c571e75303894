import { assertEquals, assertMatch } from "@std/assert";
import { logIn, openConsole } from "./console_support.ts";
import { Front, refusal } from "./front.ts";
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

const HOUR_MS = 3_600_000;

/** A server behind a proxy that can refuse, and a browser whose timers the test can advance. */
async function stand(retryMs = 100) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(startServer({ RETRY_MS: `${retryMs}` }));
  const front = stack.use(new Front(await server.url()));
  const browser = stack.use(await Browser.start());
  await browser.context.clock.install();
  const all = stack.move();
  return { front, browser, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/**
 * Waits until the requests of the page's timers, and requests that follow from them, reach the server.
 */
async function settle(page: Page): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await page.evaluate("fetch('session').then((response) => response.text())");
  }
}

function trouble(page: Page, text: string) {
  return page.locator(`#trouble:has-text(${JSON.stringify(text)})`);
}

Deno.test({
  name: "the console shows a permanent refusal, and retries only when its user asks for it",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const { front, browser } = stage;
    for (const status of [400, 401, 403, 404, 421]) {
      front.refusals.set("/console/events", refusal(status, `Refused with ${status}`));
      const page = await browser.open(new URL("/console", front.url));
      if (status === 400) await logIn(page, TOKEN);
      await trouble(page, `Refused with ${status} (${status})`).waitFor();
      await page.locator("#state[data-state=failed]").waitFor();
      const before = front.count("/console/events");
      await browser.context.clock.fastForward(HOUR_MS);
      await settle(page);
      assertEquals([status, front.count("/console/events")], [status, before]);
      front.refusals.clear();
      await page.locator("#again").click();
      await page.locator("#state[data-state=open]").waitFor();
      await page.locator("#trouble").waitFor({ state: "hidden" });
      await page.close();
    }
  },
});

Deno.test({
  name: "the console reconnects by itself after a temporary refusal, not before Retry-After",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const { front, browser } = stage;
    const page = await openConsole(browser, front.url);
    for (const status of [429, 500, 503]) {
      const wait = { "retry-after": "100" };
      front.refusals.set("/console/events", refusal(status, `Refused with ${status}`, wait));
      await page.reload();
      await trouble(page, `Refused with ${status} (${status})`).waitFor();
      const before = front.count("/console/events");
      front.refusals.clear();
      await browser.context.clock.runFor(90_000);
      await settle(page);
      assertEquals(front.count("/console/events"), before);
      await browser.context.clock.runFor(15_000);
      await page.locator("#state[data-state=open]").waitFor();
      await page.locator("#trouble").waitFor({ state: "hidden" });
    }
  },
});

Deno.test({
  name: "the console shows the login without a session, and any other refusal as a text",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const { front, browser } = stage;
    const page = await browser.open(new URL("/console", front.url));
    await page.locator("#login").waitFor();
    const rows: [answer: () => Response, state: string, text: string][] = [
      [refusal(421, "Name the host in ALLOWED_HOSTS"), "failed", "ALLOWED_HOSTS (421)"],
      [refusal(503, "The server is stopping"), "waiting", "stopping (503)"],
      [() => new Response("<h1>Bad gateway", { status: 502 }), "waiting", "server answered 502"],
      [() => Response.json(null, { status: 429 }), "waiting", "server answered 429"],
      [() => new Response("<h1>Log in"), "failed", "may come from a proxy (200)"],
    ];
    for (const [answer, state, text] of rows) {
      front.refusals.set("/session", answer);
      await page.reload();
      await trouble(page, text).waitFor();
      const shown = await page.locator("#trouble .trouble-text").textContent();
      assertEquals(shown?.slice(-text.length), text);
      assertEquals([text, await page.locator("#state").getAttribute("data-state")], [text, state]);
      assertEquals(await page.locator("#login").getAttribute("hidden"), "");
    }
    front.refusals.clear();
    await page.locator("#again").click();
    await page.locator("#login").waitFor();
    assertEquals(browser.errors.filter((error) => !/Failed to load resource/.test(error)), []);
  },
});

Deno.test({
  name: "the console says that the browser keeps no cookie",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const { front, browser } = stage;
    front.refusals.set("/session", () => new Response(null, { status: 401 }));
    const page = await browser.open(new URL("/console", front.url));
    await page.locator("#login").waitFor();
    front.refusals.set("/session", once(new Response(null, { status: 204 }), 401));
    await logIn(page, TOKEN);
    await page.locator("#login output:has-text('cookie')").waitFor();
  },
});

/** Answers with `first`, and then always with a status. */
function once(first: Response, status: number): () => Response {
  const answers = [first];
  return () => answers.pop() ?? new Response(null, { status });
}

Deno.test({
  name: "a panel resumes after a temporary refusal",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const { front, browser } = stage;
    using network = new Network(front.url);
    await publish(front.url, "chat", "one");
    const page = await browser.open(network.url);
    const chat = panel(page, "With history");
    await entries(chat, 1);
    front.refusals.set("/sse", refusal(503, "Too busy"));
    network.cut();
    network.restore();
    await chat.locator(".why:has-text('Too busy')").waitFor();
    await reaches(chat, "waiting");
    front.refusals.clear();
    await publish(front.url, "chat", "two");
    await browser.context.clock.fastForward(60_000);
    await reaches(chat, "open");
    assertEquals(await entries(chat, 2), ["one", "two"]);
    assertEquals(await chat.locator(".why").textContent(), "");
    // The jump of the clock is a sleep of the machine for a panel that has reconnected just before.
    assertMatch(await chat.locator(".reconnects").textContent() ?? "", /^[12]$/);
  },
});

Deno.test({
  name: "a panel whose connection breaks without progress reconnects within the server's retry",
  ...inBrowser,
  async fn() {
    await using stage = await stand(60_000);
    const { front, browser } = stage;
    using network = new Network(front.url);
    const page = await browser.open(network.url);
    const chat = panel(page, "With history");
    await reaches(chat, "open");
    network.cut();
    network.restore();
    await reaches(chat, "waiting");
    await browser.context.clock.fastForward(60_000);
    await reaches(chat, "open");
  },
});

Deno.test({
  name: "the pages work in a browser that denies them storage and locks",
  ...inBrowser,
  async fn() {
    await using stage = await stand();
    const { front, browser } = stage;
    await browser.context.addInitScript(`
      const refuse = () => { throw new DOMException("Refused", "SecurityError"); };
      Object.defineProperty(globalThis, "sessionStorage", { get: refuse });
      navigator.locks.request = async () => refuse();
    `);
    const page = await browser.open(front.url);
    for (const title of ["Per connection", "Broadcast", "With history"]) {
      await reaches(panel(page, title), "open");
    }
    const form = page.locator("form");
    await form.locator("[name=token]").fill(TOKEN);
    await form.locator("[name=text]").fill("Hello");
    await form.locator("button").click();
    assertEquals(await entries(panel(page, "With history"), 1), ["Hello"]);
    await openConsole(browser, front.url);
    assertEquals(browser.errors.filter((error) => !error.startsWith("/session: ")), []);
  },
});
