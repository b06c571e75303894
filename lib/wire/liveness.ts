/**
 * Watches open responses: sends heartbeats, and ends stalled and expired connections.
 *
 * @module
 */

import type { EventResponse } from "./event_response.ts";

/** Limits in milliseconds; 0 is off. */
export interface LivenessOptions {
  /** The longest silence before a heartbeat is sent. */
  readonly heartbeatMs: number;
  /** How long bytes may wait for a client that takes none. Then the connection ends, reason `stalled`. */
  readonly stallMs: number;
  /** How long a connection may last, 10 % more or less, before a `goaway` ends it. 0 is off. */
  readonly maxConnectionMs?: number;
}

/** A moment at which responses are checked. */
export interface Tick {
  /** The time by the wall clock, in milliseconds since 1970. */
  readonly timeMs: number;
  /** The interval between ticks, in milliseconds. */
  readonly tickMs: number;
  /**
   * How long ago the last tick was, in milliseconds: more than `tickMs` if the event loop stood still.
   */
  readonly elapsedMs: number;
}

/** Calls `onTick` every `tickMs` milliseconds. Returns a function that stops the calls. */
export function startTicks(tickMs: number, onTick: (tick: Tick) => void): () => void {
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    const elapsedMs = nowMs - lastMs;
    lastMs = nowMs;
    onTick({ timeMs: Date.now(), tickMs, elapsedMs });
  }, tickMs);
  return () => clearInterval(timer);
}

/** Watches one response by checking it at each tick. Writing to the response costs nothing extra. */
export class Liveness {
  readonly #response: EventResponse;
  readonly #options: LivenessOptions;
  readonly #expiresMs: number;
  readonly #maxAgeMs: number;
  #seenBytes = 0;
  #takenBytes = 0;
  #silentMs = 0;
  #dueMs = 0;
  #stalledMs = 0;

  /**
   * Begins to watch a response.
   *
   * @param expiresMs When the response expires, in milliseconds since 1970. The wall clock decides,
   * because `performance.now()` stands still while the machine is suspended.
   */
  constructor(response: EventResponse, options: LivenessOptions, expiresMs = Infinity) {
    this.#response = response;
    this.#options = options;
    this.#expiresMs = expiresMs;
    const { maxConnectionMs = 0 } = options;
    this.#maxAgeMs = maxConnectionMs * (0.9 + 0.2 * Math.random()) || Infinity;
  }

  /**
   * Checks the response. Heartbeats and expiry are up to a tick early; a stall is noticed up to a tick
   * late.
   */
  tick(tick: Tick): void {
    try {
      this.#check(tick);
    } catch (error) {
      this.#response.fail(error);
    }
  }

  #check({ timeMs, tickMs, elapsedMs }: Tick): void {
    if (timeMs + tickMs > this.#expiresMs) return this.#response.expire();
    if (this.#response.ageMs + tickMs > this.#maxAgeMs) return this.#response.goAway("renew");
    const { heartbeatMs, stallMs } = this.#options;
    const { bytes, waitingBytes, heartbeat } = this.#response;
    const isStalled = waitingBytes > 0 && bytes - waitingBytes === this.#takenBytes;
    // Adds tickMs, not elapsedMs: while the event loop stood still, no client could take anything.
    this.#stalledMs = isStalled ? this.#stalledMs + tickMs : 0;
    const passedMs = Math.max(elapsedMs, tickMs);
    this.#silentMs = bytes === this.#seenBytes ? this.#silentMs + passedMs : 0;
    this.#dueMs = heartbeat.isDue ? this.#dueMs + passedMs : 0;
    const quietMs = Math.max(this.#silentMs, this.#dueMs);
    this.#takenBytes = bytes - waitingBytes;
    if (stallMs > 0 && this.#stalledMs >= stallMs) {
      this.#response.goAway("stalled");
    } else if (heartbeatMs > 0 && waitingBytes === 0 && quietMs + tickMs >= heartbeatMs) {
      const { bytes, events } = heartbeat.take();
      this.#response.enqueue(bytes, events);
      // A heartbeat is sent exactly on the tick; other bytes were sent up to a tick before.
      this.#silentMs = -tickMs;
    }
    this.#seenBytes = this.#response.bytes;
  }
}

/**
 * Watches a response. All responses with the same interval share one timer.
 *
 * @param expiresMs When the response expires, in milliseconds since 1970.
 * @returns A function to call when the response has ended.
 */
export function watch(
  response: EventResponse,
  options: LivenessOptions,
  expiresMs: number,
): () => void {
  const tickMs = tickMsOf(options);
  const group = groups.get(tickMs) ?? startGroup(tickMs);
  const liveness = new Liveness(response, options, expiresMs);
  group.watched.add(liveness);
  return () => {
    if (!group.watched.delete(liveness) || group.watched.size > 0) return;
    group.stop();
    groups.delete(tickMs);
  };
}

/** Responses that share one timer. */
interface Group {
  readonly watched: Set<Liveness>;
  readonly stop: () => void;
}

const groups = new Map<number, Group>();

/** Returns the interval between checks: half of the shortest limit, and at most a second. */
function tickMsOf({ heartbeatMs, stallMs }: LivenessOptions): number {
  return Math.min(heartbeatMs / 2 || MAX_TICK_MS, stallMs / 2 || MAX_TICK_MS, MAX_TICK_MS);
}

function startGroup(tickMs: number): Group {
  const watched = new Set<Liveness>();
  const stop = startTicks(tickMs, (tick) => {
    for (const liveness of watched) liveness.tick(tick);
  });
  const group = { watched, stop };
  groups.set(tickMs, group);
  return group;
}

const MAX_TICK_MS = 1_000;
