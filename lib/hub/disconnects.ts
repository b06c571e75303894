/**
 * Disconnecting clients: on this instance at once, and by a note on every other instance of the log.
 *
 * @module
 */

import { startBackgroundTimer } from "../wire/background_timer.ts";
import { ANY, checkOptions } from "../wire/check_options.ts";
import { Denials } from "./denials.ts";
import type { EventLog } from "../log/event_log.ts";
import { HubError } from "./hub_error.ts";
import { guard, type Report } from "../wire/report.ts";
import type { Subscribers } from "./subscribers.ts";
import {
  checkFilter,
  type ClientIdentity,
  IDENTITY_NAMES,
  isMeant,
  type SubscriberFilter,
} from "./subscriber_filter.ts";

/** Options of `BroadcastHub.disconnect()`. */
export interface DisconnectOptions {
  /**
   * Until when the clients may not subscribe again, in milliseconds since 1970, at most 30 days from now.
   * A time in the past lifts an earlier denial. The filter must then be one `address`, `subject` or
   * `tokenId`. Left out, the clients may reconnect.
   */
  readonly denyUntil?: number;
}

/** What a {@linkcode Disconnects} needs. */
export interface DisconnectsOptions {
  readonly subscribers: Subscribers;
  readonly log: EventLog;
  readonly report: Report;
  /** Called with each disconnect of any instance. */
  readonly onDisconnect: ((filter: SubscriberFilter) => void) | undefined;
}

/** A disconnect, as the note of one hub tells it to the others. */
interface Order {
  /** The hub that wrote the note. */
  readonly from: string;
  readonly filter: SubscriberFilter;
  /** How long the denial was to last when the note was written; left out, there is none. */
  readonly denyMs?: number;
}

/**
 * Checks a disconnect.
 *
 * @throws {TypeError} If the filter is empty or has an unknown member, an option is unknown, or there is
 * a denial and the filter is not one `address`, `subject` or `tokenId`.
 * @throws {RangeError} If `denyUntil` is not a number, or more than 30 days from now.
 */
export function checkDisconnect(filter: SubscriberFilter, options: DisconnectOptions): void {
  checkFilter(ACTION, filter);
  checkOptions(ACTION, options, { denyUntil: ANY });
  const { denyUntil } = options;
  if (denyUntil === undefined) return;
  if (typeof denyUntil !== "number" || !(denyUntil <= Date.now() + MAX_DENY_MS)) {
    throw new RangeError(
      `Cannot ${ACTION}: denyUntil must be milliseconds since 1970, at most 30 days from now, ` +
        `got ${denyUntil}`,
    );
  }
  const given = Object.entries(filter).filter(([, value]) => value !== undefined);
  const names: readonly string[] = IDENTITY_NAMES;
  if (given.length === 1 && names.includes(given[0]![0])) return;
  throw new TypeError(
    `Cannot ${ACTION}: with denyUntil, name one of address, subject and tokenId, and nothing else`,
  );
}

/** Disconnects clients, and knows who is denied. */
export class Disconnects {
  readonly #options: DisconnectsOptions;
  readonly #denials = new Denials();
  #place = "";
  #endTimer: (() => void) | undefined;
  #reading: Promise<void> | undefined;
  #isFailing = false;
  #isClosed = false;

  /** Begins without denials. */
  constructor(options: DisconnectsOptions) {
    this.#options = options;
  }

