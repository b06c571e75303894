/**
 * Which clients may not subscribe for a time.
 *
 * @module
 */

import { type ClientIdentity, IDENTITY_NAMES } from "./subscriber_filter.ts";

/** Denials, each until a time. The newest {@linkcode MAX_DENIALS} are kept. */
export class Denials {
  // In the order in which they were made.
  readonly #untilMs = new Map<string, number>();

  /** How many denials there are, those that have expired since the last `expire()` included. */
  get size(): number {
    return this.#untilMs.size;
  }

  /**
   * Denies clients with all members of an identity, of which it has one; a time in the past lifts the
   * denial.
   *
   * @param untilMs Until when, in milliseconds since 1970.
   */
  deny(client: ClientIdentity, untilMs: number, nowMs: number): void {
    for (const name of IDENTITY_NAMES) {
      const value = client[name];
      if (value === undefined) continue;
      const key = keyOf(name, value);
      this.#untilMs.delete(key);
      if (untilMs > nowMs) this.#untilMs.set(key, untilMs);
    }
    if (this.#untilMs.size <= MAX_DENIALS) return;
    this.expire(nowMs);
    for (const key of this.#untilMs.keys()) {
      if (this.#untilMs.size <= MAX_DENIALS) return;
      this.#untilMs.delete(key);
    }
  }

  /** Returns until when a client is denied, in milliseconds since 1970; `undefined` if it is not. */
  untilOf(client: ClientIdentity, nowMs: number): number | undefined {
    if (this.#untilMs.size === 0) return undefined;
    let latestMs = nowMs;
    for (const name of IDENTITY_NAMES) {
      const value = client[name];
      if (value === undefined) continue;
      latestMs = Math.max(latestMs, this.#untilMs.get(keyOf(name, value)) ?? 0);
    }
    return latestMs > nowMs ? latestMs : undefined;
  }

  /** Drops the denials that have expired. */
  expire(nowMs: number): void {
    for (const [key, untilMs] of this.#untilMs) if (untilMs <= nowMs) this.#untilMs.delete(key);
  }
}

/** The most denials that are kept. */
export const MAX_DENIALS = 10_000;

function keyOf(name: string, value: string): string {
  return `${name} ${value}`;
}
