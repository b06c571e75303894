/**
 * What tabs tell each other, and the channel on which they do.
 *
 * @module
 */

import type { ParsedEvent } from "../wire/event_parser.ts";
import type { State } from "./state.ts";

/** What one tab tells all others. `term` is the leadership of one tab. */
export type TabMessage =
  | {
    /** A tab has come in, or has lost track, and asks who leads. */
    readonly kind: "join";
  }
  | {
    /** The leader is there: everything through `id` is either before its term or among the first `n` events. */
    readonly kind: "lead";
    readonly term: string;
    readonly n: number;
    readonly id: string;
    readonly state: State;
  }
  | {
    /** The answer to a new leader: where this tab is. */
    readonly kind: "place";
    readonly id: string;
  }
  | {
    /** The `n`th event of a term. */
    readonly kind: "event";
    readonly term: string;
    readonly n: number;
    readonly event: ParsedEvent;
  }
  | {
    /** The leader's connection is alive. */
    readonly kind: "alive";
    readonly term: string;
  }
  | {
    /** The leader's state. */
    readonly kind: "state";
    readonly term: string;
    readonly state: State;
  }
  | {
    /** The leader leaves. */
    readonly kind: "bye";
    readonly term: string;
  };

/** A channel between tabs: what one posts, all others get, in order. */
export interface TabChannel {
  /** Posts a message to all others. */
  readonly post: (message: TabMessage) => void;
  /** Closes it. */
  readonly close: () => void;
}

/** Opens the channel of a name. */
export type OpenChannel = (name: string, receive: (message: TabMessage) => void) => TabChannel;

/** Returns how a channel is opened with a `BroadcastChannel`; `undefined` where there is none. */
export function openTabChannel(): OpenChannel | undefined {
  if (typeof BroadcastChannel === "undefined") return undefined;
  return (name, receive) => {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => receive(data);
    return { post: (message) => channel.postMessage(message), close: () => channel.close() };
  };
}
