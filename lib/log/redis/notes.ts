/**
 * The notes of a log in Redis: one small Redis stream for each topic.
 *
 * @module
 */

import { MAX_READ_NOTES, type Note, noteLimits, type Notes, type NoteTopic } from "../notes.ts";
import { idOf, placeOf, type RedisEntry, ZERO } from "./entries.ts";

/** Options of {@linkcode RedisNotes}. */
export interface RedisNotesOptions {
  /** Sends a command. */
  readonly send: (args: readonly string[]) => Promise<unknown>;
  /** Returns the key with a name. */
  readonly keyOf: (name: string) => string;
  /** Returns the time by the clock of Redis, in milliseconds since 1970. */
  readonly nowMs: () => number;
}

/**
 * Keeps notes by the commands that the log sends anyway, so that its Redis user needs no other right.
 */
export class RedisNotes implements Notes {
  readonly #options: RedisNotesOptions;

  /** Takes the options; reads and writes nothing yet. */
  constructor(options: RedisNotesOptions) {
    this.#options = options;
  }

  async add(topic: NoteTopic, text: string): Promise<void> {
    const bound = ["MAXLEN", `${noteLimits[topic]}`];
    await this.#options.send(["XADD", this.#key(topic), ...bound, "*", "note", text]);
  }

  async after(topic: NoteTopic, place: string): Promise<readonly Note[]> {
    const { send, nowMs } = this.#options;
    const from = `(${idOf(place || ZERO)}`;
    const reply = await send(["XRANGE", this.#key(topic), from, "+", "COUNT", `${MAX_READ_NOTES}`]);
    return (reply as RedisEntry[]).map(([id, fields]) => ({
      place: placeOf(id),
      text: fields[1] ?? "",
      ageMs: Math.max(nowMs() - parseInt(id), 0),
    }));
  }

  #key(topic: NoteTopic): string {
    return this.#options.keyOf(`notes:${topic}`);
  }
}
