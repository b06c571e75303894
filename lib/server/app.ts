/**
 * The whole server as one fetch handler: the routes, and a line in the log for each end of a connection.
 * Listening, signals and printing are the process's; see `main.ts`.
 *
 * @module
 */

import type { EventWriter } from "../event_writer.ts";
import { BroadcastHub } from "../hub.ts";
import type { HubOptions } from "../options.ts";
import type { EventLog } from "../log/log.ts";
import { problem } from "../problem.ts";
import { guard, type Report } from "../report.ts";
import { searchParams } from "../search_params.ts";
import { stagger } from "../stagger.ts";
import { type Authorize, createAccess } from "./access.ts";
import { peerAddress, withAllowedHosts } from "./allowed_hosts.ts";
import { clientAddress } from "./client_address.ts";
import type { Config } from "./config.ts";
import { Connections } from "./connections.ts";
import { createConsole } from "./console.ts";
import { withCors } from "./cors.ts";
import { openEventLog } from "./event_log.ts";
import { withNosniff } from "./headers.ts";
import { importJwtKey } from "./jwt_key.ts";
import { METRICS_TYPE, metricsText } from "./metrics.ts";
import { recover } from "./recover.ts";
import { createLog, createWarnOnce } from "./request_log.ts";
import { createRouter, nameBelow, rawPath, type RequestInfo, type Route } from "./router.ts";
import { createSessions } from "./session.ts";
import { CLOCK, isServed, sseRoute } from "./sse.ts";
import { staticRoutes } from "./static.ts";
import { listStreams } from "./stream_list.ts";
import { withoutUnreadBody } from "./unread_body.ts";
import { limitWrongTokens } from "./wrong_tokens.ts";

// What an app hands out, such as its hub, is documented here too.
export type * from "../mod.ts";
export type { Action, Authorize, Grant } from "./access.ts";
export { type Config, ConfigError, readConfig } from "./config.ts";
export { importJwtKey, type JwtKey } from "./jwt_key.ts";
export type { LogFormat } from "./request_log.ts";
export type { Handler, RequestInfo, Route } from "./router.ts";
export { CutConnection } from "./unread_body.ts";

/** Options of {@linkcode createApp}. */
export interface AppOptions {
  /** Gets each line of the log. Left out, there is no log. */
  readonly print?: (line: string) => void;
  /** The routes of the pages, by path. By default those of this package's `static/`. */
  readonly pages?: ReadonlyMap<string, Route>;
  /** Gives the process's resident memory in bytes, for figures. */
  readonly memoryBytes?: () => number | undefined;
  /** Gives the number of log lines that could not be printed, for figures. */
  readonly droppedLines?: () => number;
  /** Says who may do what, in place of the configuration's tokens. */
  readonly authorize?: Authorize;
  /** Where events are ordered and kept, in place of the configuration's. */
  readonly eventLog?: EventLog;
}

/** A server without a socket. */
export interface App {
  /** Answers a request. `info` is what the runtime's own server gives beside it. */
  readonly fetch: (request: Request, info?: RequestInfo) => Promise<Response>;
  /** The hub behind `/sse?stream=`; it takes subscribers and publishers once it is `ready`. */
  readonly hub: BroadcastHub;
  /**
   * Sends every client away, each at a moment of its own within `withinMs` milliseconds and for 5 to
   * 15 seconds; `/readyz` is 503, publishers are refused, and new clients told to come back later.
   * Resolves when all have been sent away; close it then.
   */
  readonly drain: (withinMs: number) => Promise<void>;
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
  const { print = () => {} } = options;
  const { pages = staticRoutes(new URL("../../static/", import.meta.url)) } = options;
  const log = createLog(config.logFormat, print);
  const warnOnce = createWarnOnce(log);
  const onError = (error: unknown) => log("error", { error: describe(error) });
  const figure = (read: (() => number | undefined) | undefined) => {
    try {
      return read?.();
    } catch (error) {
      onError(error);
      return undefined;
    }
  };
  const memoryBytes = () => figure(options.memoryBytes);
  const hub = createHub(config, {
    log: options.eventLog ??
      openEventLog(config, (reason) => log("event log in danger", { reason })),
    onLogChange: (isUp, reason) =>
      isUp ? log("event log back") : log("event log away", { reason: `${reason}` }),
    onError,
  });
  const writers = new Set<EventWriter>();
  const refusedPublishers = { rate: 0, maxStreams: 0, stopping: 0, logAway: 0 };
  let isStopping = false;

  const addresses = new WeakMap<Request, string>();
  const addressOf = (request: Request) => addresses.get(request) ?? "unknown";

  /** Finds the client's address once for all who ask for it. */
  function receive(request: Request, info: RequestInfo): void {
    addresses.set(request, clientAddress(request, peerAddress(info), config.trustProxy));
    if (config.trustProxy > 0 || !request.headers.has("x-forwarded-for")) return;
    warnOnce("X-Forwarded-For ignored", {
      address: addressOf(request),
      hint:
        "behind a proxy, set TRUST_PROXY to the number of proxies, else all clients count as one",
    });
  }

