/**
 * What the operator's console is fed with: events of a hub of its own, which `/sse` can't reach.
 *
 * @module
 */

import type { HubStats, StreamInfo } from "../stats.ts";
import { quantile } from "../histogram.ts";
import { BroadcastHub } from "../hub.ts";
import { guard } from "../report.ts";
import type { Authorize } from "./authorize.ts";
import type { Connections } from "./connections.ts";
import type { Route } from "./router.ts";

/** Options of {@linkcode createConsole}. */
export interface ConsoleOptions {
  /** The hub to tell of. */
  readonly hub: BroadcastHub;
  /** The connections to tell of. */
  readonly connections: Connections;
  /** Decides who may see it: action `admin`. */
  readonly authorize: Authorize;
  /** The process's resident memory in bytes, where it can be known. */
  readonly memoryBytes: () => number | undefined;
  /** Gets what goes wrong while figures are taken. */
  readonly onError: (error: unknown) => void;
}

/** The feed of the console. */
export interface Console {
  /** `GET /console/events`: events `figures`, of the last 15 minutes, and `overview`. */
  readonly route: Route;
  /** Ends it. May be called twice. */
  readonly close: () => Promise<void>;
}

/** Makes the feed, and takes figures every second from now on. */
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
  const feed = new BroadcastHub({ onError });
  feed.createStream("figures", { historyEvents: KEPT_SECONDS, replayEvents: KEPT_SECONDS });
  feed.createStream("overview", { historyEvents: 1, replayEvents: 1, slowSubscriber: "latest" });
  return feed;
}

/** Makes what is called every second: it publishes figures of the time since the call before. */
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
    // Without an operator nothing is compared: the first overview after that has no rates.
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

/** A stream as the console shows it: with how often it was published to, a second, since the last time. */
interface StreamRow extends StreamInfo {
  readonly rate: number;
}

/** The first streams by name; however many there are, no more are looked at. */
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
    .map(({ context, streams, ageMs, events, behind }) => ({
      address: context ?? "unknown",
      streams,
      ageSeconds: Math.floor(ageMs / 1_000),
      events,
      behind,
    }));
  const own = connections.own.values().take(MAX_ROWS - subscribers.length)
    .map(({ address, openedMs }) => ({
      address,
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
    more: stats.subscribers + connections.own.size - rows.length,
  };
}
