/**
 * The open per-connection streams: finding, listing and ending them. The hub knows its own subscribers.
 *
 * @module
 */

import { type ClientIdentity, isMeant, type SubscriberFilter } from "../hub/subscriber_filter.ts";
import { randomEpoch } from "../wire/ids.ts";
import type { ClientDetails } from "./client_details.ts";

/** An open event stream. */
export interface OpenConnection {
  /** The id, which no connection of any instance had before. */
  id: string;
  /** Who the client is; its `address` is given. */
  readonly client: ClientIdentity;
  /** What else an operator sees of the client. */
  readonly details: ClientDetails;
  /** The streams that it subscribes to; empty for a per-connection stream. */
  readonly streams: readonly string[];
  /** When it was opened, on the clock of `performance.now()`. */
  readonly openedMs: number;
}

/** An open event stream that can be ended here. */
export interface OwnConnection extends OpenConnection {
  /** Ends a per-connection stream; `undefined` for a subscriber, which the hub ends. */
  readonly controller: AbortController | undefined;
}

/** The open per-connection streams of this instance. */
export class OwnConnections {
  readonly #open = new Map<string, OwnConnection>();
  readonly #prefix = `own-${randomEpoch()}-`;
  #count = 0;

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Makes the id of the next one. */
  nextId(): string {
    return `${this.#prefix}${++this.#count}`;
  }

  /** Adds one that has opened. */
  add(connection: OwnConnection): void {
    this.#open.set(connection.id, connection);
  }

  /** Removes one that has ended. */
  delete({ id }: OpenConnection): void {
    this.#open.delete(id);
  }

  /** Whether an id is that of a per-connection stream of this instance, open or ended. */
  isOwnId(id: string): boolean {
    return id.startsWith(this.#prefix);
  }

  /** Finds an open one. */
  find(id: string): OpenConnection | undefined {
    return this.#open.get(id);
  }

  /** Iterates over those that were opened after the one with an id and that a filter means, oldest first. */
  after(id: string, filter: SubscriberFilter = {}): IteratorObject<OpenConnection> {
    const number = this.isOwnId(id) ? this.#numberOf(id) : 0;
    return this.#open.values().filter((connection) =>
      this.#numberOf(connection.id) > number && isMeant(filter, connection.client, [])
    );
  }

  /** Ends those that a filter means. Returns how many. */
  disconnect({ id, ...others }: SubscriberFilter): number {
    const meant = id === undefined
      ? [...this.#open.values()]
      : [this.#open.get(id)].filter((connection) => connection !== undefined);
    const ending = meant.filter(({ client }) => isMeant(others, client, []));
    for (const { controller } of ending) controller?.abort();
    return ending.length;
  }

  #numberOf(id: string): number {
    return Number(id.slice(this.#prefix.length));
  }
}
