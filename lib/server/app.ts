/**
 * The whole server as one fetch handler: the routes, and a line in the log for each end of a connection.
 * Listening, signals and printing are the process's; see `main.ts`.
 *
 * @module
 */

import { eventStream, type EventWriter } from "../connection.ts";
import { BroadcastHub } from "../hub.ts";
import { problem } from "../problem.ts";
import { type ConnectionEnd, eventStreamHeaders, retryLater } from "../response.ts";
import { searchParams } from "../resume.ts";
import { isStreamName } from "../stream.ts";
import { clientAddress } from "./client_address.ts";
import type { Config } from "./config.ts";
import { recover } from "./recover.ts";
import { createLog, type LogFields } from "./request_log.ts";
import { createRouter, type RequestInfo, type Route } from "./router.ts";
import { staticRoutes } from "./static.ts";

export { type Config, ConfigError, readConfig } from "./config.ts";
export type { LogFormat } from "./request_log.ts";
export type { Handler, RequestInfo, Route } from "./router.ts";

/** Options of {@linkcode createApp}. */
export interface AppOptions {
  /** Gets each line of the log. Left out, there is no log. */
  readonly print?: (line: string) => void;
  /** The routes of the pages, by path. By default those of this package's `static/`. */
  readonly pages?: ReadonlyMap<string, Route>;
}

/** A server without a socket. */
export interface App {
  /** Answers a request. `info` is what the runtime's own server gives beside it. */
  readonly fetch: (request: Request, info?: RequestInfo) => Promise<Response>;
  /** The hub behind `/sse?stream=`. */
  readonly hub: BroadcastHub;
  /** Ends every open response, and has new ones come back later. May be called twice. */
  readonly close: () => Promise<void>;
}

/**
 * Makes the server of a configuration.
 *
 * @example
 * ```ts
 * import { createApp, readConfig } from "@sse/hub/server";
 * import { assertEquals } from "@std/assert";
 *
 * const app = createApp(readConfig(() => undefined), { pages: new Map() });
 * const response = await app.fetch(new Request("http://localhost/healthz"));
 * assertEquals(await response.text(), "ok\n");
 * await app.close();
 * ```
 */
export function createApp(config: Config, options: AppOptions = {}): App {
  const { print = () => {}, pages = staticRoutes(new URL("../../static/", import.meta.url)) } =
    options;
  const log = createLog(config.logFormat, print);
  const onError = (error: unknown) => log("error", { error: describe(error) });
  const hub = new BroadcastHub({
    ...config,
    historyMs: config.historySeconds * 1_000,
    heartbeatMs: config.heartbeatSeconds * 1_000,
    onError,
  });
  const closing = new AbortController();
  const stopClock = startClock(hub, config);
  let connections = 0;

  /** Has `open` open an event stream, counts it until its socket is gone, and logs both its ends. */
  function connect(
    request: Request,
    { remoteAddr, completed }: RequestInfo,
    streams: readonly string[],
    open: (onEnd: (end: ConnectionEnd) => void) => Response,
  ): Response {
    const address = clientAddress(request, hostname(remoteAddr), config.trustProxy);
    const fields: LogFields = streams.length > 0 ? { address, streams } : { address };
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const response = open(({ durationMs, events, bytes, reason }) => {
      resolve();
      const seconds = Number((durationMs / 1_000).toFixed(3));
      log("disconnected", { ...fields, seconds, events, bytes, reason });
    });
    if (response.status !== 200) return response;
    log("connected", fields);
    connections++;
    const free = () => void connections--;
    (completed ?? ended).then(free, free);
    return response;
  }

  function sse(request: Request, info: RequestInfo): Response {
    const streams = searchParams(request).getAll("stream");
    const unserved = streams.find((name) => isStreamName(name) && !isServed(name, config));
    if (unserved !== undefined) return problem(404, `There is no stream ${unserved}`);
    if (request.method === "HEAD") {
      if (streams.length > 0) return hub.subscribe(request);
      return new Response(null, { headers: eventStreamHeaders });
    }
    if (closing.signal.aborted || connections >= config.maxConnections) return retryLater();
    return connect(request, info, streams, (onEnd) => {
      if (streams.length > 0) return hub.subscribe(request, { onEnd });
      const { intervalMs, retryMs } = config;
      const clock = (writer: EventWriter) => writer.every(intervalMs, time);
      return eventStream(clock, { retryMs, signal: closing.signal, onError, onEnd });
    });
  }

  const routes = new Map<string, Route>([
    ...pages,
    ["/sse", { GET: sse }],
    ["/healthz", { GET: () => plain(200, "ok") }],
    ["/readyz", { GET: () => closing.signal.aborted ? plain(503, "stopping") : plain(200, "ok") }],
  ]);
  const handler = recover(createRouter(routes), onError);
  return {
    fetch: async (request, info = {}) => await handler(request, info),
    hub,
    close() {
      stopClock();
      closing.abort();
      return hub.close();
    },
  };
}

/** Publishes the time to the stream `time`, which is of the moment; returns what stops it. */
function startClock(hub: BroadcastHub, config: Config): () => void {
  if (!isServed("time", config)) return () => {};
  hub.createStream("time", { ephemeral: true });
  const timer = setInterval(() => void hub.publish("time", { data: time() }), config.intervalMs);
  return () => clearInterval(timer);
}

function isServed(name: string, { streams }: Config): boolean {
  return streams?.includes(name) ?? true;
}

function time(): string {
  return `time: ${new Date().toISOString()}`;
}

function hostname(address: object | undefined): string | undefined {
  return address && "hostname" in address ? `${address.hostname}` : undefined;
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  return typeof error === "object" ? Object.prototype.toString.call(error) : String(error);
}

function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { "cache-control": "no-store" } });
}
