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
  constructor(response: EventResponse, expiresMs = Infinity) {
    this.#response = response;
    this.#expiresMs = expiresMs;
  }

  /** Looks. A silence and the response's time end up to a tick early, a stall up to a tick late. */
  tick({ timeMs, tickMs, elapsedMs }: Tick, { heartbeatMs, stallMs }: LivenessOptions): void {
    if (timeMs + tickMs > this.#expiresMs) return this.#response.expire();
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

/** Watches a response until it ends, with all others by one timer that ticks every second. */
export function watch(
  response: EventResponse,
  { expiresMs, ...options }: LivenessOptions & { readonly expiresMs: number },
): void {
  const liveness = new Liveness(response, expiresMs);
  watched.set(liveness, options);
  stopTicks ??= startTicks(TICK_MS, tickAll);
  response.onEnd(() => {
    watched.delete(liveness);
    if (watched.size > 0) return;
    stopTicks?.();
    stopTicks = undefined;
  });
}

const HEARTBEAT = new TextEncoder().encode(":\n");
const TICK_MS = 1_000;
const watched = new Map<Liveness, LivenessOptions>();
let stopTicks: (() => void) | undefined;

function tickAll(tick: Tick): void {
  for (const [liveness, options] of watched) liveness.tick(tick, options);
}
