/**
 * The clock of Redis. Redis stamps the entries, so their age must be measured with its clock.
 *
 * @module
 */

/** Estimates the time of Redis from its last answer to `TIME`. */
export class RedisClock {
  // Until Redis has answered, this machine's time.
  #timeMs = Date.now();
  // The wall clock of this machine may be set; performance.now() only counts up.
  #askedMs = performance.now();

  /** The time in milliseconds since 1970; late by the delay of the last answer, and never early. */
  get nowMs(): number {
    return Math.floor(this.#timeMs + performance.now() - this.#askedMs);
  }

  /** Notes an answer to `TIME`: seconds and microseconds. */
  note(reply: unknown): void {
    const [seconds, microseconds] = reply as readonly string[];
    this.#timeMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    this.#askedMs = performance.now();
  }
}
