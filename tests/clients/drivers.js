/**
 * How each client is used, as its manual says: one driver a client, in the runtime or the page that the
 * client is made for. A driver opens a URL and reports what it gets: `event` with its text, `control`
 * with a control event's type, `error` for what the client tells of and then goes on, and `end` once it
 * has given up or is through. What it throws is its own report.
 *
 * @module
 */

/** Drivers of clients that are a module, by client. */
export const drivers = {
  chromium: listen,
  deno: listen,
  undici: async (url, report) => listen(url, report, (await load("undici")).EventSource),
  eventsource: async (url, report) => listen(url, report, (await load("eventsource")).EventSource),
  launchdarkly: async (url, report) => {
    const { default: { EventSource } } = await load("launchdarkly-eventsource");
    // Without it, this version takes every pause for the end.
    const options = { readTimeoutMillis: 300_000 };
    listen(url, report, function () {
      return new EventSource(url, options);
    });
  },
  turbo: async (url, report) => {
    await load("@hotwired/turbo");
    watch(report);
    document.body.insertAdjacentHTML(
      "beforeend",
      `<turbo-stream-source src="${url}"></turbo-stream-source>`,
    );
  },
  async "eventsource-client"(url, report) {
    const { createEventSource } = await load("eventsource-client");
    const source = createEventSource({ url, onDisconnect: () => report("error") });
    for await (const { event, data } of source) told(report, event, data);
    report("end");
  },
  "fetch-event-source": fetchEvents,
  "fetch-event-source-node": fetchEvents,
  async ai(url, report) {
    const { DefaultChatTransport, readUIMessageStream } = await load("ai");
    const prepareReconnectToStreamRequest = () => ({ api: url });
    const transport = new DefaultChatTransport({ prepareReconnectToStreamRequest });
    const stream = await transport.reconnectToStream({ chatId: "chat" });
    if (stream) {
      const onError = (error) => {
        throw error;
      };
      let seen = 0;
      for await (
        const { parts } of readUIMessageStream({ stream, onError, terminateOnError: true })
      ) {
        for (const { data } of parts.slice(seen)) report("event", `${data}`);
        seen = parts.length;
      }
    }
    report("end");
  },
  async openai(url, report) {
    const { Stream } = await load("openai/core/streaming");
    const controller = new AbortController();
    const { signal } = controller;
    const response = await fetch(url, { headers: { accept: "text/event-stream" }, signal });
    for await (const { choices } of Stream.fromSSEResponse(response, controller)) {
      report("event", choices[0].delta.content);
    }
    report("end");
  },
};

async function fetchEvents(url, report) {
  const { fetchEventSource } = await load("@microsoft/fetch-event-source");
  // What a program outside a browser has to set: there is no document, and no window.
  const more = globalThis.document ? {} : { openWhenHidden: true, fetch };
  await fetchEventSource(url, {
    ...more,
    onmessage: ({ event, data }) => told(report, event, data),
    onerror: (error) => report("error", `${error}`),
  });
  report("end");
}

function listen(url, report, Source = EventSource) {
  const source = new Source(url);
  source.onmessage = ({ data }) => report("event", data);
  for (const type of CONTROL) source.addEventListener(type, () => report("control", type));
  source.onerror = ({ message }) => report(source.readyState === 2 ? "end" : "error", message);
}

/** Reports an event of a client that gets those of all types. */
function told(report, event, data) {
  if (CONTROL.includes(event)) report("control", event);
  else if (!event || event === "message") report("event", data);
}

/** Reports what a client adds to the page's list. */
export function watch(report) {
  const observer = new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const { textContent } of addedNodes) report("event", textContent);
    }
  });
  observer.observe(document.querySelector("#list"), { childList: true });
}

const CONTROL = ["hello", "gap", "reset", "ended", "goaway", "expired"];

// By a variable, so that only the runtime that has the package looks for it.
const load = (name) => import(name);
