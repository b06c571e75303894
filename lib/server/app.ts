/**
 * The whole server as one fetch handler: its parts, its routes, and what wraps them. Listening, signals
 * and printing belong to the process; see `main.ts`.
 *
 * @module
 */

import { checkNames, checkOptions } from "../wire/check_options.ts";
import type { BroadcastHub } from "../hub/hub.ts";
import type { EventWriter } from "../wire/event_writer.ts";
import { stagger } from "../wire/stagger.ts";
import { withAllowedHosts } from "./allowed_hosts.ts";
import { APP_OPTION_RULES, type AppOptions } from "./app_options.ts";
import { type AppParts, createParts } from "./app_parts.ts";
import type { Config } from "./config.ts";
import { withCors } from "./cors.ts";
import { withInternalError } from "./internal_error.ts";
import { readConfig } from "./read_config.ts";
import { closingWhen, withNosniff } from "./response_headers.ts";
import { createRouter, type Handler, type RequestInfo } from "./router.ts";
import { describeMissingPath, describeWrongMethod } from "./route_hints.ts";
import { createRoutes } from "./routes.ts";
import { isServed } from "./served_streams.ts";
import { startTimeStream, TIME_STREAM } from "./time_stream.ts";
import { withoutUnreadBody } from "./unread_body.ts";

export type { AppOptions } from "./app_options.ts";
export type { Action, Authorize, Grant } from "./authorize.ts";
export { type Config, ConfigError } from "./config.ts";
export type { ProcessStats } from "./process_stats.ts";
export type { JwtAlgorithm } from "./jwt_algorithm.ts";
export { importJwtKeys, type JwtKey } from "./jwt_key.ts";
export { readConfig } from "./read_config.ts";
export type { LogFormat } from "./request_log.ts";
export type { Handler, RequestInfo, Route } from "./router.ts";
export { CutConnection } from "../wire/ending.ts";
// What an app hands out, such as its hub, is documented here too.
export type * from "../mod.ts";

/** A server without a socket. */
export interface App {
  /** Answers a request. `info` is what the runtime's own server knows of its connection. */
  readonly fetch: (request: Request, info?: RequestInfo) => Promise<Response>;
  /** The hub behind `/sse?stream=`; it accepts subscribers and publishers once it is `ready`. */
  readonly hub: BroadcastHub;
  /** Returns the number of open event streams. */
  readonly connections: () => number;
  /**
   * Makes a code that opens one session of the console within 60 seconds, in place of the one before it:
   * `/console#code=<code>`. Show it only to the operator. `undefined` without a publish token.
   */
  readonly createLoginCode: () => string | undefined;
  /**
   * Ends every event stream with a `goaway`, each at a random moment within `withinMs` milliseconds. The
   * `goaway` asks the client to reconnect in 5 to 15 seconds, with a shared log in 0.1 to 1 second. From
   * now on `/readyz` is 503, publishes get a 503, and new clients are asked to reconnect later. Resolves
   * when every stream has ended; call `close()` then.
   */
  readonly drain: (withinMs: number) => Promise<void>;
  /** Ends every event stream at once; new clients are asked to reconnect later. May be called twice. */
  readonly close: () => Promise<void>;
}

/**
 * Makes the server of a configuration.
 *
 * @throws {TypeError} If an option or a setting is unknown.
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
  checkOptions("create app", options, APP_OPTION_RULES);
  checkNames("create app", config, Object.keys(readConfig(() => undefined)));
  const parts = createParts(config, options);
  const { hub, writers, addresses, setStopping, onError } = parts;
  const sendAway = (writer: EventWriter) => writer.sendAway(parts.goawayRetryMs());
  const stopTime = isServed(TIME_STREAM, config)
    ? startTimeStream(hub, config.intervalMs, onError)
    : () => {};
  const handler = wrap(createRouter(createRoutes(parts), ROUTE_HINTS), parts);
  return {
    async fetch(request, info = {}) {
      addresses.add(request, info);
      return await handler(request, info);
    },
    hub,
    connections: () => parts.connections.size,
    createLoginCode: parts.sessions.createLoginCode,
    async drain(withinMs) {
      setStopping();
      for (const end of parts.ingests) end();
      await Promise.all([
        hub.drain(withinMs),
        stagger(writers, withinMs, sendAway),
      ]);
    },
    async close() {
      setStopping();
      for (const end of parts.ingests) end();
      stopTime();
      for (const writer of writers) sendAway(writer);
      await parts.instances.close();
      await Promise.all([parts.console.close(), hub.close(), parts.jwt?.close()]);
      parts.refusals.close();
    },
  };
}

/**
 * Wraps the router in what holds for every route; the outermost comes last and sees a request first.
 */
function wrap(
  router: Handler,
  { config, refusals, isStopping, onError, warnOnce }: AppParts,
): Handler {
  const caught = withInternalError(router, onError);
  const shared = withCors(caught, config.corsOrigins);
  const bounded = withoutUnreadBody(shared);
  const hosted = withAllowedHosts(bounded, {
    allowedHosts: config.allowedHosts,
    trustProxy: config.trustProxy,
    onRefused: (host) =>
      warnOnce("host name refused", { host: host.slice(0, 255), hint: HOST_HINT }),
  });
  return withNosniff(closingWhen(isStopping, refusals.watch(hosted)));
}

const ROUTE_HINTS = { missingPath: describeMissingPath, wrongMethod: describeWrongMethod };
const HOST_HINT = "to serve it, set ALLOWED_HOSTS; behind a proxy, set TRUST_PROXY";
