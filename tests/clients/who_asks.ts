/**
 * How a request of an `EventSource` and one of `fetch()` look to the server, by where the page is, and
 * the answer that each gets once the streams have ended.
 *
 * @module
 */

import { Browser, type Page } from "../browser/support.ts";
import { ServerProcess } from "../server/support.ts";
import { until } from "../wait.ts";
import { Relay } from "./relay.ts";
import { serveSite } from "./site.ts";

/** What is seen of a request. */
export interface Asked {
  readonly accept: string;
  readonly "cache-control": string;
  readonly "sec-fetch-mode": string;
  readonly answer: string;
}

/** A page that asks. */
interface Place {
  readonly title: string;
  readonly host: string;
  /** Whether the browser's cache is disabled, as its developer tools do. */
  readonly isCacheDisabled?: true;
  /** Whether a service worker passes the page's requests on. */
  readonly hasWorker?: true;
}

const PLACES: readonly Place[] = [
  { title: "`localhost`", host: "localhost" },
  { title: "plain http elsewhere", host: "hub.example" },
  { title: "the cache disabled", host: "localhost", isCacheDisabled: true },
  { title: "a service worker", host: "localhost", hasWorker: true },
];

const ASKS = {
  EventSource: "new EventSource(url).onerror = () => {}",
  "`fetch()`": 'fetch(url, { headers: { accept: "text/event-stream" } })',
};

const NATIVE = { accept: "text/event-stream", "cache-control": "no-cache", answer: "204" };
const FETCHED = { accept: "text/event-stream", "cache-control": "", answer: "200 ended" };

/** What is expected of each, by its line in the table. */
export const EXPECTED: Readonly<Record<string, Asked>> = {
  "EventSource, `localhost`": { ...NATIVE, "sec-fetch-mode": "cors" },
  "`fetch()`, `localhost`": { ...FETCHED, "sec-fetch-mode": "cors" },
  "EventSource, plain http elsewhere": { ...NATIVE, "sec-fetch-mode": "" },
  "`fetch()`, plain http elsewhere": { ...FETCHED, "sec-fetch-mode": "" },
  "EventSource, the cache disabled": { ...NATIVE, "sec-fetch-mode": "cors" },
  "`fetch()`, the cache disabled": { ...NATIVE, "sec-fetch-mode": "cors" },
  "EventSource, a service worker": { ...NATIVE, "sec-fetch-mode": "cors" },
  "`fetch()`, a service worker": { ...FETCHED, "sec-fetch-mode": "cors" },
};

/** Asks, and returns what is seen by the lines of {@linkcode EXPECTED}. */
export async function whoAsks(): Promise<Map<string, Asked>> {
  const PUBLISH_TOKEN = "a-token-for-the-clients";
  await using server = new ServerProcess({ PUBLISH_TOKEN, ALLOWED_HOSTS: "*" });
  const url = await server.url();
  const stream = new URL("/sse?stream=old", url);
  const authorization = `Bearer ${PUBLISH_TOKEN}`;
  const headers = { authorization, "content-type": "text/plain" };
  const { id } = await (await fetch(stream, { method: "POST", headers, body: "1" })).json();
  await (await fetch(stream, { method: "DELETE", headers: { authorization } })).body?.cancel();
  await using site = serveSite("");
  using relay = new Relay(url, new URL(`http://127.0.0.1:${site.addr.port}`));
  const seen = new Map<string, Asked>();
  for (const place of PLACES) {
    await using browser = await Browser.start();
    const page = await openPage(browser, place, relay.port);
    for (const [name, code] of Object.entries(ASKS)) {
      const count = relay.requests.length;
      const path = `/sse?stream=old&lastEventId=${id}`;
      await page.evaluate(`{ const url = "${path}"; ${code}; undefined }`);
      await until(() => relay.requests[count]?.status !== undefined);
      const { headers, status, control } = relay.requests[count]!;
      await until(() => status === 204 || control.includes("ended"));
      const header = (name: string) => headers.get(name) ?? "";
      seen.set(`${name}, ${place.title}`, {
        accept: header("accept"),
        "cache-control": header("cache-control"),
        "sec-fetch-mode": header("sec-fetch-mode"),
        answer: status === 204 ? "204" : `${status} ended`,
      });
    }
  }
  return seen;
}

async function openPage(browser: Browser, place: Place, port: number): Promise<Page> {
  const page = await browser.open(`http://${place.host}:${port}/blank`);
  if (place.isCacheDisabled) {
    const session = await browser.context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  }
  if (place.hasWorker) {
    await page.evaluate(`navigator.serviceWorker.register("/worker.js").then(() =>
      navigator.serviceWorker.ready).then(() => new Promise((resolve) => {
        if (navigator.serviceWorker.controller) resolve();
        else navigator.serviceWorker.oncontrollerchange = () => resolve();
      }))`);
  }
  return page;
}
