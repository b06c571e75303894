/**
 * A pause that can be cut short.
 *
 * @module
 */

/** Waits, one at a time. */
export class Pause {
  #wake: (() => void) | undefined;
  #isClosed = false;

  /** Resolves after some milliseconds, or when it is closed. */
  async wait(ms: number): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Has `wait()` resolve, from now on at once. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }
}
