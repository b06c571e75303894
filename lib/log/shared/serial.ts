/**
 * Work that must not overlap.
 *
 * @module
 */

/** Runs one piece of work after the other, in the order in which they were given. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves when all work is done that was given so far. */
  get idle(): Promise<unknown> {
    return this.#last;
  }

  /** Runs work when all that was given before is done. Resolves or rejects as the work does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#last.then(work);
    this.#last = running.catch(() => {});
    return running;
  }
}
