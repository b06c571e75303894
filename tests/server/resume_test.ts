import { assert, assertEquals } from "@std/assert";
import { lacks } from "../program.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { fill, oneStream, runOneStream, runSeveralStreams, severalStreams } from "../cursors.ts";

const ignore = await lacks("net");

/** Serves a handler on a free port. */
function serve(
  handler: (request: Request) => Response | Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, handler);
}

/** Fetches a hub's responses with a separate client, over a socket that closes with the hub. */
async function overHttp(hub: BroadcastHub, request: Request): Promise<Response> {
  const server = serve((request) => hub.subscribe(request));
  const { search } = new URL(request.url);
  const url = `http://127.0.0.1:${server.addr.port}/sse${search}`;
  const response = await fetch(url, { headers: request.headers });
  server.unref();
  void server.shutdown();
  return response;
}

for (const row of oneStream) {
  Deno.test({
    name: `an app sends a client of one stream the events it missed, over HTTP with ${row[0]}`,
    ignore,
    fn: async () => assertEquals(...await runOneStream(row, overHttp)),
  });
}

for (const row of severalStreams) {
  Deno.test({
    name: `an app sends a client of several streams the events it missed, over HTTP with ${row[0]}`,
    ignore,
    fn: async () => assertEquals(...await runSeveralStreams(row, overHttp)),
  });
}

/** The events that an `EventSource` gets, by the types that a hub uses, through the event `last`. */
async function see(url: string, last: string): Promise<string[]> {
  const source = new EventSource(url);
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const type of ["hello", "gap", "reset", "message"]) {
    source.addEventListener(type, ({ data }) => {
      seen.push(type === "message" ? data : type);
      if (data === last) resolve();
    });
  }
  await promise;
  source.close();
  return seen;
}

Deno.test({
  name: "an EventSource that is cut off before its first event gets the events it missed",
  ignore,
  async fn() {
    await using hub = new BroadcastHub({ retryMs: 1 });
    await fill(hub, 3, "a");
    let connections = 0;
    await using server = serve(async (request) => {
      const response = hub.subscribe(request);
      if (++connections > 1) return response;
      const reader = response.body!.getReader();
      const { value } = await reader.read();
      await reader.cancel();
      await hub.publish("a", { data: "missed" });
      return new Response(value as Uint8Array<ArrayBuffer>, { headers: response.headers });
    });
    const seen = await see(`http://127.0.0.1:${server.addr.port}/?stream=a`, "missed");
    assertEquals(seen, ["hello", "hello", "missed"]);
  },
});

Deno.test({
  name: "an EventSource that is ended as slow reconnects, gets a gap, and goes on",
  ignore,
  async fn() {
    await using hub = new BroadcastHub({ retryMs: 1, historyEvents: 3 });
    let connections = 0;
    await using server = serve(async (request) => {
      const response = hub.subscribe(request);
      if (++connections === 1) await fill(hub, 10, "a");
      return response;
    });
    const seen = await see(`http://127.0.0.1:${server.addr.port}/?stream=a`, "a10");
    assertEquals(seen, ["hello", "a1", "hello", "gap", "a8", "a9", "a10"]);
    assertEquals(hub.stats().ended.slow, 1);
  },
});

Deno.test({
  name: "an EventSource does not reconnect to a stream that has ended",
  ignore,
  async fn() {
    await using hub = new BroadcastHub({ retryMs: 1 });
    const ids = await fill(hub, 2, "a");
    hub.end("a");
    const statuses: number[] = [];
    const headers = { "cache-control": "no-cache" };
    await using server = serve((request) => {
      const response = hub.subscribe(request);
      statuses.push(response.status);
      return response;
    });
    const url = `http://127.0.0.1:${server.addr.port}/?stream=a&lastEventId=${ids[1]}`;
    // Browsers send this header; Deno's EventSource does not.
    const source = new EventSource(url, { headers } as EventSourceInit);
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    source.onerror = () => source.readyState === EventSource.CLOSED && resolve();
    await closed;
    assertEquals(statuses, [204]);
    assert(source.readyState === EventSource.CLOSED);
  },
});
