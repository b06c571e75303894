/**
 * How long ago something was, also where the machine was suspended in between or its clock was set.
 *
 * @module
 */

/**
 * Measures by two clocks, of which the one counts that says more: `performance.now()` stands still while
 * the machine is suspended, and `Date.now()` may be set back.
 */
export class Stopwatch {
  readonly #clocks: readonly (() => number)[];
  #started: readonly number[];

  /** Starts it. */
  constructor(clocks: readonly (() => number)[] = [() => performance.now(), () => Date.now()]) {
    this.#clocks = clocks;
    this.#started = clocks.map((now) => now());
  }

  /** Starts it anew. */
  restart(): void {
    this.#started = this.#clocks.map((now) => now());
  }

  /** How long ago it was started, in milliseconds. */
  get elapsedMs(): number {
    return Math.max(...this.#clocks.map((now, i) => now() - this.#started[i]!));
  }
}
