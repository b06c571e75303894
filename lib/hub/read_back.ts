/**
 * Reading events back as a page, from the histories and the log, as a client that resumes would get them.
 *
 * @module
 */

import { CatchUp, type CatchUpSource } from "./catch_up.ts";
import { Counters } from "./counters.ts";
import { PLAIN_FORM } from "./event_form.ts";
import { HubError } from "./hub_error.ts";
import { Members } from "./members.ts";
import { MergedHistory } from "./merged_history.ts";
import type { Stream } from "./stream.ts";
import type { Streams } from "./streams.ts";
import { Subscriber } from "./subscriber.ts";
import { createEventParser } from "../wire/event_parser.ts";
import { EventResponse, type EventResponseSettings } from "../wire/event_response.ts";
import { compareIds } from "../wire/ids.ts";

/** Options of `BroadcastHub.read()`. */
export interface ReadBackOptions {
  /**
   * The page begins after the event with this id. By default it begins with the oldest event of the
   * histories.
   */
  readonly after?: string;
  /**
   * Without `after`, the page begins with so many of the newest events of each stream; `Infinity` for all
   * events of the histories.
   *
   * @default {Infinity}
   */
  readonly since?: number;
  /**
   * The most events of the page: 1 to 1 000. A page also ends after about a mebibyte of data.
   *
   * @default {100}
   */
  readonly limit?: number;
  /** Gives up when the signal is aborted, such as while the log is unreachable. */
  readonly signal?: AbortSignal;
}

/** An event that was read back. */
export interface StoredEvent {
  /** The event's id. */
  readonly id: string;
  /** The event's stream. */
  readonly stream: string;
  /** The event's type; `message` for an event without a type. */
  readonly event: string;
  /** The event's data. */
  readonly data: string;
  /** When it was published, in milliseconds since 1970; left out if only the event log has the event. */
  readonly publishedMs?: number;
}

/** A page of events. */
export interface EventPage {
  /** The events, in the hub's order. */
  readonly events: readonly StoredEvent[];
  /** With this page, a reader has everything through this id: the next page, or a subscription, goes on. */
  readonly next: string;
  /** Whether more events follow now. */
  readonly more: boolean;
  /** The streams of which events after `after`, and before their first event of this page, are gone. */
  readonly gap: readonly string[];
  /** Whether `after` means nothing here. The page then begins as without `after`. */
  readonly reset: boolean;
  /** The streams that have ended, if no more events follow. */
  readonly ended: readonly string[];
}

/** What a {@linkcode ReadBack} needs. */
export interface ReadBackParts extends CatchUpSource {
  /** The streams of the hub. */
  readonly streams: Streams;
  /** The hub's clock. */
  readonly now: () => number;
  /** The settings of the responses that are read. */
  readonly settings: EventResponseSettings;
}

/**
 * An event; or a gap, whose id is that of the event before it in its stream. Only from there on the stream
 * would be read with the gap again.
 */
interface Item extends StoredEvent {
  readonly isGap: boolean;
}

/** What to read. */
interface Wanted {
  /** The id after which the page begins, which this hub knows. */
  readonly afterId: string | undefined;
  readonly since: number | undefined;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

/** A stream, read from an id on. */
interface Read {
  readonly stream: Stream;
  readonly items: readonly Item[];
  /** Through this id, all items are there. */
  readonly throughId: string;
  readonly isComplete: boolean;
}

/** Reads events back. */
export class ReadBack {
  readonly #parts: ReadBackParts;

  /** Makes a reader of a hub's streams. */
  constructor(parts: ReadBackParts) {
    this.#parts = { ...parts, counters: new Counters() };
  }

