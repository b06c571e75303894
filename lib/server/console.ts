/**
 * The event stream of the operator's console. It comes from a hub of its own, which `/sse` can't reach.
 *
 * @module
 */

import { BroadcastHub } from "../hub/hub.ts";
import { guard } from "../wire/report.ts";
import { searchParams } from "../wire/search_params.ts";
import type { Authorize } from "./authorize.ts";
import type { Connections } from "./connections.ts";
import { figuresBetween, type Sample } from "./figures.ts";
import type { Instances } from "./instances.ts";
import { jsonAnswer } from "./json_answer.ts";
import { refuse } from "./refusal.ts";
import type { RefusalCount } from "./refusal_report.ts";
import type { Route } from "./router.ts";

/** Options of {@linkcode createConsole}. */
export interface ConsoleOptions {
  /** The hub whose figures are shown. */
  readonly hub: BroadcastHub;
  /** The connections that are counted. */
  readonly connections: Connections;
  /** Decides who may use the console: action `admin`. */
  readonly authorize: Authorize;
  /** Returns how often requests were refused since the start, for each status and reason. */
  readonly refusals: () => readonly RefusalCount[];
  /** Returns the process's resident memory in bytes; `undefined` if it is unknown. */
  readonly memoryBytes: () => number | undefined;
  /** The instances that share the event log. */
  readonly instances: Instances;
  /** Called with errors that occur while figures are taken. */
  readonly onError: (error: unknown) => void;
}

/** The routes of the console. */
export interface Console {
  /**
   * `GET /console/events?span=15m`, `1h` or `12h`: the `figures` of that time, then new ones.
   */
  readonly route: Route;
  /** `GET /console/instances`: the instances that share the event log. */
  readonly instancesRoute: Route;
  /** Ends the event stream. May be called twice. */
  readonly close: () => Promise<void>;
}

/** How long the charts look back, how many points they have, and the seconds between two points. */
const SPANS = {
  "15m": { points: 900, seconds: 1 },
  "1h": { points: 720, seconds: 5 },
  "12h": { points: 720, seconds: 60 },
} as const;

type Span = keyof typeof SPANS;

/** Creates the routes; figures are taken every second from now on. */
export function createConsole(options: ConsoleOptions): Console {
  const { authorize, instances, onError } = options;
  const feed = createFeed(onError);
  const publish = createPublisher(feed, options);
  const timer = setInterval(() => guard(onError, publish), 1_000);
  return {
    route: { GET: (request) => subscribe(request, feed, authorize) },
    instancesRoute: {
      async GET(request) {
        const grant = await authorize(request, "admin", []);
        if (grant instanceof Response) return grant;
        return jsonAnswer({ instances: await instances.list() });
      },
    },
    close() {
      clearInterval(timer);
      return feed.close();
    },
  };
}

/** The hub of the console, with a stream for each span. */
function createFeed(onError: ConsoleOptions["onError"]): BroadcastHub {
  const feed = new BroadcastHub({ ending: "cut", onError });
  for (const [span, { points }] of Object.entries(SPANS)) {
    const historyMs = 13 * 3_600_000;
    feed.createStream(span, { historyEvents: points, replayEvents: points, historyMs });
  }
  return feed;
}

/** Returns a function to call every second. It publishes the figures of each span that are due. */
function createPublisher(feed: BroadcastHub, options: ConsoleOptions): () => void {
  // The memory of a moment is no part of an interval's begin.
  const first = takeSample({ ...options, memoryBytes: () => undefined });
  const before: Record<string, Sample> = {};
  let seconds = 0;
  return () => {
    const sample = takeSample(options);
    seconds++;
    for (const [span, every] of Object.entries(SPANS)) {
      if (seconds % every.seconds !== 0) continue;
      const data = JSON.stringify(figuresBetween(before[span] ?? first, sample));
      feed.publish(span, { event: "figures", data });
      before[span] = sample;
    }
  };
}

function takeSample({ hub, connections, refusals, memoryBytes }: ConsoleOptions): Sample {
  return {
    ms: performance.now(),
    hub: hub.stats(),
    connections: connections.stats(),
    refusals: Object.fromEntries(
      refusals().filter(({ count }) => count > 0)
        .map(({ status, reason, count }) => [`${status} ${reason}`, count]),
    ),
    memoryBytes: memoryBytes(),
  };
}

async function subscribe(
  request: Request,
  feed: BroadcastHub,
  authorize: Authorize,
): Promise<Response> {
  const grant = await authorize(request, "admin", []);
  if (grant instanceof Response) return grant;
  const span = searchParams(request).get("span") ?? "15m";
  if (!isSpan(span)) {
    return refuse("parameter", `The parameter span must be ${Object.keys(SPANS).join(", ")}`);
  }
  const expiresInMs = (grant.expiresAtMs ?? Infinity) - Date.now();
  return feed.subscribe(request, { streams: [span], expiresInMs });
}

function isSpan(text: string): text is Span {
  return Object.hasOwn(SPANS, text);
}
