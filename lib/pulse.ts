/**
 * The life signs of a connection: a heartbeat into silence, an end for who takes nothing.
 *
 * @module
 */

import type { EventResponse } from "./response.ts";

/** How long nothing may happen, in milliseconds; 0 is off. */
export interface PulseOptions {
  /** The longest silence before a heartbeat is sent. */
  readonly heartbeatMs: number;
  /** How long bytes may wait while the client takes none; then it ends, reason `stalled`. */
  readonly stallMs: number;
}

/** Watches one response, by looking at it every so often: nothing is stored as it is written to. */
export class Pulse {
  readonly #response: EventResponse;
  #seenBytes = 0;
  #takenBytes = 0;
  #silentMs = 0;
  #stalledMs = 0;

  /** Begins with what was written by now. */
  constructor(response: EventResponse) {
    this.#response = response;
  }

  /** Looks; called every `tickMs`. A silence ends up to a tick early, a stall up to a tick late. */
  tick(tickMs: number, { heartbeatMs, stallMs }: PulseOptions): void {
    const { bytes, waitingBytes } = this.#response;
    const isStalled = waitingBytes > 0 && bytes - waitingBytes === this.#takenBytes;
    this.#stalledMs = isStalled ? this.#stalledMs + tickMs : 0;
    this.#silentMs = bytes === this.#seenBytes ? this.#silentMs + tickMs : 0;
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
export function watch(response: EventResponse, options: PulseOptions): void {
  const pulse = new Pulse(response);
  watched.set(pulse, options);
  timer ??= setInterval(tickAll, TICK_MS);
  response.onEnd(() => {
    watched.delete(pulse);
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  });
}

const HEARTBEAT = new TextEncoder().encode(":\n");
const TICK_MS = 1_000;
const watched = new Map<Pulse, PulseOptions>();
let timer: ReturnType<typeof setInterval> | undefined;

function tickAll(): void {
  for (const [pulse, options] of watched) pulse.tick(TICK_MS, options);
}
