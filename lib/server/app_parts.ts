/**
 * What the routes of a server share: its hub, its connections, and who may do what.
 *
 * @module
 */

import type { EventWriter } from "../wire/event_writer.ts";
import { goawayRetryMs } from "../wire/ending.ts";
import { BroadcastHub } from "../hub/hub.ts";
import type { EventLog } from "../log/event_log.ts";
import type { Report } from "../wire/report.ts";
import type { AppOptions } from "./app_options.ts";
import { type Authorize, authorizeByTokens } from "./authorize.ts";
import { requireGrantedPatterns } from "./granted_patterns.ts";
import { ClientAddresses } from "./client_address.ts";
import { type Config, hasPublisher } from "./config.ts";
import { type ConfiguredJwt, configureJwt } from "./configured_jwt.ts";
import { Connections } from "./connections.ts";
import { type Console, createConsole } from "./console.ts";
import { isCorsMiss } from "./cors.ts";
import { openEventLog } from "./event_log.ts";
import { Instances } from "./instances.ts";
import type { ProcessStats } from "./process_stats.ts";
import { RefusalReport } from "./refusal_report.ts";
import { RefusalTraces } from "./refusal_traces.ts";
import { refuseDenied } from "./denial.ts";
import { createLog, createWarnOnce, type Log, printable } from "./request_log.ts";
import type { Route } from "./router.ts";
import { createSessions, type Sessions } from "./session.ts";
import type { RefusedPublishers } from "./sse_context.ts";
import { staticRoutes } from "./static_files.ts";
import { VERSION } from "./version.ts";
import { limitWrongTokens } from "./wrong_tokens.ts";

/** What the routes share, and what `drain()` and `close()` end. */
export interface AppParts {
  /** The server's configuration. */
  readonly config: Config;
  /** The routes of the pages, by path. */
  readonly pages: ReadonlyMap<string, Route>;
  /** The hub behind `/sse?stream=`. */
  readonly hub: BroadcastHub;
  /** The open event streams, with their limits. */
  readonly connections: Connections;
  /** The writers of the open per-connection streams. */
  readonly writers: Set<EventWriter>;
  /** Functions that end the streamed publishes that are open. */
  readonly ingests: Set<() => void>;
  /** The clients' addresses. */
  readonly addresses: ClientAddresses;
  /** Finds a client's address. */
  readonly addressOf: (request: Request) => string;
  /** The login of the console. */
  readonly sessions: Sessions;
  /** What verifies JSON Web Tokens; `undefined` without keys. */
  readonly jwt: ConfiguredJwt | undefined;
  /** Decides who may do what. */
  readonly authorize: Authorize;
  /** Whether some credential permits to publish; without one, every publish is refused. */
  readonly canPublish: boolean;
  /** The instances that share the event log. */
  readonly instances: Instances;
  /** The events of the console. */
  readonly console: Console;
  /** Refused publishes by reason. */
  readonly refusedPublishers: RefusedPublishers;
  /** Refused requests. */
  readonly refusals: RefusalReport;
  /** Who was refused within the last hour. */
  readonly refusalTraces: RefusalTraces;
  /** Whether other instances may share the event log. */
  readonly isLogShared: boolean;
  /** Figures of the process, as far as they are known. */
  readonly processStats: () => ProcessStats;
  /** When the parts were made, on the clock of `performance.now()`. */
  readonly startedMs: number;
  /** The number of log lines that could not be printed, where it is known. */
  readonly droppedLines: () => number | undefined;
  /** Returns the `retry` of a `goaway` of a stopping server, in milliseconds. */
  readonly goawayRetryMs: () => number;
  /** Whether the server is stopping. */
  readonly isStopping: () => boolean;
  /** Marks the server as stopping, for good. */
  readonly setStopping: () => void;
  /** Writes a warning to the log, once for each message. */
  readonly warnOnce: Log;
  /** Writes an error to the log. */
  readonly onError: Report;
}

