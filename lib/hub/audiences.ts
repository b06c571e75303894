/**
 * The audiences of a hub, by their sets of streams and their modes. An audience exists while it has
 * subscribers.
 *
 * @module
 */

import { Audience, type AudienceSource, type Entrant } from "./audience.ts";
import type { EventResponse } from "../wire/event_response.ts";
import { Members } from "./members.ts";
import type { Subscriber } from "./subscriber.ts";
import type { Mode } from "./mode.ts";
import type { Streams } from "./streams.ts";
import { isStreamPattern } from "../wire/stream_name.ts";

/** What an {@linkcode Audiences} needs. */
export interface AudiencesOptions extends AudienceSource {
  readonly now: () => number;
  /** The most audiences of one stream that get only some types of events. */
  readonly maxAudiences: number;
}

/** Which audience a subscriber belongs to. */
export interface AudienceId {
  /** The names of the streams, and the patterns, sorted. No pattern covers another text. */
  readonly streams: readonly string[];
  /** The mode. */
  readonly mode: Mode;
}

/** The audiences of a hub. */
export class Audiences {
  readonly #streams: Streams;
  readonly #source: AudiencesOptions;
  readonly #byKey = new Map<string, Audience>();

  /** Begins without audiences. */
  constructor(streams: Streams, source: AudiencesOptions) {
    this.#streams = streams;
    this.#source = source;
  }

  /** Whether all these streams can be resumed: none of them is ephemeral. */
  areResumable(names: readonly string[]): boolean {
    return names.every((name) => !this.#streams.get(name)?.isEphemeral);
  }

  /** Whether none of these streams keeps an event. */
  areEmpty(names: readonly string[]): boolean {
    return names.every((name) => !this.#streams.get(name)?.history.events);
  }

  /** How many audiences there are. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Iterates over all audiences. */
  [Symbol.iterator](): Iterator<Audience> {
    return this.#byKey.values();
  }

  /**
   * Admits a subscriber to its audience.
   *
   * @returns What {@linkcode Audience.admit} returns; `full` if a stream has too many audiences.
   */
  admit(
    id: AudienceId,
    entrant: Entrant,
    open: (startId: string) => EventResponse,
  ): Subscriber | "full" | undefined {
    // Waiting events go to earlier subscribers only: the new one gets them from the histories.
    this.#source.sequencer.flush();
    if (this.#isFull(id)) return "full";
    const audience = this.#open(id);
    try {
      return audience.admit(entrant, open);
    } finally {
      this.#release(audience);
    }
  }

  /**
   * Whether an audience would be one too many for one of its streams. A publish costs a chunk for each
   * audience, and anybody can name new sets of types.
   */
  #isFull(id: AudienceId): boolean {
    if (!id.mode.types || this.#byKey.has(keyOf(id))) return false;
    const { maxAudiences } = this.#source;
    return id.streams.some((name) => this.#streams.selectiveAudiencesOf(name) >= maxAudiences);
  }

  #open(id: AudienceId): Audience {
    const key = keyOf(id);
    let audience = this.#byKey.get(key);
    if (!audience) {
      const nowMs = this.#source.now();
      const members = this.#hold(id.streams, nowMs);
      const options = { key, members, mode: id.mode };
      audience = new Audience(options, this.#source, (audience) => this.#release(audience));
      for (const stream of members.fixed) stream.addAudience(audience);
      this.#byKey.set(key, audience);
    }
    return audience;
  }

  #hold(names: readonly string[], nowMs: number): Members {
    const isPattern = (name: string) => isStreamPattern(name);
    return new Members({
      streams: names.filter((name) => !isPattern(name))
        .map((name) => this.#streams.hold(name, nowMs)),
      patterns: names.filter(isPattern).map((name) => this.#streams.holdPattern(name, nowMs)),
      find: (name) => this.#streams.get(name),
    });
  }

  /** Drops an audience without subscribers, and the names that only this audience held. */
  #release(audience: Audience): void {
    if (audience.size > 0 || this.#byKey.get(audience.key) !== audience) return;
    this.#byKey.delete(audience.key);
    const { fixed, streams, patterns } = audience.members;
    for (const stream of fixed) stream.removeAudience(audience);
    for (const stream of streams) this.#streams.release(stream);
    for (const pattern of patterns) pattern.releasedMs = this.#source.now();
  }
}

/** Stream names have no line break. */
function keyOf({ streams, mode }: AudienceId): string {
  const names = streams.join(" ");
  return mode.key === "" ? names : `${names}\n${mode.key}`;
}
