/**
 * The clients of the matrix: where each runs, and which events it is made for.
 *
 * @module
 */

import { BroadcastHub } from "../../lib/mod.ts";

/** A client. */
export interface Client {
  /** The name of its driver, and of the stream that it subscribes to. */
  readonly id: string;
  /** What it is called. */
  readonly name: string;
  /** What its users should know: what its own design does, and the cure. */
  readonly note: string;
  /** Its packages on npm, with their versions. */
  readonly packages: readonly string[];
  /** More of its URL's query: `&control=none`. */
  readonly query?: string;
  /** Where it runs. */
  readonly runsIn: "chromium" | "node" | "deno" | "curl" | "python3";
  /** The event that is its `n`th: the text that it shows is the number. */
  readonly event: (n: number) => object;
  /** The event that says that nothing follows, where the client knows one. */
  readonly done?: object;
}

const FETCH = "@microsoft/fetch-event-source@2.0.1";
const HTMX_2 = ["htmx2@npm:htmx.org@2.0.11", "htmx-ext-sse@2.2.4"];

const NOTES: Readonly<Record<string, string>> = {
  chromium: "",
  deno: "No 204 stops it, as it sends no `Cache-Control`: close it at `ended`.",
  undici: "Its timer keeps no process alive.",
  launchdarkly: "Set `readTimeoutMillis`: without it 2.2 takes each pause for a failure.",
  "eventsource-client": "It ignores statuses, and asks on after a 401: check them in its `fetch`.",
  "fetch-event-source": "It asks on after a 401, unless its `onerror` throws.",
  "fetch-event-source-node": "It needs `window` and `document`, and throws without them.",
  htmx2: 'It asks on, 0.5 to 64 s apart: `sse-close="ended"` stops it.',
  "htmx2-close": "It asks on after a 401.",
  htmx4: '`hx-sse:close="ended"` stops it.',
  datastar: "It gives up after ten cuts in all: raise `retryMaxCount`.",
  turbo: "It reads events without a type only.",
  "ai-control-none": "It throws at a cut, and never reconnects by itself.",
  "openai-control-none": "It throws at a cut, and never reconnects.",
  ai: "It parses every event, `hello` included.",
  openai: "It parses every event, `hello` included.",
  curl: "It exits with 18 at a cut.",
  python: "It takes a cut for the end.",
};

const AI: Client = {
  ...client("ai", "Vercel AI SDK, `useChat`'s transport", "node", "ai@6.0.326"),
  event: (n) => ({ data: { type: "data-count", data: n } }),
  done: { data: "[DONE]" },
};

const OPENAI: Client = {
  ...client("openai", "OpenAI SDK, `Stream`", "node", "openai@6.49.0"),
  event: (n) => ({ data: { choices: [{ delta: { content: `${n}` } }] } }),
  done: { data: "[DONE]" },
};

/** Every client, in the order of the table. */
export const clients: readonly Client[] = [
  client("chromium", "EventSource of Chromium", "chromium"),
  client("deno", "EventSource of Deno", "deno"),
  client("undici", "EventSource of undici", "node", "undici@7.30.2"),
  client("eventsource", "`eventsource`", "node", "eventsource@4.1.1"),
  client("launchdarkly", "`launchdarkly-eventsource`", "node", "launchdarkly-eventsource@2.2.0"),
  client("eventsource-client", "`eventsource-client`", "node", "eventsource-client@1.2.0"),
  client("fetch-event-source", "`@microsoft/fetch-event-source`", "chromium", FETCH),
  client("fetch-event-source-node", "the same in Node", "node", FETCH),
  {
    ...client("htmx2", "htmx 2, `htmx-ext-sse`", "chromium", ...HTMX_2),
    event: (n) => ({ data: `<i>${n}</i>` }),
  },
  {
    ...client("htmx2-close", '… with `sse-close="ended"`', "chromium", ...HTMX_2),
    event: (n) => ({ data: `<i>${n}</i>` }),
  },
  {
    ...client("htmx4", "htmx 4, `hx-sse`", "chromium", "htmx4@npm:htmx.org@4.0.1"),
    event: (n) => ({ data: `<i>${n}</i>` }),
  },
  {
    ...client(
      "datastar",
      "Datastar 1 (beta 11)",
      "chromium",
      "@starfederation/datastar@1.0.0-beta.11",
    ),
    event: (n) => ({
      event: "datastar-merge-fragments",
      data: `fragments <i id="n${n}">${n}</i>\nselector #list\nmergeMode append`,
    }),
  },
  {
    ...client("turbo", "Turbo, `<turbo-stream-source>`", "chromium", "@hotwired/turbo@8.0.23"),
    event: (n) => ({
      data: `<turbo-stream action="append" target="list"><template><i>${n}</i></template>` +
        "</turbo-stream>",
    }),
  },
  AI,
  OPENAI,
  ...await knowsControlNone() ? [withoutControl(AI), withoutControl(OPENAI)] : [],
  client("curl", "curl", "curl"),
  client("python", "Python's `urllib`", "python3"),
];

function client(
  id: string,
  name: string,
  runsIn: Client["runsIn"],
  ...packages: readonly string[]
): Client {
  return { id, name, note: NOTES[id] ?? "", packages, runsIn, event: (n) => ({ data: `${n}` }) };
}

/** A client that asks for events without the control events, which it can't read. */
function withoutControl({ id, name, ...more }: Client): Client {
  return {
    ...more,
    id: `${id}-control-none`,
    name: `${name}, \`control=none\``,
    note: NOTES[`${id}-control-none`] ?? "",
    query: "&control=none",
  };
}

/** Whether a hub can leave the control events out. */
async function knowsControlNone(): Promise<boolean> {
  await using hub = new BroadcastHub();
  await hub.publish("a", "1");
  const response = hub.subscribe(new Request("http://localhost/?stream=a&control=none"));
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader?.read() ?? {};
  await reader?.cancel();
  return !value.includes("hello");
}
