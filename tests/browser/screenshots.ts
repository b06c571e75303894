/**
 * Takes the README's screenshots of the pages, light and dark: `demo-*.png` and `console-*.png` in this
 * folder. Takes three minutes, most of them to fill the console's charts: there a minute of the charts
 * lasts ten seconds.
 *
 *     deno run --no-check -A tests/browser/screenshots.ts
 *
 * Needs Chromium, and for letters like those of the pictures that are there, the fonts Roboto and
 * Liberation Mono (Debian: `fonts-roboto-unhinted`, `fonts-liberation`). It listens on port 8080.
 *
 * @module
 */

import { createApp, readConfig } from "../../lib/server/app.ts";
import { mulberry32 } from "../random.ts";
import { openConsole } from "./console_support.ts";
import { Browser, closeChromium, entries, type Page, panel, reaches, TOKEN } from "./support.ts";

const URL_SHOWN = new URL("http://localhost:8080/");

/** How much faster than the real clock the console's charts are drawn. */
const SPEED = 6;
const CHART_SECONDS = 15 * 60 / SPEED;

const STREAMS = ["news", "orders/7", "prices", "weather/berlin"];

const random = mulberry32(7);

await takeDemo();
await takeConsole();
await closeChromium();

/** The demo page with events of several types, one of them open. */
async function takeDemo(): Promise<void> {
  await using server = serve();
  await using browser = await Browser.start();
  const page = await browser.open(URL_SHOWN);
  await reaches(panel(page, "With history"), "open");
  const order = {
    order: 7,
    customer: { name: "Ada", country: "GB" },
    lines: [{ item: "tea", count: 2 }, { item: "cup", count: 1 }],
    paid: false,
  };
  const events = [
    { data: "Good morning" },
    { data: "Is the second window there?" },
    { event: "price", data: JSON.stringify({ symbol: "EURUSD", bid: 1.0842, ask: 1.0844 }) },
    { event: "order.created", data: JSON.stringify(order) },
    { data: "Yes, and it missed nothing" },
    { event: "price", data: JSON.stringify({ symbol: "EURUSD", bid: 1.0845, ask: 1.0847 }) },
  ];
  for (const event of events) await server.hub.publish("chat", event);
  await page.locator(".entry:has(.type:text-is('order.created')) .preview").click();
  await entries(panel(page, "Per connection"), 5);
  await page.setViewportSize({ width: 1_200, height: 900 });
  await shoot(page, "demo", { fullPage: true });
}

/** The console of a server that clients have come to and left for a quarter of an hour. */
async function takeConsole(): Promise<void> {
  await using server = serve({ speed: SPEED });
  await using browser = await Browser.start();
  const page = await openConsole(browser, URL_SHOWN);
  await page.setViewportSize({ width: 1_200, height: 1_150 });
  const clients: AbortController[] = [];
  const start = performance.now();
  for (let share = 0; share < 1; share = (performance.now() - start) / 1_000 / CHART_SECONDS) {
    const wanted = 50 + 90 * Math.sin(share * 4) ** 2 + 8 * random();
    if (clients.length < wanted) clients.push(connect());
    else clients.shift()?.abort();
    for (const [i, stream] of STREAMS.entries()) {
      const isDue = random() < 0.1 + 0.1 * Math.sin(share * 6 + i);
      if (isDue) await server.hub.publish(stream, { data: "1" });
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await shoot(page, "console", {});
  for (const client of clients) client.abort();
}

/** A client from an address of its own, of the addresses for documentation (RFC 5737 and 3849). */
function connect(): AbortController {
  const client = new AbortController();
  const number = Math.floor(random() * 254) + 1;
  const address = random() < 0.8 ? `198.51.100.${number}` : `2001:db8:${number.toString(16)}::7`;
  const stream = STREAMS[Math.floor(random() * random() * STREAMS.length)];
  const url = random() < 0.1 ? "sse" : `sse?stream=${stream}`;
  read(new URL(url, URL_SHOWN), address, client.signal);
  return client;
}

/** Reads a stream until `signal` aborts. */
async function read(url: URL, address: string, signal: AbortSignal): Promise<void> {
  const { body } = await fetch(url, { headers: { "x-forwarded-for": address } });
  const reader = body!.getReader();
  signal.addEventListener("abort", () => reader.cancel());
  while (!(await reader.read()).done && !signal.aborted);
  await reader.cancel();
}

/** A server in this process. With a `speed`, figures are taken, and dated, as if time ran faster. */
function serve({ speed = 1 } = {}) {
  const settings: Readonly<Record<string, string>> = {
    PUBLISH_TOKEN: TOKEN,
    TRUST_PROXY: "1",
    INTERVAL_MS: `${1_000 * speed}`,
  };
  const { now } = Date;
  const { setInterval: every } = globalThis;
  const start = now();
  Date.now = () => start + (now() - start) * speed;
  const faster = (run: () => void, ms: number) => every(run, ms / speed);
  globalThis.setInterval = faster as typeof setInterval;
  const app = createApp(readConfig((name) => settings[name]), {
    processStats: () => ({ residentBytes: Deno.memoryUsage().rss }),
  });
  globalThis.setInterval = every;
  const options = { port: Number(URL_SHOWN.port), onListen() {} };
  const server = Deno.serve(options, (request, info) => app.fetch(request, info));
  return {
    hub: app.hub,
    async [Symbol.asyncDispose]() {
      Date.now = now;
      await app.close();
      await server.shutdown();
    },
  };
}

async function shoot(page: Page, name: string, options: { fullPage?: boolean }): Promise<void> {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const path = new URL(`${name}-${colorScheme}.png`, import.meta.url).pathname;
    await page.screenshot({ path, ...options });
  }
}