/** Makes the parts. From now on figures are taken for the console. */
export function createParts(config: Config, options: AppOptions): AppParts {
  const { print = () => {}, pages = staticRoutes(STATIC) } = options;
  const log = createLog(config.logFormat, print);
  const warnOnce = createWarnOnce(log);
  const onError = (error: unknown) => log("error", { error: describe(error) });
  const eventLog = options.eventLog ??
    openEventLog(config, (reason) => log("event log at risk", { reason }));
  const connections = new Connections({ ...config, log });
  const hub = createHub(config, { eventLog, log, connections });
  const addresses = createAddresses(config, warnOnce);
  const addressOf = (request: Request) => addresses.of(request);
  const jwt = createJwt(config, log);
  const sessions = createSessions({ ...config, jwt: jwt?.verifier, addressOf });
  const byTokens = options.authorize
    ? requireGrantedPatterns(options.authorize)
    : authorizeByTokens({ ...config, jwt: jwt?.verifier });
  const limited = limitWrongTokens(sessions.authorizeFirst(byTokens), {
    addressOf,
    onLimit: (address) => warnOnce("too many wrong tokens", { address }),
  });
  const refusalTraces = new RefusalTraces();
  const authorize = refuseDenied(limited, {
    hub,
    addressOf,
    onGrant: (request, grant) => refusalTraces.identify(request, grant),
  });
  const processStats = () => figure(options.processStats, onError) ?? {};
  const memoryBytes = () => processStats().residentBytes;
  let isStopping = false;
  const startedMs = performance.now();
  const refusals = new RefusalReport({
    log,
    addressOf,
    traces: refusalTraces,
    isCorsMiss: (request) => isCorsMiss(request, config.corsOrigins),
  });
  const instances = new Instances({
    id: hub.id,
    ready: hub.ready,
    notes: () => eventLog.notes,
    figures: () => ({
      version: VERSION,
      uptimeSeconds: Math.floor((performance.now() - startedMs) / 1_000),
      connections: connections.size,
      delivered: hub.stats().deliveredEvents,
      residentBytes: memoryBytes() ?? null,
      isStopping,
    }),
  });
  return {
    config,
    pages,
    hub,
    connections,
    writers: new Set(),
    ingests: new Set(),
    addresses,
    addressOf,
    sessions,
    jwt,
    authorize,
    canPublish: options.authorize !== undefined || hasPublisher(config),
    instances,
    console: createConsole({
      hub,
      connections,
      authorize,
      refusals: () => refusals.counts,
      memoryBytes,
      instances,
      onError,
    }),
    refusedPublishers: { rate: 0, maxStreams: 0, stopping: 0, logAway: 0 },
    refusals,
    refusalTraces,
    isLogShared: eventLog.isShared,
    processStats,
    startedMs,
    droppedLines: () => figure(options.droppedLines, onError),
    goawayRetryMs: () =>
      goawayRetryMs("draining", { ...config, isServedElsewhere: eventLog.isShared }),
    isStopping: () => isStopping,
    setStopping: () => isStopping = true,
    warnOnce,
    onError,
  };
}

const STATIC = new URL("../../static/", import.meta.url);

function createAddresses({ trustProxy }: Config, warnOnce: Log): ClientAddresses {
  return new ClientAddresses(trustProxy, (address) => {
    warnOnce("X-Forwarded-For ignored", { address, hint: PROXY_HINT });
  });
}

const PROXY_HINT =
  "behind a proxy, set TRUST_PROXY to the number of proxies, else all clients count as one";

/** The hub of a configuration, with nothing of it that a hub has no need to know. */
function createHub(
  config: Config,
  { eventLog, log, connections }: {
    readonly eventLog: EventLog;
    readonly log: Log;
    readonly connections: Connections;
  },
): BroadcastHub {
  const { historyEvents, historyBytes, historyTotalBytes, slowSubscriber, retryMs } = config;
  return new BroadcastHub({
    historyEvents,
    historyBytes,
    historyMs: config.historySeconds * 1_000,
    historyTotalBytes,
    // STREAMS is the bound already, and streams outside it that a log still has don't count.
    maxStreams: config.streams ? Infinity : config.maxStreams,
    maxAudiences: config.maxAudiences,
    slowSubscriber,
    retryMs,
    heartbeatMs: config.heartbeatSeconds * 1_000,
    stallMs: config.stallSeconds * 1_000,
    maxConnectionMs: config.maxConnectionSeconds * 1_000,
    ending: "cut",
    log: eventLog,
    onSubscribe: ({ id }, request) => connections.identify(request, id),
    onDisconnect: (filter) => connections.own.disconnect(filter),
    onLogChange: (isUp, reason) =>
      isUp
        ? log("event log reachable again")
        : log("event log unreachable", { reason: `${reason}` }),
    onError: (error) => log("error", { error: describe(error) }),
  });
}

function createJwt(config: Config, log: Log): ConfiguredJwt | undefined {
  return configureJwt(config, {
    onChange: (keys) => log("JWT keys changed", { keys: keys.map(printable) }),
    onFault: (reason) =>
      reason === undefined
        ? log("JWT keys reachable again")
        : log("JWT keys unreachable", { reason }),
  });
}

/** Reads a figure of the process. One that throws is reported and left out. */
function figure<T>(read: (() => T) | undefined, report: Report): T | undefined {
  try {
    return read?.();
  } catch (error) {
    report(error);
    return undefined;
  }
}

function describe(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  return typeof error === "object" ? Object.prototype.toString.call(error) : String(error);
}
