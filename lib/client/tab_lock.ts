/**
 * The lock by which tabs agree who leads: whoever holds it leads.
 *
 * @module
 */

/** The members of `LockManager` that are used. */
export interface Locks {
  /** Calls back when the lock is granted, and holds it until the callback's promise is settled. */
  readonly request: (
    name: string,
    options: LockOptions,
    callback: (lock: unknown) => Promise<void> | undefined,
  ) => Promise<unknown>;
}

/** How a lock is asked for. */
export interface LockOptions {
  /** Takes the request back when it aborts. */
  readonly signal?: AbortSignal;
  /** Takes the lock away from whoever has it. */
  readonly steal?: boolean;
}

/** What a lock tells its tab. */
export interface LockOwner {
  /** Is told that the tab has the lock. */
  readonly onGranted: () => void;
  /** Is told that another tab has taken the lock away. */
  readonly onLost: () => void;
}

/** The lock of a tab, which waits for it whenever it does not have it. */
export class TabLock {
  readonly #name: string;
  readonly #locks: Locks;
  readonly #owner: LockOwner;
  #request = new AbortController();
  #release = () => {};

  /** Asks for the lock. */
  constructor(name: string, locks: Locks, owner: LockOwner) {
    this.#name = name;
    this.#locks = locks;
    this.#owner = owner;
    this.#ask();
  }

  /** Takes the lock away from whoever has it. */
  steal(): void {
    this.#ask(true);
  }

  /** Gives the lock to the tab that has waited longest, and waits again. */
  release(): void {
    this.#release();
  }

  /** Gives the lock away for good. */
  close(): void {
    this.#request.abort();
    this.#release();
  }

  async #ask(steal = false): Promise<void> {
    // A tab with two requests would give the lock to itself.
    this.#request.abort();
    const { signal } = this.#request = new AbortController();
    let wasGranted = false;
    try {
      await this.#locks.request(this.#name, steal ? { steal } : { signal }, () => {
        if (signal.aborted) return;
        wasGranted = true;
        const held = new Promise<void>((resolve) => this.#release = resolve);
        this.#owner.onGranted();
        return held;
      });
    } catch {
      // The request was taken back, or the browser grants no locks; or the lock was taken away.
      if (wasGranted && !signal.aborted) this.#owner.onLost();
    }
    if (wasGranted && !signal.aborted) this.#ask();
  }
}
