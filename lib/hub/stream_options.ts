/**
 * The options of a stream, and their check.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";

/**
 * What happens to a subscriber that is so far behind that events it still needs have been evicted.
 *
 * - `disconnect`: the connection ends, and the client reconnects and resumes.
 * - `skip`: the subscriber gets an event `gap`, then the oldest kept event and all later events.
 * - `latest`: the subscriber gets only the newest event and no `gap`, for values that replace each
 *   other. If not even the newest event is kept, it gets a `gap`.
 *
 * If the streams of a connection have different policies, `disconnect` wins.
 */
export type SlowPolicy = "disconnect" | "skip" | "latest";

/** Every {@linkcode SlowPolicy}. */
export const slowPolicies: readonly SlowPolicy[] = ["disconnect", "skip", "latest"];

/** Options of a stream. An option left out takes the hub's value; the defaults here are the hub's. */
export interface StreamOptions {
  /**
   * Whether the stream is ephemeral: its events have no ids, can't be resumed and stay on this
   * instance, and its `slowSubscriber` is `latest`.
   *
   * @default {false}
   */
  readonly ephemeral?: boolean;
  /**
   * What happens to a subscriber that is so far behind that events it still needs have been evicted.
   *
   * @default {"disconnect"}
   */
  readonly slowSubscriber?: SlowPolicy;
  /**
   * The most events that the history keeps.
   *
   * @default {1_000}
   */
  readonly historyEvents?: number;
  /**
   * The most encoded bytes that the history keeps. The newest event is kept, whatever its size.
   *
   * @default {1_048_576}
   */
  readonly historyBytes?: number;
  /**
   * The age at which an event is evicted, in milliseconds.
   *
   * @default {3_600_000}
   */
  readonly historyMs?: number;
  /**
   * How many of the newest events a newcomer gets, a subscriber without an id. `Infinity` means all
   * kept events.
   *
   * @default {0}
   */
  readonly replayEvents?: number;
}

/** The rules for the options that a stream and a hub have in common. */
export const sharedStreamRules: OptionRules<Omit<StreamOptions, "ephemeral">> = {
  slowSubscriber: ANY,
  historyEvents: { above: 0, isWhole: true },
  historyBytes: { above: 0 },
  historyMs: { above: 0 },
  replayEvents: { min: 0, isWhole: true },
};

/**
 * Checks the options of a stream.
 *
 * @throws {TypeError} If an option is unknown.
 * @throws {RangeError} If an option is out of range.
 */
export function checkStreamOptions(options: StreamOptions): void {
  checkOptions("create stream", options, { ephemeral: ANY, ...sharedStreamRules });
  checkSlowPolicy("create stream", options);
}

/**
 * Checks the policy for slow subscribers.
 *
 * @param action What the caller was about to do, for the error's text: "create stream".
 * @throws {RangeError} If `slowSubscriber` is not a {@linkcode SlowPolicy}.
 */
export function checkSlowPolicy(action: string, { slowSubscriber }: StreamOptions): void {
  if (slowSubscriber === undefined || slowPolicies.includes(slowSubscriber)) return;
  throw new RangeError(
    `Cannot ${action}: slowSubscriber must be ${slowPolicies.join(", ")}, got ${
      JSON.stringify(slowSubscriber)
    }`,
  );
}
