/**
 * How often something may be done, by whom.
 *
 * @module
 */

/** A bucket of permits for each key, filled evenly, that holds as many as one second brings. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #now: () => number;
  // By the last take, the longest ago first.
  readonly #buckets = new Map<string, { permits: number; atMs: number }>();

  /**
   * Limits each key to `perSecond`; 0 is no limit.
   *
   * @param now A clock in milliseconds that never goes back.
   */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Takes a permit. Returns 0, or where there is none the seconds until there is one, rounded up. */
  take(key: string): number {
    if (this.#perSecond === 0) return 0;
    const nowMs = this.#now();
    const most = Math.max(1, this.#perSecond);
    const { permits, atMs } = this.#buckets.get(key) ?? { permits: most, atMs: nowMs };
    const filled = Math.min(most, permits + (nowMs - atMs) * this.#perSecond / 1_000);
    const isAllowed = filled >= 1;
    this.#buckets.delete(key);
    this.#buckets.set(key, { permits: isAllowed ? filled - 1 : filled, atMs: nowMs });
    this.#forgetOldest();
    return isAllowed ? 0 : Math.ceil((1 - filled) / this.#perSecond);
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
