/**
 * The states of a subscription, and why one waits.
 *
 * @module
 */

import type { Failure } from "./failure.ts";

/**
 * The state of a subscription.
 *
 * - `connecting`: a request is under way.
 * - `open`: the server has answered, and events arrive.
 * - `waiting`: the next attempt comes `until` a time; `why` says what ended the attempt before.
 * - `ended`: the server has sent everything. Nothing more follows.
 * - `failed`: the server has refused for good; `error` says why. Nothing more follows.
 * - `closed`: the application has closed the subscription.
 */
export type State =
  | { readonly name: "connecting" | "open" | "ended" | "closed" }
  | {
    readonly name: "waiting";
    /** When the next attempt comes, as `Date.now()` counts; `Infinity` while the page is hidden. */
    readonly until: number;
    /** What ended the attempt before. */
    readonly why: Cut;
  }
  | {
    readonly name: "failed";
    /** Why the server has refused. */
    readonly error: Failure;
  };

/**
 * What ended an attempt after which another one follows.
 *
 * - `unreachable`: no answer came; `detail` is the error's message.
 * - `refused`: the answer was an error that passes; it has a `status`, and the problem's `detail`.
 * - `broken`: the connection failed.
 * - `closed`: the response ended, and nothing said that the streams have ended.
 * - `goaway`: the server sent the client away; `detail` is its reason, such as `draining`.
 * - `expired`: the client's token has expired.
 * - `silent`: nothing came for too long.
 * - `slept`: the machine was suspended.
 * - `online`: the browser is online again.
 * - `shown`: the page is shown again.
 * - `hidden`: the page is hidden, or in the back/forward cache.
 * - `streams`: the subscription was given other streams.
 * - `tab`: another tab reads for this one now, or did until now.
 */
export interface Cut {
  /** What it was. */
  readonly reason:
    | "unreachable"
    | "refused"
    | "broken"
    | "closed"
    | "goaway"
    | "expired"
    | "silent"
    | "slept"
    | "online"
    | "shown"
    | "hidden"
    | "streams"
    | "tab";
  /** The status of the answer. */
  readonly status?: number;
  /** More about it, in words. */
  readonly detail?: string | undefined;
}