  function readiness(request: Request): Response {
    const roads = searchParams(request).getAll("for");
    if (roads.some((road) => road !== "subscribe")) {
      return problem(
        400,
        "Use /readyz for all clients, or /readyz?for=subscribe for subscribers alone",
      );
    }
    if (isStopping) return plain(503, "stopping\n");
    return hub.isLogUp || roads.length > 0
      ? plain(200, "ok\n")
      : plain(503, "the event log is away\n");
  }

  const stopClock = startClock(hub, config, onError);
  const connections = new Connections({ ...config, log });
  const sessions = createSessions({ ...config, addressOf });
  const authorize = limitWrongTokens(
    sessions.authorizeFirst(options.authorize ?? authorizeByToken(config)),
    { addressOf, onLimit: (address) => warnOnce("too many wrong tokens", { address }) },
  );
  const watcher = createConsole({
    hub,
    connections,
    authorize,
    memoryBytes,
    onError,
  });

  const sse = {
    config,
    hub,
    connections,
    authorize,
    writers,
    addressOf,
    refusedPublishers,
    onError,
  };
  const metrics = () =>
    metricsText({
      hub: hub.stats(),
      isLogUp: hub.isLogUp,
      connections: connections.stats(),
      refusedPublishers: { ...refusedPublishers },
      droppedLines: figure(options.droppedLines) ?? 0,
      memoryBytes: memoryBytes(),
    });
  const describeStream = ({ url }: Request) =>
    hub.stream(nameBelow("/streams/", rawPath(url)) ?? "");
  const routes = new Map<string, Route>([
    ...pages,
    ["/sse", sseRoute({ ...sse, isStopping: () => isStopping, makeEvent: time })],
    ["/streams", overview(authorize, (request) => listStreams(hub, request))],
    ["/streams/*", overview(authorize, (request) => json(describeStream(request)))],
    ["/metrics", overview(authorize, () => plain(200, metrics(), METRICS_TYPE))],
    ["/session", sessions.route],
    ["/console/events", watcher.route],
    ["/healthz", { GET: () => plain(200, "ok\n") }],
    ["/readyz", { GET: readiness }],
  ]);
  const handler = withNosniff(
    withAllowedHosts(
      withoutUnreadBody(withCors(recover(createRouter(routes), onError), config.corsOrigins)),
      {
        allowedHosts: config.allowedHosts,
        trustProxy: config.trustProxy,
        onRefused: (host) =>
          warnOnce("host name refused", {
            host: host.slice(0, 255),
            hint: "to serve it, set ALLOWED_HOSTS; behind a proxy, set TRUST_PROXY",
          }),
      },
    ),
  );
  return {
    async fetch(request, info = {}) {
      receive(request, info);
      return await handler(request, info);
    },
    hub,
    async drain(withinMs) {
      isStopping = true;
      await Promise.all([
        hub.drain(withinMs),
        stagger(writers, withinMs, (writer) => writer.sendAway()),
      ]);
    },
    async close() {
      isStopping = true;
      stopClock();
      for (const writer of writers) writer.sendAway();
      await Promise.all([watcher.close(), hub.close()]);
    },
  };
}

/** A route for who may see what the server does. */
function overview(authorize: Authorize, describe: (request: Request) => Response): Route {
  return {
    async GET(request) {
      const grant = await authorize(request, "admin", []);
      return grant instanceof Response ? grant : describe(request);
    },
  };
}

function authorizeByToken({ publishToken, jwtKey, subscribe }: Config): Authorize {
  const key = jwtKey === undefined ? undefined : importJwtKey(jwtKey);
  return createAccess({ publishToken, jwtKey: key, subscribe }).authorize;
}

/** The hub of a configuration, with nothing of it that a hub has no need to know. */
function createHub(
  config: Config,
  options: Pick<HubOptions, "log" | "onLogChange" | "onError">,
): BroadcastHub {
  const { historyEvents, historyBytes, historyTotalBytes, maxStreams } = config;
  const { slowSubscriber, retryMs } = config;
  return new BroadcastHub({
    historyEvents,
    historyBytes,
    historyMs: config.historySeconds * 1_000,
    historyTotalBytes,
    // A closed list is the bound already, and streams outside it that a log still has don't count.
    maxStreams: config.streams ? Infinity : maxStreams,
    slowSubscriber,
    retryMs,
    heartbeatMs: config.heartbeatSeconds * 1_000,
    stallMs: config.stallSeconds * 1_000,
    ...options,
  });
}

/** Publishes the time to the ephemeral stream {@linkcode CLOCK}; returns what stops it. */
function startClock(hub: BroadcastHub, config: Config, report: Report): () => void {
  if (!isServed(CLOCK, config)) return () => {};
  hub.createStream(CLOCK, { ephemeral: true });
  const tick = () => guard(report, () => hub.publish(CLOCK, { data: time() }));
  const timer = setInterval(tick, config.intervalMs);
  return () => clearInterval(timer);
}

function time(): string {
  return `time: ${new Date().toISOString()}`;
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  return typeof error === "object" ? Object.prototype.toString.call(error) : String(error);
}

function json(body: unknown): Response {
  if (body === undefined) return problem(404, "There is no such stream");
  return Response.json(body, { headers: { "cache-control": "no-store" } });
}

function plain(status: number, text: string, type = "text/plain; charset=utf-8"): Response {
  const headers = { "content-type": type, "cache-control": "no-store" };
  return new Response(text, { status, headers });
}
