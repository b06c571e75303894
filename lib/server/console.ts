/**
 * The event stream of the operator's console. It comes from a hub of its own, which `/sse` can't reach.
 *
 * @module
 */

import type { HubStats, StreamInfo } from "../hub/stats.ts";
import { quantile } from "../wire/histogram.ts";
import { BroadcastHub } from "../hub/hub.ts";
import { guard } from "../wire/report.ts";
import type { Authorize } from "./authorize.ts";
import type { Connections } from "./connections.ts";
import type { Route } from "./router.ts";

/** Options of {@linkcode createConsole}. */
export interface ConsoleOptions {
  /** The hub whose figures are shown. */
  readonly hub: BroadcastHub;
  /** The connections that are shown. */
  readonly connections: Connections;
  /** Decides who may use the console: action `admin`. */
  readonly authorize: Authorize;
  /** Returns the process's resident memory in bytes; `undefined` if it is unknown. */
  readonly memoryBytes: () => number | undefined;
  /** Called with errors that occur while figures are taken. */
  readonly onError: (error: unknown) => void;
}

/** The event stream of the console. */
export interface Console {
  /**
   * `GET /console/events`: the `figures` of the last 15 minutes and the latest `overview`, then new
   * ones.
   */
  readonly route: Route;
  /** Ends the event stream. May be called twice. */
  readonly close: () => Promise<void>;
}

/** Creates the event stream; figures are taken every second from now on. */
export function createConsole(options: ConsoleOptions): Console {
  const { authorize, onError } = options;
  const feed = createFeed(onError);
  const publish = createPublisher(feed, options);
  const timer = setInterval(() => guard(onError, publish), 1_000);
  return {
    route: { GET: (request) => subscribe(request, feed, authorize) },
    close() {
      clearInterval(timer);
      return feed.close();
    },
  };
}

/** The hub of the console, with the streams `figures` and `overview`. */
function createFeed(onError: ConsoleOptions["onError"]): BroadcastHub {
  const feed = new BroadcastHub({ ending: "cut", onError });
  feed.createStream("figures", { historyEvents: KEPT_SECONDS, replayEvents: KEPT_SECONDS });
  feed.createStream("overview", { historyEvents: 1, replayEvents: 1, slowSubscriber: "latest" });
  return feed;
}

/** Returns a function that publishes the figures of the time since its last call. */
function createPublisher(feed: BroadcastHub, options: ConsoleOptions): () => void {
  const { hub, connections, memoryBytes } = options;
  let before = hub.stats();
  let beforeMs = performance.now();
  let streams: readonly StreamRow[] = [];
  return () => {
    const stats = hub.stats();
    const nowMs = performance.now();
    const seconds = (nowMs - beforeMs) / 1_000;
    const data = figures(before, stats, seconds, connections.size, memoryBytes());
    feed.publish("figures", { event: "figures", data: JSON.stringify(data) });
    before = stats;
    beforeMs = nowMs;
    // While no operator watches, rates are not kept up: the next overview begins without them.
    if (feed.stats().subscribers === 0) streams = [];
    else {
      streams = streamRows(hub, streams, seconds);
      const data = overview(options, stats, streams);
      feed.publish("overview", { event: "overview", data: JSON.stringify(data) });
    }
  };
}

async function subscribe(
  request: Request,
  feed: BroadcastHub,
  authorize: Authorize,
): Promise<Response> {
  const grant = await authorize(request, "admin", []);
  if (grant instanceof Response) return grant;
  const expiresInMs = (grant.expiresAtMs ?? Infinity) - Date.now();
  return feed.subscribe(request, { streams: ["figures", "overview"], expiresInMs });
}

const KEPT_SECONDS = 900;
const MAX_ROWS = 200;

function figures(
  before: HubStats,
  after: HubStats,
  seconds: number,
  open: number,
  memoryBytes: number | undefined,
): unknown {
  const latency = (share: number) => quantile(before.latencyMs, after.latencyMs, share) ?? null;
  return {
    time: Date.now(),
    connections: open,
    subscribers: after.subscribers,
    published: (after.published - before.published) / seconds,
    delivered: (after.deliveredEvents - before.deliveredEvents) / seconds,
    latencyP50Ms: latency(0.5),
    latencyP99Ms: latency(0.99),
    memoryBytes: memoryBytes ?? null,
  };
}

/** A stream as the console shows it, with its publishes a second since the last overview. */
interface StreamRow extends StreamInfo {
  readonly rate: number;
}

/** The first streams by name. The cost does not grow with the number of other streams. */
function streamRows(
  hub: BroadcastHub,
  before: readonly StreamRow[],
  seconds: number,
): readonly StreamRow[] {
  const published = new Map(before.map((row) => [row.name, row.published]));
  return hub.streams({ limit: MAX_ROWS }).map((stream) => {
    const since = stream.published - (published.get(stream.name) ?? stream.published);
    return { ...stream, rate: since / seconds };
  });
}

function overview(
  { hub, connections }: ConsoleOptions,
  stats: HubStats,
  streams: readonly StreamRow[],
): unknown {
  const nowMs = performance.now();
  const subscribers = hub.subscribers({ limit: MAX_ROWS })
    .map(({ id, client, streams, ageMs, events, behind }) => ({
      id,
      address: client.address ?? "unknown",
      streams,
      ageSeconds: Math.floor(ageMs / 1_000),
      events,
      behind,
    }));
  const own = connections.ownAfter("").take(MAX_ROWS - subscribers.length)
    .map(({ id, client, openedMs }) => ({
      id,
      address: client.address ?? "unknown",
      streams: [],
      ageSeconds: Math.floor((nowMs - openedMs) / 1_000),
      events: null,
      behind: 0,
    }));
  const rows = [...subscribers, ...own];
  return {
    streams,
    moreStreams: stats.streams - streams.length,
    connections: rows,
    more: stats.subscribers + connections.ownSize - rows.length,
  };
}
