/**
 * All subscribers of a hub by their ids, in the order in which they connected.
 *
 * @module
 */

import { randomEpoch } from "../wire/ids.ts";
import type { Subscriber } from "./subscriber.ts";

/**
 * The subscribers of a hub. The id of a subscriber is the hub's random prefix, a dash and a running number
 * in base 36, so no two connections of any instances have one id.
 */
export class Subscribers {
  /** The prefix of all ids. */
  readonly prefix: string = randomEpoch();
  readonly #byNumber = new Map<number, Subscriber>();
  #count = 0;

  /** Adds a subscriber, and gives it its number. */
  add(subscriber: Subscriber): void {
    subscriber.number = ++this.#count;
    this.#byNumber.set(subscriber.number, subscriber);
  }

  /** Removes a subscriber. */
  delete(subscriber: Subscriber): void {
    this.#byNumber.delete(subscriber.number);
  }

  /** Returns the id of a subscriber. */
  idOf({ number }: Pick<Subscriber, "number">): string {
    return `${this.prefix}-${number.toString(36)}`;
  }

  /** Whether an id is of this hub, of a connection that is open or was. */
  isOwn(id: string): boolean {
    return this.#numberOf(id) > 0;
  }

  /** Returns the subscriber with an id; `undefined` if the connection is not open. */
  get(id: string): Subscriber | undefined {
    return this.#byNumber.get(this.#numberOf(id));
  }

  /** Iterates over all subscribers, the oldest first. */
  values(): IteratorObject<Subscriber> {
    return this.#byNumber.values();
  }

  /** Iterates over the subscribers that connected after the one with an id, which may have ended. */
  after(id: string): IteratorObject<Subscriber> {
    const number = this.#numberOf(id);
    return number === 0 ? this.values() : this.values().filter((other) => other.number > number);
  }

  #numberOf(id: string): number {
    const { length } = this.prefix;
    if (!id.startsWith(this.prefix) || !/^-[1-9a-z][0-9a-z]{0,9}$/.test(id.slice(length))) return 0;
    return parseInt(id.slice(length + 1), 36);
  }
}
