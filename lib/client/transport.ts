/**
 * The seam between a subscription and what brings its events: a connection, or another tab.
 *
 * @module
 */

import type { ParsedEvent } from "../wire/event_parser.ts";
import type { Failure } from "./failure.ts";
import type { Host } from "./host.ts";
import type { RequestOptions } from "./request.ts";
import type { Cut, State } from "./state.ts";

/** How an attempt ended. After a `cut`, and after nothing else, another attempt follows. */
export type End =
  | { readonly type: "ended" | "closed" }
  | { readonly type: "cut"; readonly why: Cut; readonly floorMs?: number | undefined }
  | { readonly type: "failed"; readonly error: Failure };

/** What is the same for all attempts of a subscription. */
export interface Attempts {
  /** Where the client runs. */
  readonly host: Host;
  /** Returns the id of the last event that the subscription has; `""` before the first. */
  readonly lastEventId: () => string;
  /** Sends the request of an attempt. */
  readonly request: (attempt: Pick<Sink, "url" | "signal" | "lastEventId">) => Promise<Response>;
  /** Takes the server's `retry`. */
  readonly retry: (retryMs: number) => void;
  /** Shows a state. */
  readonly show: (state: State) => void;
}

/** One attempt, as its transport sees it. */
export interface Sink extends Attempts {
  /** Aborts when the attempt is over. */
  readonly signal: AbortSignal;
  /** The URL, with the streams. */
  readonly url: URL;
  /** Takes note that events come from now on. */
  readonly open: () => void;
  /** Takes note of a sign of life. `isHeartbeat` says that a comment was in it. */
  readonly hear: (isHeartbeat?: boolean) => void;
  /**
   * Takes an event; one of type `""` is an id without an event. The next event has to wait for the
   * promise, if there is one.
   */
  readonly receive: (event: ParsedEvent) => void | Promise<void>;
  /** Ends the attempt, so that another one follows. */
  readonly cut: (reason: Cut["reason"]) => void;
}

/** Brings events to a sink until the attempt ends. Whatever it is doing when the signal aborts is void. */
export type Transport = (sink: Sink) => Promise<End>;

/** Puts a transport in place of the connection: the way in which tabs share one. */
export interface Sharing {
  /**
   * Makes the transport of one subscription.
   *
   * @throws {TypeError} If the options may differ from user to user, and there is no key.
   */
  readonly join: (connect: Transport, options: RequestOptions) => SharedTransport;
}

/** A transport in which other tabs take part. */
export interface SharedTransport {
  /** Brings events. */
  readonly run: Transport;
  /** Is told each state of the subscription. */
  readonly tell: (state: State) => void;
}
