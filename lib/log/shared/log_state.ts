/**
 * Whether a log can be written and read, as a named state.
 *
 * @module
 */

/**
 * The state of a log, judged by what happened since its store was last unreachable:
 *
 * - *unreachable*: a call of the store failed, and no call has succeeded since.
 * - *checked*: the store could be written, and its epoch and its end are those that the hub knows, or the
 *   hub has adopted them. Entries may wait to be delivered.
 * - *caught up*: all entries are delivered. The store is not compared yet.
 * - *up*: both. Only now does the log accept events.
 *
 * A failed call makes each of them *unreachable*.
 */
export type LogStateName = "unreachable" | "checked" | "caught up" | "up";

/** The callbacks of a {@linkcode LogState}. */
export interface LogStateListener {
  /** Called when the log is up again, and with each new reason why the store is unreachable. */
  readonly changed: (isUp: boolean, reason?: unknown) => void;
  /** Called each time that the state becomes *up*, or stays *up*. */
  readonly onUp: () => void;
  /** Called with the error of each failed call of the store. */
  readonly onDown: () => void;
}

/** Keeps the state of a log. It begins *unreachable*. */
export class LogState {
  readonly #listener: LogStateListener;
  #name: LogStateName = "unreachable";
  #downs = 0;
  #isClosed = false;
  // The reasons that the listener has got since the log was last up.
  readonly #reasons = new Set<string>();

  /** Reports changes to a listener. */
  constructor(listener: LogStateListener) {
    this.#listener = listener;
  }

  /** Whether the log accepts events. */
  get isUp(): boolean {
    return this.#name === "up";
  }

  /** Whether the store was compared with what the hub knows. */
  get isChecked(): boolean {
    return this.#name === "checked" || this.isUp;
  }

  /** Whether all entries of the store were delivered. */
  get isCaughtUp(): boolean {
    return this.#name === "caught up" || this.isUp;
  }

  /** Whether the log is closed: its state does not change any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How often a call of the store failed: work that began before the last failure proves nothing. */
  get downs(): number {
    return this.#downs;
  }

  /** Records that the store was compared. */
  check(): void {
    this.#become(this.isCaughtUp ? "up" : "checked");
  }

  /** Records whether a page brought all entries that the store had. */
  read(isAtEnd: boolean): void {
    if (isAtEnd) this.#become(this.isChecked ? "up" : "caught up");
    else if (this.#name === "caught up") this.#name = "unreachable";
  }

  /** Records that the log is open: the store was compared and read. */
  up(): void {
    this.#become("up");
  }

  /** Records that a call of the store failed. */
  down(reason: unknown): void {
    if (this.#isClosed) return;
    this.#downs++;
    this.#name = "unreachable";
    this.#listener.onDown();
    const text = String(reason);
    if (this.#reasons.has(text) || this.#reasons.size >= MAX_REASONS) return;
    this.#reasons.add(text);
    this.#listener.changed(false, reason);
  }

  /** Makes the log *unreachable* for ever, without calling the listener. */
  close(): void {
    this.#isClosed = true;
    this.#name = "unreachable";
  }

  #become(name: LogStateName): void {
    if (this.#isClosed) return;
    this.#name = name;
    if (name !== "up") return;
    this.#listener.onUp();
    if (this.#reasons.size > 0) this.#listener.changed(true);
    this.#reasons.clear();
  }
}

/** The most reasons that are reported for one outage: a reason that contains a counter is always new. */
const MAX_REASONS = 10;
