/**
 * Lists the pages of a log: where each page begins and ends, and the streams of its events. Holds no events.
 *
 * @module
 */

import { INDEX_LENGTH } from "../entries.ts";
import { patternsOf } from "../../wire/stream_name.ts";

/** Entries side by side, read together by everybody who needs one of them. */
export interface Page {
  /** The id before its first entry: of the last event of the entry before it, or where a gap ends. */
  readonly afterId: string;
  /** The id of the last event of each entry, in order. */
  readonly ids: readonly string[];
}

/** An entry as the index sees it. */
export interface IndexedEntry {
  /** The id of the last event delivered before it. */
  readonly afterId: string;
  /** The id of its last event. */
  readonly id: string;
  /** How many characters its text has. */
  readonly length: number;
  /** The streams of its events; a name may come more than once. */
  readonly streams: Iterable<string>;
}

/** The answer of {@linkcode PageIndex.after}. */
export interface Found {
  /** The id through which there is nothing of the streams asked for. */
  readonly throughId: string;
  /** The page to read next; `undefined` where nothing of these streams comes after the id. */
  readonly page: Page | undefined;
}

/** Lists the pages of a log as their entries are delivered. */
export class PageIndex {
  readonly #maxLength: number;
  #pages: ListedPage[] = [];

  /** Begins without pages. A page has at most `maxLength` characters, or a single entry. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** How many pages it lists. */
  get size(): number {
    return this.#pages.length;
  }

  /** Lists the next entry: in the newest page if that goes on there and has room, else in a new one. */
  add({ afterId, id, length, streams }: IndexedEntry): void {
    let page = this.#pages.at(-1);
    const fits = page && lastId(page) === afterId && page.length + length <= this.#maxLength;
    if (!page || !fits) {
      page = { afterId, ids: [], length: 0, hashes: new Set() };
      this.#pages.push(page);
    }
    page.ids.push(id);
    page.length += length;
    let previous: string | undefined;
    for (const stream of streams) {
      if (stream !== previous) addHashes(page.hashes, stream);
      previous = stream;
    }
  }

  /** Removes entries that the log has trimmed, by their ids, the oldest first. */
  drop(ids: readonly string[]): void {
    let first = 0;
    for (const id of ids) {
      let page = this.#pages[first];
      while (page && lastId(page) < id) page = this.#pages[++first];
      if (!page) break;
      if (page.ids[0] !== id) continue;
      page.ids.shift();
      page.afterId = id;
      if (page.ids.length === 0) first++;
    }
    this.#pages.splice(0, first);
  }

  /** Removes the entries after an id: the store has lost them. */
  cut(afterId: string): void {
    for (let page = this.#pages.at(-1); page && lastId(page) > afterId; page = this.#pages.at(-1)) {
      while (page.ids.length > 0 && lastId(page) > afterId) page.ids.pop();
      if (page.ids.length > 0) return;
      this.#pages.pop();
    }
  }

  /**
   * Finds what to read after an id, skipping the pages that have nothing of some streams.
   *
   * @param streams Names and patterns.
   * @returns `undefined` where it can't say what comes next: the id is of no entry listed, or a gap, or
   * an entry yet to come, follows.
   */
  after(id: string, streams?: readonly string[]): Found | undefined {
    const start = this.#firstEndingAfter(id);
    let page = this.#pages[start];
    if (!page || !hasEntryOf(page, id)) return undefined;
    const wanted = streams?.includes("*") ? undefined : streams?.map(hash);
    let throughId = id;
    for (let i = start; page; page = this.#pages[++i]) {
      if (i > start && page.afterId !== throughId) break;
      const { hashes } = page;
      if (!wanted || wanted.some((hash) => hashes.has(hash))) return { throughId, page };
      throughId = lastId(page);
    }
    return { throughId, page: undefined };
  }

  /** Whether an entry, as far as is listed, stands between two ids, or stood there and was lost. */
  hasBetween(id: string, nextId: string): boolean {
    const page = this.#pages[this.#firstEndingAfter(id)];
    if (!page) return false;
    return page.afterId > id
      ? page.afterId <= nextId
      : page.ids.find((other) => other > id)! < nextId;
  }

  #firstEndingAfter(id: string): number {
    let low = 0;
    let high = this.#pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (lastId(this.#pages[middle]!) > id) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

interface ListedPage extends Page {
  afterId: string;
  readonly ids: string[];
  length: number;
  /** Of the names of its streams, and of the patterns that cover them, except `*`. Two texts may share one: then it is read for nothing. */
  readonly hashes: Set<number>;
}

/** The id of the last event of a page. */
export function lastId({ ids }: Page): string {
  return ids.at(-1)!;
}

/** Whether an id is where a page begins, or of an entry in it. */
function hasEntryOf({ afterId, ids }: Page, id: string): boolean {
  const place = id.slice(0, -INDEX_LENGTH);
  return id === afterId || ids.some((other) => other.startsWith(place));
}

/** Adds the hashes of a stream's name and of the patterns that cover the name, except `*`. */
function addHashes(hashes: Set<number>, stream: string): void {
  hashes.add(hash(stream));
  if (!stream.includes("/")) return;
  for (const pattern of patternsOf(stream)) hashes.add(hash(pattern));
}

/** FNV-1a of a text, in 31 bits. */
export function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 1;
}
