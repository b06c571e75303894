/**
 * Notes: short texts that the hubs of a shared log leave for each other beside its entries. No client
 * sees a note, and no note has an id.
 *
 * @module
 */

/** What a note is about: one list of notes for each topic. */
export type NoteTopic = "disconnects" | "instances";

/** A note. */
export interface Note {
  /** The place of the note in its list. Places grow as text. */
  readonly place: string;
  /** The text, as its hub wrote it. */
  readonly text: string;
  /** The age in milliseconds, by the clock of the store. */
  readonly ageMs: number;
}

/** The notes of a log. Both methods reject while the store is unreachable. */
export interface Notes {
  /**
   * Appends a note, and resolves once the store has it. A list with more notes than
   * {@linkcode noteLimits} drops the oldest.
   */
  add(topic: NoteTopic, text: string): Promise<void>;
  /**
   * Returns the oldest notes after a place, at most 1 000; after `""`, the oldest notes of the list.
   * An empty list means that no note follows yet.
   */
  after(topic: NoteTopic, place: string): Promise<readonly Note[]>;
}

/** The most notes that a list keeps, by topic. */
export const noteLimits: Readonly<Record<NoteTopic, number>> = {
  disconnects: 10_000,
  instances: 500,
};

/** The most notes that are read at once. */
export const MAX_READ_NOTES = 1_000;
