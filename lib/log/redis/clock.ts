/**
 * The clock of a Redis: it stamps the entries, so that it also says how old they are.
 *
 * @module
 */

/** Tells the time of a Redis between the moments at which it was asked. */
export class RedisClock {
  // Until it has been asked, it is taken for the clock of this machine.
  #timeMs = Date.now();
  // The wall clock of this machine may be set; this one only counts.
  #askedMs = performance.now();

  /** The time in milliseconds since 1970: behind by as long as the last answer took, and not ahead. */
  get nowMs(): number {
    return Math.floor(this.#timeMs + performance.now() - this.#askedMs);
  }

  /** Takes note of what Redis answers to `TIME`: seconds and microseconds. */
  note(reply: unknown): void {
    const [seconds, microseconds] = reply as readonly string[];
    this.#timeMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    this.#askedMs = performance.now();
  }
}
