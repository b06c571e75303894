/**
 * The notes of a log in Deno KV, numbered in each topic.
 *
 * @module
 */

import { MAX_READ_NOTES, type Note, noteLimits, type Notes, type NoteTopic } from "../notes.ts";
import { patiently } from "../shared/contention.ts";

/** Options of {@linkcode KvNotes}. */
export interface KvNotesOptions {
  readonly kv: Deno.Kv;
  /** The prefix of the notes' keys. */
  readonly prefix: Deno.KvKey;
  /** Calls `write`, and once more with the reserve freed if the disk is full. */
  readonly withReserve: <T>(write: () => Promise<T>) => Promise<T>;
}

/** Keeps notes under their numbers. */
export class KvNotes implements Notes {
  readonly #options: KvNotesOptions;

  /** Takes the options; reads and writes nothing yet. */
  constructor(options: KvNotesOptions) {
    this.#options = options;
  }

  async add(topic: NoteTopic, text: string): Promise<void> {
    const { kv, prefix, withReserve } = this.#options;
    await patiently(async () => {
      const counter = await kv.get<number>([...prefix, topic, "count"]);
      const number = (counter.value ?? 0) + 1;
      const atomic = kv.atomic().check(counter)
        .set(counter.key, number)
        .set([...prefix, topic, "notes", number], [Date.now(), text])
        .delete([...prefix, topic, "notes", number - noteLimits[topic]]);
      return (await withReserve(() => atomic.commit())).ok || undefined;
    });
  }

  async after(topic: NoteTopic, place: string): Promise<readonly Note[]> {
    const { kv, prefix } = this.#options;
    const list = [...prefix, topic, "notes"];
    const range = { prefix: list, start: [...list, Number(place) + 1] };
    const notes: Note[] = [];
    for await (const { key, value } of kv.list<StoredNote>(range, READ)) {
      const [timeMs, text] = value;
      notes.push({
        place: String(key.at(-1)).padStart(PLACE_LENGTH, "0"),
        text,
        ageMs: Math.max(Date.now() - timeMs, 0),
      });
    }
    return notes;
  }
}

/** The time of the note in milliseconds since 1970, and its text. */
type StoredNote = [timeMs: number, text: string];

const READ = { limit: MAX_READ_NOTES, batchSize: 500 };
const PLACE_LENGTH = 16;
