/**
 * Runs one client on a URL and reports each event: in a page, in Deno and in Node. It stands beside
 * `client.js`, and beside `others.js`, which has the clients of others.
 */

// By their URLs, since they are there only where main.ts has put them.
const { subscribe } = await import(`${new URL("client.js", import.meta.url)}`);
const { createEventSource, fetchEventSource } = await import(
  `${new URL("others.js", import.meta.url)}`
);

/** How each client is used, as its own manual says. */
const CLIENTS = {
  async subscribe(url, report) {
    for await (const { data } of subscribe(url)) report(data);
  },
  EventSource(url, report) {
    new EventSource(url).onmessage = ({ data }) => report(data);
  },
  "fetch-event-source"(url, report) {
    const onmessage = ({ event, data }) => event === "" && report(data);
    return fetchEventSource(url, { onmessage });
  },
  async "eventsource-client"(url, report) {
    for await (const { event, data } of createEventSource(url)) {
      if (event === undefined || event === "message") report(data);
    }
  },
};

/** Runs a client by its name. */
export async function run(name, url, report) {
  try {
    await CLIENTS[name](url, report);
  } catch (error) {
    report(`failed: ${error?.message ?? error}`);
  }
}

const [name, url] = globalThis.Deno?.args ?? globalThis.process?.argv.slice(2) ?? [];
// deno-lint-ignore no-console -- as a program it prints
if (url) run(name, url, (data) => console.log(JSON.stringify([Date.now(), data])));
