/**
 * The error of a hub, with a code that a program can act on.
 *
 * @module
 */

/**
 * Why a hub refused or failed.
 *
 * - `closed`: the hub is closed and publishes nothing more.
 * - `ended`: the stream has ended. Publish to another stream.
 * - `full`: there are as many streams as `maxStreams` allows.
 * - `unreachable`: the event log is unreachable; `cause` is the log's error. The log may have kept the
 *   event nevertheless, so publish the event again with the same `id`.
 * - `lost`: the event log kept the event and lost it again. Publish the event again.
 */
export type HubErrorCode = "closed" | "ended" | "full" | "unreachable" | "lost";

/** An error of a `BroadcastHub`; its `code` says what a program can do about it. */
export class HubError extends Error {
  /** Always `HubError`. */
  override readonly name = "HubError";
  /** Why the hub refused or failed. */
  readonly code: HubErrorCode;

  /** Makes an error; `options.cause` is the error of the log behind it. */
  constructor(code: HubErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
