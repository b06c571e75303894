/**
 * Leading: what the tab that has the connection promises the other tabs, and tells them.
 *
 * @module
 */

import type { ParsedEvent } from "../wire/event_parser.ts";
import { randomEpoch } from "../wire/ids.ts";
import type { State } from "./state.ts";
import type { TabChannel } from "./tab_channel.ts";
import { isBefore, placeAfter } from "./tab_place.ts";

/**
 * The leadership of a tab, from when it gets the lock until it loses it or gives it away.
 *
 * It promises that a tab that has everything through an id lacks nothing but what it passes on from now
 * on. A tab may rely on a promise as soon as it hears it. So the id goes back, to the place of a tab that
 * is behind, only until the first connection begins, and it goes on only by an event that is passed on.
 */
export class TabLeader {
  readonly #post: TabChannel["post"];
  readonly #term = randomEpoch();
  #state: State;
  #id: string;
  #hasBegun: boolean;
  /** How many events it has passed on. */
  #n = 0;

  /**
   * Announces itself. Tabs that are behind answer with their places.
   *
   * @param id The id after which the tab's connection goes on or, if it has none, the tab's place.
   * @param isConnected Whether the tab has a connection.
   */
  constructor(post: TabChannel["post"], state: State, id: string, isConnected: boolean) {
    this.#post = post;
    this.#state = state;
    this.#id = id;
    this.#hasBegun = isConnected;
    this.announce();
  }

  /** Whether the answers of other tabs may change where the connection begins. */
  get isAsking(): boolean {
    return !this.#hasBegun && this.#id !== "";
  }

  /** Tells the others who leads, and what they may rely on. */
  announce(): void {
    const n = this.#n;
    this.#post({ kind: "lead", term: this.#term, n, id: this.#id, state: this.#state });
  }

  /** Takes the place of another tab, and begins there if it can. */
  takePlace(id: string): void {
    if (this.#hasBegun || !isBefore(id, this.#id)) return;
    this.#id = id;
    this.announce();
  }

  /**
   * Begins a connection.
   *
   * @param place The place of the tab itself.
   * @returns The id after which the connection has to begin.
   */
  begin(place: string): string {
    this.#hasBegun = true;
    const start = place === "" || isBefore(this.#id, place) ? this.#id : place;
    // What the others have comes again, since this tab does not have it.
    if (isBefore(start, this.#id)) this.pass({ event: "", data: "", lastEventId: start });
    this.#id = start;
    return start;
  }

  /** Passes an event on. */
  pass(event: ParsedEvent): void {
    this.#id = placeAfter(this.#id, event);
    this.#post({ kind: "event", term: this.#term, n: ++this.#n, event });
  }

  /** Tells the others that the connection is alive. */
  hear(): void {
    this.#post({ kind: "alive", term: this.#term });
  }

  /** Tells the others of the tab's state. */
  tell(state: State): void {
    this.#state = state;
    this.#post({ kind: "state", term: this.#term, state });
  }

  /** Tells the others that it leads no longer. */
  resign(): void {
    this.#post({ kind: "bye", term: this.#term });
  }
}