  /** Reads the notes of other hubs, and from now on twice a second. Called once the log is open. */
  async open(): Promise<void> {
    if (!this.#options.log.notes) return;
    await this.#read();
    if (this.#isClosed) return;
    this.#endTimer = startBackgroundTimer(READ_MS, () => this.#read());
  }

  /** Returns until when a client is denied, in milliseconds since 1970; `undefined` if it is not. */
  deniedUntil(client: ClientIdentity): number | undefined {
    return this.#denials.untilOf(client, Date.now());
  }

  /**
   * Disconnects the clients that a filter means, here and on every instance.
   *
   * @returns How many clients of this instance were disconnected, once the store has the note.
   */
  async disconnect(filter: SubscriberFilter, { denyUntil }: DisconnectOptions): Promise<number> {
    const { subscribers, log: { notes } } = this.#options;
    const denyMs = denyUntil === undefined ? undefined : Math.max(denyUntil - Date.now(), 0);
    const order: Order = {
      from: subscribers.prefix,
      filter,
      ...denyMs !== undefined && { denyMs },
    };
    const count = this.#carryOut(order, 0);
    const isOwn = filter.id !== undefined && subscribers.isOwn(filter.id);
    if (!notes || isOwn) return count;
    try {
      await notes.add("disconnects", JSON.stringify(order));
    } catch (cause) {
      throw new HubError(
        "unreachable",
        `Cannot ${ACTION} of other instances: the log's store is unreachable`,
        { cause },
      );
    }
    return count;
  }

  /** Drops the denials that have expired. The hub calls it every second. */
  expire(): void {
    this.#denials.expire(Date.now());
  }

  /** Reads no more. Resolves when nothing is being read any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endTimer?.();
    await this.#reading;
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readNotes().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  /** Carries out what other hubs have noted. A read that fails is made up for by the next. */
  async #readNotes(): Promise<void> {
    const { subscribers, log, report } = this.#options;
    try {
      for (;;) {
        const notes = await log.notes!.after("disconnects", this.#place);
        for (const { place, text, ageMs } of notes) {
          this.#place = place;
          const order = parseOrder(text);
          if (order && order.from !== subscribers.prefix) this.#carryOut(order, ageMs);
        }
        this.#isFailing = false;
        if (notes.length === 0 || this.#isClosed) return;
      }
    } catch (error) {
      // The log reports its own outages.
      if (!this.#isFailing && log.isUp && !this.#isClosed) report(error);
      this.#isFailing = true;
    }
  }

  /**
   * Carries out an order.
   *
   * @param ageMs How long ago it was given. A client that has connected since was not meant, unless it is
   * denied.
   */
  #carryOut({ filter, denyMs }: Order, ageMs: number): number {
    const { subscribers, report, onDisconnect } = this.#options;
    const leftMs = denyMs === undefined ? undefined : denyMs - ageMs;
    if (leftMs !== undefined) this.#denials.deny(filter, Date.now() + leftMs, Date.now());
    const isOver = leftMs === undefined ? ageMs > MAX_ORDER_MS : leftMs <= 0;
    if (isOver) return 0;
    const { id, ...others } = filter;
    const found = id === undefined ? subscribers.values() : [subscribers.get(id)];
    let count = 0;
    for (const subscriber of found) {
      if (!subscriber || !isMeant(others, subscriber.client, subscriber.audience.names)) continue;
      if (leftMs === undefined && subscriber.response.ageMs < ageMs - MARGIN_MS) continue;
      subscriber.isDenied = leftMs !== undefined;
      subscriber.response.goAway("removed");
      count++;
    }
    guard(report, () => onDisconnect?.(filter));
    return count;
  }
}

const ACTION = "disconnect clients";
const READ_MS = 500;
const MAX_DENY_MS = 30 * 86_400_000;
/** An order without a denial means the clients of a moment, so it is not carried out much later. */
const MAX_ORDER_MS = 60_000;

/** How exact the age of an order is. A client that was sent away comes back after 100 ms at the least. */
const MARGIN_MS = 50;

/** Parses an order; `undefined` for a text that no hub of this version has written. */
function parseOrder(text: string): Order | undefined {
  try {
    const order = JSON.parse(text);
    checkFilter(ACTION, order.filter);
    const isOrder = typeof order.from === "string" &&
      (order.denyMs === undefined || typeof order.denyMs === "number");
    return isOrder ? order : undefined;
  } catch {
    return undefined;
  }
}
