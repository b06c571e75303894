/**
 * What the operator's console is fed with: events of a hub of its own, which `/sse` can't reach.
 *
 * @module
 */

import type { HubStats } from "../figures.ts";
import { quantile } from "../histogram.ts";
import { BroadcastHub } from "../hub.ts";
import { guard } from "../report.ts";
import type { Authorize } from "./access.ts";
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
  const { hub, connections, authorize, memoryBytes, onError } = options;
  const own = new BroadcastHub({ onError });
  own.createStream("figures", { historyEvents: KEPT_SECONDS, replayEvents: KEPT_SECONDS });
  own.createStream("overview", { historyEvents: 1, replayEvents: 1, slowSubscriber: "latest" });
  let before = hub.stats();
  let beforeMs = performance.now();
  let rates = new Map<string, number>();
  let heads = new Map<string, number>();

  function publish(): void {
    const stats = hub.stats();
    const nowMs = performance.now();
    const seconds = (nowMs - beforeMs) / 1_000;
    const data = figures(before, stats, seconds, connections.size, memoryBytes());
    own.publish("figures", { event: "figures", data: JSON.stringify(data) });
    before = stats;
    beforeMs = nowMs;
    if (own.stats().subscribers === 0) heads.clear();
    else {
      ({ rates, heads } = countRates(hub, heads, seconds));
      own.publish("overview", {
        event: "overview",
        data: JSON.stringify(overview(options, rates)),
      });
    }
  }

  const timer = setInterval(() => guard(onError, publish), 1_000);
  return {
    route: {
      async GET(request) {
        const grant = await authorize(request, "admin", []);
        if (grant instanceof Response) return grant;
        const expiresInMs = (grant.expiresAtMs ?? Infinity) - Date.now();
        return own.subscribe(request, { streams: ["figures", "overview"], expiresInMs });
      },
    },
    close() {
      clearInterval(timer);
      return own.close();
    },
  };
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

/** How often each stream was published to, a second, since the last time. */
function countRates(
  hub: BroadcastHub,
  before: ReadonlyMap<string, number>,
  seconds: number,
): { rates: Map<string, number>; heads: Map<string, number> } {
  const heads = new Map(hub.streams().map(({ name, published }) => [name, published]));
  const rates = new Map(
    Array.from(heads, ([name, published]) => [
      name,
      (published - (before.get(name) ?? published)) / seconds,
    ]),
  );
  return { rates, heads };
}

function overview(
  { hub, connections }: ConsoleOptions,
  rates: ReadonlyMap<string, number>,
): unknown {
  const streams = hub.streams();
  const subscribers = hub.subscribers();
  const nowMs = performance.now();
  const own = Array.from(connections.listed).filter((connection) =>
    connection.streams.length === 0
  );
  const rows = [
    ...subscribers.map(({ context, streams, ageMs, events, behind }) => ({
      address: context ?? "unknown",
      streams,
      ageSeconds: Math.floor(ageMs / 1_000),
      events,
      behind,
    })),
    ...own.map(({ address, openedMs }) => ({
      address,
      streams: [],
      ageSeconds: Math.floor((nowMs - openedMs) / 1_000),
      events: null,
      behind: 0,
    })),
  ];
  return {
    streams: streams.slice(0, MAX_ROWS)
      .map((stream) => ({ ...stream, rate: rates.get(stream.name) ?? 0 })),
    moreStreams: Math.max(0, streams.length - MAX_ROWS),
    connections: rows.slice(0, MAX_ROWS),
    more: Math.max(0, rows.length - MAX_ROWS),
  };
}
