/**
 * Why a hub could not do what it was asked to.
 *
 * @module
 */

/**
 * What went wrong.
 *
 * - `closed`: the hub is closed. Nothing is published through it any more.
 * - `ended`: the stream has ended. Publish to another one.
 * - `full`: there are as many streams as `maxStreams` allows.
 * - `unreachable`: the event log can't be reached; `cause` is its error. The event may have been kept
 *   all the same, so send it again with the same `id`.
 * - `lost`: the event log kept the event and lost it again. Send it again.
 */
export type HubErrorCode = "closed" | "ended" | "full" | "unreachable" | "lost";

/** An error of a `BroadcastHub` that a program can act on by its `code`. */
export class HubError extends Error {
  /** Always `HubError`. */
  override readonly name = "HubError";
  /** What went wrong. */
  readonly code: HubErrorCode;

  /** Makes one; `options.cause` is the error behind it. */
  constructor(code: HubErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
