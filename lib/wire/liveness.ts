/**
 * The life signs of a connection: a heartbeat into silence, an end for a client that takes nothing, and
 * the end of its time.
 *
 * @module
 */

import type { EventResponse } from "./event_response.ts";

/** How long nothing may happen, in milliseconds; 0 is off. */
export interface LivenessOptions {
  /** The longest silence before a heartbeat is sent. */
  readonly heartbeatMs: number;
  /** How long bytes may wait while the client takes none; then it ends, reason `stalled`. */
  readonly stallMs: number;
}

/** A moment at which connections are looked at. */
export interface Tick {
  /** The time, in milliseconds since 1970. */
  readonly timeMs: number;
  /** How often ticks come, in milliseconds. */
  readonly tickMs: number;
  /** How long ago the last one was, in milliseconds: more where the event loop stood still. */
  readonly elapsedMs: number;
}

/** Calls `onTick` every `tickMs`. Returns what ends that. */
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

/** Watches one response, by looking at it every so often: nothing is stored as it is written to. */
export class Liveness {
  readonly #response: EventResponse;
  readonly #options: LivenessOptions;
  readonly #expiresMs: number;
  #seenBytes = 0;
  #takenBytes = 0;
  #silentMs = 0;
  #stalledMs = 0;

  /**
   * Begins with what was written by now.
   *
   * @param expiresMs When the response ends, in milliseconds since 1970. A permission ends at a time of
   * day, so the wall clock decides: the other clock stands still while the machine is suspended.
   */
  constructor(response: EventResponse, options: LivenessOptions, expiresMs = Infinity) {
    this.#response = response;
    this.#options = options;
    this.#expiresMs = expiresMs;
  }

  /** Looks at the response. A silence and the response's time end up to a tick early, a stall up to a tick late. */
  tick(tick: Tick): void {
    try {
      this.#look(tick);
    } catch (error) {
      this.#response.fail(error);
    }
  }

  #look({ timeMs, tickMs, elapsedMs }: Tick): void {
    if (timeMs + tickMs > this.#expiresMs) return this.#response.expire();
    const { heartbeatMs, stallMs } = this.#options;
    const { bytes, waitingBytes } = this.#response;
    const isStalled = waitingBytes > 0 && bytes - waitingBytes === this.#takenBytes;
    // Never more than a tick: while the event loop stood still, no client could take anything.
    this.#stalledMs = isStalled ? this.#stalledMs + tickMs : 0;
    const silentMs = this.#silentMs + Math.max(elapsedMs, tickMs);
    this.#silentMs = bytes === this.#seenBytes ? silentMs : 0;
    this.#takenBytes = bytes - waitingBytes;
    if (stallMs > 0 && this.#stalledMs >= stallMs) {
      this.#response.end("stalled");
    } else if (heartbeatMs > 0 && waitingBytes === 0 && this.#silentMs + tickMs >= heartbeatMs) {
      this.#response.enqueue(HEARTBEAT, 0);
      // Unlike other bytes it left right on the tick, not up to a tick before.
      this.#silentMs = -tickMs;
    }
    this.#seenBytes = this.#response.bytes;
  }
}

/**
 * Watches a response: all that are looked at as often have one timer.
 *
 * @param expiresMs When it ends, in milliseconds since 1970.
 * @returns A function to call when it has ended.
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

/** Responses that are looked at by one timer. */
interface Group {
  readonly watched: Set<Liveness>;
  readonly stop: () => void;
}

const groups = new Map<number, Group>();

/** How often a response is looked at: twice in the shortest time that counts, and once a second. */
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

const HEARTBEAT = new TextEncoder().encode(":\n");
const MAX_TICK_MS = 1_000;