  /**
   * Reads the next page of some streams.
   *
   * @throws {HubError} Code `unreachable`, if too many reads of the log wait.
   */
  async page(names: readonly string[], wanted: Wanted): Promise<Omit<EventPage, "reset">> {
    this.#parts.sequencer.flush();
    const reads = await Promise.all(names.map((name) => this.#read(name, wanted)));
    const page = pageOf(reads, wanted.limit);
    return { ...page, events: page.events.map((event) => this.#withTime(event, reads)) };
  }

  /** Adds the time of an event that a history keeps. */
  #withTime(event: StoredEvent, reads: readonly Read[]): StoredEvent {
    const { history } = reads.find(({ stream }) => stream.name === event.stream)!.stream;
    const position = history.positionOf(event.id);
    if (history.idOf(position) !== event.id) return event;
    const ageMs = this.#parts.now() - history.timeOf(position);
    return { ...event, publishedMs: Math.round(Date.now() - ageMs) };
  }

  async #read(
    name: string,
    { afterId, since = Infinity, limit, signal }: Wanted,
  ): Promise<Read> {
    const { streams, sequencer, progress, settings, now } = this.#parts;
    const stream = streams.hold(name, now());
    const members = new Members({ streams: [stream] });
    const response = new EventResponse(new Uint8Array(), settings);
    let throughId: string | undefined;
    const finish = () => {
      throughId = progress.headId;
      response.end();
    };
    const catchUp = new CatchUp({
      members,
      form: PLAIN_FORM,
      merged: new MergedHistory(members, PLAIN_FORM),
      source: this.#parts,
      flushedThrough: () => sequencer.head,
      onCaughtUp: finish,
    });
    const start = afterId === undefined
      ? catchUp.startWithNewest(since)
      : catchUp.startAfter(afterId);
    const audience = {
      names: [name],
      types: undefined,
      lastIdOf: () => start.id,
    };
    const opening = { id: start.id, lastEventId: afterId };
    if (!catchUp.hasAfter(start)) finish();
    else catchUp.begin(new Subscriber({ audience, opening }, response, sequencer.turn), start);
    try {
      const { items, isWhole } = await take(response, { name, startId: start.id, limit, signal });
      const lastId = items.at(-1)?.id ?? start.id;
      const isComplete = isWhole && throughId !== undefined;
      return { stream, items, throughId: isComplete ? throughId! : lastId, isComplete };
    } finally {
      streams.release(stream);
    }
  }
}

interface TakeOptions {
  readonly name: string;
  readonly startId: string;
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

/** Takes the events and gaps of a response: one more than the limit, or all of them. */
async function take(
  response: EventResponse,
  { name: stream, startId, limit, signal }: TakeOptions,
): Promise<{ readonly items: readonly Item[]; readonly isWhole: boolean }> {
  const items: Item[] = [];
  let characters = 0;
  const parser = createEventParser(({ event, data, lastEventId }) => {
    if (event === "goaway") throw new HubError("unreachable", BUSY);
    const isGap = event === "gap";
    const id = isGap ? items.at(-1)?.id ?? startId : lastEventId;
    items.push({ id, stream, event, data, isGap });
    characters += data.length;
  }, { maxEventBytes: Infinity });
  const reader = response.respond({}).body!.getReader();
  const stop = () => void reader.cancel();
  signal?.addEventListener("abort", stop);
  try {
    signal?.throwIfAborted();
    while (items.length <= limit && characters < MAX_PAGE_CHARACTERS) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return { items, isWhole: true };
      parser.push(value);
    }
    return { items, isWhole: false };
  } finally {
    signal?.removeEventListener("abort", stop);
    await reader.cancel();
  }
}

/** Makes one page of what was read of each stream. */
function pageOf(reads: readonly Read[], limit: number): Omit<EventPage, "reset"> {
  const [first, ...others] = reads.map(({ throughId }) => throughId);
  const throughId = others.reduce((a, b) => compareIds(a, b) <= 0 ? a : b, first!);
  const items = reads.flatMap(({ items }) => items)
    .filter(({ id }) => compareIds(id, throughId) <= 0)
    .sort((a, b) => compareIds(a.id, b.id) || Number(a.isGap) - Number(b.isGap));
  const firstEvent = items.findIndex(({ isGap }) => !isGap);
  const gaps = firstEvent < 0 ? items : items.slice(0, firstEvent);
  const following = items.slice(gaps.length);
  const end = endOfPage(following, limit);
  const events = following.slice(0, end).map(({ isGap: _, ...event }) => event);
  const isCut = end < following.length;
  const more = isCut || reads.some(({ isComplete }) => !isComplete);
  const ended = reads.filter(({ stream }) => stream.isEnded).map(({ stream }) => stream.name);
  return {
    events,
    next: isCut ? events.at(-1)!.id : throughId,
    more,
    gap: [...new Set(gaps.map(({ stream }) => stream))],
    ended: more ? [] : ended,
  };
}

/** A page ends before its second gap, at the limit, or when it has much data. */
function endOfPage(items: readonly Item[], limit: number): number {
  let characters = 0;
  const end = items.findIndex(({ isGap, data }, i) => {
    characters += data.length;
    return isGap || i >= limit || (i > 0 && characters > MAX_PAGE_CHARACTERS);
  });
  return end < 0 ? items.length : end;
}

const MAX_PAGE_CHARACTERS = 1_048_576;
const BUSY = "Cannot read events: too many reads of the event log wait; try again";
