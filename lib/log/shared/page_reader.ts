/**
 * Reads a log for clients that resume, in pages. A page is read and decoded once for all clients, and
 * kept for a while.
 *
 * @module
 */

import { decodeEntry, type EntryIds, placeAfter } from "../entries.ts";
import type { EntryStore } from "../entry_store.ts";
import type { LogPage, ReadOptions } from "../event_log.ts";
import type { Losses } from "./losses.ts";
import { lastId, type Page, type PageIndex } from "./page_index.ts";
import { PageSize, sized } from "./page_size.ts";
import { pageAfter } from "./pages.ts";
import { coversStream } from "../../wire/stream_name.ts";
import { ReadQueue } from "./read_queue.ts";
import { readTrimmed } from "./trim_mark.ts";

/** What a {@linkcode PageReader} reads from. */
export interface PageSource {
  readonly store: EntryStore;
  readonly ids: EntryIds;
  /** The pages of the entries that were delivered. */
  readonly index: PageIndex;
  /** What the store has lost. */
  readonly losses: Losses;
  /** Whether the store is reachable, as far as is known. */
  readonly isUp: () => boolean;
}

/** The number of characters that are sent at once to a client that resumes from the log. */
export const PAGE_LENGTH = 65_536;

/** Reads what comes after an id. */
export class PageReader {
  readonly #source: PageSource;
  // The first entry may be the one that the client has, so a page needs a second entry.
  readonly #size = new PageSize({ count: 2, minCount: 2, length: PAGE_LENGTH });
  readonly #queue = new ReadQueue<ReadPage | undefined>();
  // By the id of the last event of each; the page used last comes last.
  readonly #kept = new Map<string, KeptPage>();
  #keptBytes = 0;

  /** Begins with nothing kept. */
  constructor(source: PageSource) {
    this.#source = source;
  }

  /**
   * Reads the next page, as `EventLog.read()` does: one of the index where that lists what comes after
   * the id, else from the store as it is.
   */
  async read(afterId: string, { streams, signal }: ReadOptions = {}): Promise<LogPage> {
    this.#checkUp();
    const found = this.#source.index.after(afterId, streams);
    if (found && !found.page) {
      return { entries: [], goneThrough: undefined, throughId: found.throughId };
    }
    const read = found?.page && await this.#pageOf(found.page, signal);
    // While the page waited to be read, the log may have trimmed its first entries.
    if (read && read.afterId <= found.throughId) {
      return { ...read.page, entries: read.page.entries.filter(({ id }) => id > afterId) };
    }
    const other = await this.#queue.run(afterId, () => this.#readStore(afterId), signal);
    return forStreams(other!.page, streams);
  }

  /** Drops all pages: the store may have lost their entries. */
  clear(): void {
    this.#kept.clear();
    this.#keptBytes = 0;
  }

  /** Drops the pages that end at or before an id. */
  drop(throughId: string): void {
    for (const id of this.#kept.keys()) if (id <= throughId) this.#letGo(id);
  }

  /** A page as a whole; `undefined` if the store no longer has all of it. */
  #pageOf(page: Page, signal: AbortSignal | undefined): Promise<ReadPage | undefined> {
    const id = lastId(page);
    const kept = this.#kept.get(id);
    if (!kept) return this.#queue.run(`page ${id}`, () => this.#readPage(page), signal);
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    return Promise.resolve(kept);
  }

  async #readPage({ afterId, ids: [...ids] }: Page): Promise<ReadPage | undefined> {
    this.#checkUp();
    const { store, ids: format } = this.#source;
    const stored = await store.read(placeAfter(format.placeOf(afterId)), ids.length);
    const isWhole = stored.length === ids.length &&
      stored.every(({ place }, i) => place === format.placeOf(ids[i]!));
    if (!isWhole) return undefined;
    this.#size.measure(stored);
    const entries = stored.flatMap((entry) => decodeEntry(entry, format, store.nowMs));
    const throughId = ids.at(-1)!;
    const page = { entries, goneThrough: undefined, throughId };
    const length = stored.reduce((sum, { text }) => sum + text.length, 0);
    const read = { afterId, page, bytes: length + entries.length * ENTRY_BYTES };
    this.#keep(throughId, read);
    return read;
  }

  #keep(id: string, kept: KeptPage): void {
    if (kept.bytes > MAX_KEPT_BYTES) return;
    this.#kept.set(id, kept);
    this.#keptBytes += kept.bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) return;
      this.#letGo(oldest);
    }
  }

  #letGo(id: string): void {
    this.#keptBytes -= this.#kept.get(id)!.bytes;
    this.#kept.delete(id);
  }

  async #readStore(afterId: string): Promise<ReadPage> {
    const { store, ids, index, losses } = this.#source;
    for (let place = ids.placeOf(afterId);;) {
      this.#checkUp();
      const [stored, trimmed] = await Promise.all([
        sized(this.#size, (count) => store.read(place, count)),
        readTrimmed(store, ids),
      ]);
      const { nowMs } = store;
      const [first] = stored;
      const hasHole = first !== undefined && index.hasBetween(afterId, ids.format(first.place, 0));
      const page = pageAfter(ids, losses, { afterId, place, stored, trimmed, hasHole, nowMs });
      const last = stored.at(-1)?.place ?? place;
      // After the entry of the id itself, or a page that no hub has written, more entries may come.
      if (page.entries.length > 0 || page.goneThrough) return { afterId, page };
      if (last === place) {
        // Entries without events, such as the record of a loss, are the last ones.
        const isFurther = place > ids.placeOf(afterId);
        return { afterId, page: isFurther ? { ...page, throughId: ids.after(place) } : page };
      }
      place = last;
    }
  }

  #checkUp(): void {
    if (!this.#source.isUp()) throw new Error("Cannot read log: its store is unreachable");
  }
}

interface ReadPage {
  /** The id after which it has everything. */
  readonly afterId: string;
  readonly page: LogPage;
}

interface KeptPage extends ReadPage {
  readonly bytes: number;
}

const MAX_KEPT_BYTES = 16_777_216;
/** About what a decoded event takes beside its text. */
const ENTRY_BYTES = 300;

/** Returns a page for some streams: without a gap if no event of these streams is missing. */
function forStreams(page: LogPage, streams: readonly string[] | undefined): LogPage {
  const { entries, goneThrough, goneStreams, throughId } = page;
  if (!goneThrough || !goneStreams || !streams) return page;
  if (goneStreams.some((name) => streams.some((asked) => coversStream(asked, name)))) return page;
  const whole = { entries, goneThrough: undefined };
  if (throughId === undefined && entries.length > 0) return whole;
  return { ...whole, throughId: throughId ?? goneThrough };
}
