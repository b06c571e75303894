/**
 * The control events of one audience, in its mode: `ended`, `reset`, `cursor`, and the heartbeats.
 *
 * @module
 */

import { encodeEnded, encodeReset } from "../wire/control_events.ts";
import { CursorHeartbeat, encodeCursorBytes, EVENT_HEARTBEAT } from "./cursor_heartbeat.ts";
import { COMMENT_HEARTBEAT, type Heartbeat } from "../wire/event_response.ts";
import { laterId } from "../wire/ids.ts";
import type { Members } from "./members.ts";
import type { Mode } from "./mode.ts";
import type { Subscriber } from "./subscriber.ts";

/** What an {@linkcode AudienceControl} needs of its audience. */
export interface AudienceControlOptions {
  /** The streams of the audience. */
  readonly members: Members;
  /** The mode of the audience. */
  readonly mode: Mode;
  /** Returns the newest id of the hub. */
  readonly headId: () => string;
  /** Returns the id through which current subscribers were sent everything; `undefined` if unknown. */
  readonly currentId: () => string | undefined;
}

/** Encodes the control events of one audience. */
export class AudienceControl {
  readonly #options: AudienceControlOptions;

  /** Takes what the events depend on. */
  constructor(options: AudienceControlOptions) {
    this.#options = options;
  }

  /** Encodes `ended`, the last event of a subscriber; `undefined` without control events. */
  encodeEnded(): Uint8Array | undefined {
    const { members, mode, headId } = this.#options;
    if (mode.omitsControl) return undefined;
    // An end that is being delivered is not part of the log's progress yet.
    const id = members.streams.reduce((id, { endId }) => laterId(id, endId), headId());
    return encoder.encode(encodeEnded(members.names, id));
  }

  /** Encodes `reset`, after which subscribers go on from an id; `undefined` without control events. */
  encodeReset(id: string): Uint8Array | undefined {
    const { members, mode } = this.#options;
    if (mode.omitsControl) return undefined;
    return encoder.encode(encodeReset(members.lastingNames, id));
  }

  /** Returns the heartbeat of a subscriber. */
  heartbeatOf(subscriber: Subscriber): Heartbeat {
    const { omitsControl, hasHeartbeatEvents, types } = this.#options.mode;
    const heartbeat = hasHeartbeatEvents ? EVENT_HEARTBEAT : COMMENT_HEARTBEAT;
    if (!types || omitsControl) return heartbeat;
    return new CursorHeartbeat(subscriber, heartbeat, () => this.takeCursor(subscriber));
  }

  /** Encodes `cursor` for a subscriber, once, if events were left out after the last id it was sent. */
  takeCursor(subscriber: Subscriber): Uint8Array | undefined {
    if (!subscriber.hasLeftOut || this.#options.mode.omitsControl) return undefined;
    const { state } = subscriber;
    if (state.name === "behind") return undefined;
    subscriber.hasLeftOut = false;
    const id = state.name === "current" ? this.#options.currentId() : state.id;
    return id === undefined ? undefined : encodeCursorBytes(id);
  }
}

const encoder = new TextEncoder();
