/**
 * Limits how often something may be done, for each key such as an address.
 *
 * @module
 */

/** Options of {@linkcode RateLimit}. */
export interface RateLimitOptions {
  /** How many permits a bucket holds. By default the permits of one second, at least 1. */
  readonly burst?: number;
  /** A clock in milliseconds that never goes back. By default `performance.now()`. */
  readonly now?: () => number;
}

/** A token bucket for each key, filled evenly. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  // In the order of their last use, the oldest first.
  readonly #buckets = new Map<string, { permits: number; atMs: number }>();

  /** Gives each key `perSecond` permits a second; 0 is no limit. */
  constructor(perSecond: number, options: RateLimitOptions = {}) {
    const { burst = Math.max(1, perSecond), now = () => performance.now() } = options;
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#now = now;
  }

  /** Takes a permit. Returns 0, or if there is none, the seconds until there is one, rounded up. */
  take(key: string): number {
    if (this.#perSecond === 0) return 0;
    const permits = this.#fill(key);
    const isAllowed = permits >= 1;
    this.#keep(key, isAllowed ? permits - 1 : permits);
    return isAllowed ? 0 : Math.ceil((1 - permits) / this.#perSecond);
  }

  /**
   * Takes permits that may not be there yet, when one request turns out to need several. The bucket is
   * then in debt until enough permits have been added.
   */
  owe(key: string, permits: number): void {
    if (this.#perSecond > 0) this.#keep(key, this.#fill(key) - permits);
  }

  /** Returns after how many milliseconds a bucket is out of debt; 0 if it is in none. */
  waitMs(key: string): number {
    return this.#perSecond === 0 ? 0 : Math.max(0, -this.#fill(key) * 1_000 / this.#perSecond);
  }

  /** The permits that a bucket has by now. */
  #fill(key: string): number {
    const nowMs = this.#now();
    const { permits, atMs } = this.#buckets.get(key) ?? { permits: this.#burst, atMs: nowMs };
    return Math.min(this.#burst, permits + (nowMs - atMs) * this.#perSecond / 1_000);
  }

  #keep(key: string, permits: number): void {
    this.#buckets.delete(key);
    this.#buckets.set(key, { permits, atMs: this.#now() });
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    if (this.#buckets.size <= MAX_KEYS) return;
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}

const MAX_KEYS = 10_000;
