/**
 * Runs one client on a URL and reports each event: in a page, in Deno and in Node. It stands beside
 * `client.js`, and beside `others.js`, which has the clients of others.
 */

// By their URLs, since they are there only where prepare.ts has put them.
const { sharing, subscribe } = await import(`${new URL("client.js", import.meta.url)}`);
const { createEventSource, fetchEventSource } = await import(
  `${new URL("others.js", import.meta.url)}`
);

/**
 * How each client is used, as its own manual says. `token` gets a token where one is needed: only some
 * clients can ask for a fresh one.
 */
const CLIENTS = {
  async "subscribe()"(url, token, report) {
    const headers = token && (async () => ({ authorization: await token() }));
    for await (const { event, data } of subscribe(url, { ...headers && { headers } })) {
      report(event, data);
    }
  },
  async shared(url, _token, report) {
    for await (const { event, data } of subscribe(url, { share: sharing() })) report(event, data);
  },
  EventSource(url, _token, report) {
    const source = new EventSource(url);
    const listen = ({ type, data }) => report(type, data);
    for (const type of ["message", "gap", "reset"]) source.addEventListener(type, listen);
    return new Promise((end) => source.onerror = () => source.readyState === 2 && end());
  },
  async "fetch-event-source"(url, token, report) {
    const onmessage = ({ event, data }) => report(event, data);
    const headers = token ? { authorization: await token() } : {};
    // What a program outside a browser has to set: there is no document, and no window.
    const more = globalThis.document ? {} : { openWhenHidden: true, fetch };
    return fetchEventSource(url, { onmessage, headers, ...more });
  },
  async "eventsource-client"(url, token, report) {
    const headers = token ? { authorization: await token() } : {};
    for await (const { event, data } of createEventSource({ url, headers })) report(event, data);
  },
};

/**
 * Runs a client by its name, and reports its numbers and what it is told. `tokens` is the URL of tokens
 * for the server; `""` if none is needed.
 */
export async function run(name, url, tokens, report) {
  const token = tokens && (async () => `Bearer ${await (await fetch(tokens)).text()}`);
  try {
    await CLIENTS[name](url, token, (event, data) => {
      if (event === "gap" || event === "reset") return report(event);
      if (event && event !== "message") return;
      const [word, ms] = data.split(" ");
      if (word !== "block") return report(word);
      for (const end = Date.now() + Number(ms); Date.now() < end;);
    });
    report("over");
  } catch (error) {
    report(`over: ${error?.message ?? error}`);
  }
}

const [name, url, tokens] = globalThis.Deno?.args ?? globalThis.process?.argv.slice(2) ?? [];
// deno-lint-ignore no-console -- as a program it prints
if (url) run(name, url, tokens, (text) => console.log(JSON.stringify([Date.now(), text])));
