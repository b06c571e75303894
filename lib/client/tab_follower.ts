/**
 * Following: what a tab knows of the tab that leads, and how it gets its events from there.
 *
 * @module
 */

import type { ParsedEvent } from "../wire/event_parser.ts";
import type { State } from "./state.ts";
import type { TabChannel, TabMessage } from "./tab_channel.ts";
import { epochOf, isBefore, overlap } from "./tab_place.ts";
import type { Sink } from "./transport.ts";

/** The leader, as another tab knows it. */
interface Leader {
  readonly term: string;
  /** How many events of the term have come. */
  n: number;
  /** Whoever has everything through this id lacks nothing but what is in the inbox. */
  id: string;
  state: State;
  /** When the tab has learnt that the leader has everything through the id. */
  since: number;
  /** Whether the tab takes the leader's events in place of those of its own connection. */
  isFollowed: boolean;
}

/** What a follower needs of its tab. */
export interface FollowerOwner {
  /** Tells the other tabs. */
  readonly post: TabChannel["post"];
  /** Returns the tab's sink. */
  readonly sink: () => Sink;
  /** Resolves when something has changed, or after a time. */
  readonly changed: (ms?: number) => Promise<void>;
  /** Is told that something has changed. */
  readonly onChange: () => void;
  /** Waits until the application has taken an event. */
  readonly taken: (sink: Sink, taken: Promise<void>) => Promise<void>;
}

/** A tab, as far as it follows or may follow. */
export class TabFollower {
  readonly #owner: FollowerOwner;
  #leader: Leader | undefined;
  /** The leader's events that the tab has not taken, oldest first. */
  #inbox: ParsedEvent[] = [];
  /** Whether a gap before the tab's place may not have been told of yet. */
  #mayLackGap = false;

  /** Begins without a leader. */
  constructor(owner: FollowerOwner) {
    this.#owner = owner;
  }

  /** Whether the tab knows who leads. */
  get hasLeader(): boolean {
    return this.#leader !== undefined;
  }

  /** Whether the leader has a connection, as far as the tab knows. */
  get isLeaderOpen(): boolean {
    return this.#leader?.state.name === "open";
  }

  /** Forgets the leader. */
  forget(): void {
    this.#leader = undefined;
    this.#inbox = [];
  }

  /** Forgets the leader, and asks who leads: the tab comes in, or has lost track. */
  ask(): void {
    this.forget();
    this.#owner.post({ kind: "join" });
  }

  /** Hears what a leader tells. */
  hear(message: TabMessage): void {
    const leader = this.#leader;
    if (message.kind === "lead") this.#meet(message);
    else if (leader && "term" in message && message.term === leader.term) {
      this.#owner.sink().hear();
      if (message.kind === "event") this.#take(leader, message.n, message.event);
      if (message.kind === "state") leader.state = message.state;
      if (message.kind === "bye") leader.state = { name: "connecting" };
    }
    this.#owner.onChange();
  }

  /** Whether the tab lacks nothing but what is in its inbox. */
  canFollow(): boolean {
    if (!this.#leader || this.#mayLackGap) return false;
    const { id } = this.#leader;
    const place = this.#owner.sink().lastEventId();
    return id !== "" && (place === id || isBefore(id, place));
  }

  /**
   * Takes note of an event of the tab's own connection. Of several streams, a hub tells of a gap in one
   * only after older events of the others: at their ids, it is not known yet that something is missing.
   */
  hearOwn({ event, lastEventId }: ParsedEvent): void {
    const streams = this.#owner.sink().url.searchParams.getAll("stream");
    const isOne = streams.length === 1 && !streams[0]!.includes("*");
    if (event !== "hello") this.#mayLackGap = !isOne && epochOf(lastEventId) !== "";
  }

  /**
   * Takes note of a heartbeat of the tab's own connection. Nothing waited for the tab, so it has all that
   * the leader had a moment before the heartbeat was sent, if both are at the same hub.
   *
   * @param waitedSince Since when the tab has waited for the heartbeat. One that has come without a wait
   * may have been sent long before.
   */
  hearHeartbeat(waitedSince: number): void {
    this.#mayLackGap = false;
    const { host, lastEventId } = this.#owner.sink();
    const leader = this.#leader;
    const place = lastEventId();
    if (!leader?.id || place === "" || epochOf(leader.id) !== epochOf(place)) return;
    const isFresh = host.now() > waitedSince;
    if (isFresh && waitedSince - leader.since > SETTLED_MS) leader.id = place;
  }

  /** Takes the leader's events, until another tab leads or this one has lost track. */
  async follow(sink: Sink): Promise<void> {
    const { changed, taken } = this.#owner;
    const { host, lastEventId } = sink;
    const leader = this.#leader!;
    leader.isFollowed = true;
    let shown: State | undefined;
    let unlessOld = overlap(lastEventId);
    while (!sink.signal.aborted && this.#leader === leader) {
      const { state } = leader;
      if (state !== shown) {
        if (state.name === "open") sink.open();
        else sink.show(state);
        shown = state;
      }
      const event = this.#inbox.shift();
      if (event) {
        if (isBeginning(event) && isBefore(event.lastEventId, lastEventId())) {
          unlessOld = overlap(lastEventId);
        }
        const news = unlessOld(event);
        const pending = news && sink.receive(news);
        if (pending) await taken(sink, pending);
        leader.id = lastEventId();
      } else if (state.name !== "waiting") await changed();
      else {
        // A leader that waits says nothing.
        if (host.now() < state.until) sink.hear();
        await changed(WAITING_MS);
      }
    }
  }

  /** Learns of the leader, and tells it if the tab is behind. */
  #meet({ term, n, id, state }: TabMessage & { readonly kind: "lead" }): void {
    const { host, lastEventId } = this.#owner.sink();
    const place = lastEventId();
    if (isBefore(place, id)) this.#owner.post({ kind: "place", id: place });
    const leader = this.#leader;
    if (leader?.term !== term || leader.n !== n) {
      this.#inbox = [];
      this.#leader = { term, n, id, state, since: host.now(), isFollowed: false };
    } else if (isBefore(id, leader.id)) leader.id = id;
  }

  #take(leader: Leader, n: number, event: ParsedEvent): void {
    if (n <= leader.n) return;
    if (n > leader.n + 1 || this.#inbox.length >= MAX_WAITING) return this.ask();
    leader.n = n;
    const id = event.lastEventId;
    const isAnew = event.event === "hello" && epochOf(id) !== epochOf(leader.id);
    if (leader.id === "" || (isAnew && !leader.isFollowed)) {
      // A tab that does not follow yet can do so from here on.
      this.#inbox = [];
      leader.id = id;
      leader.since = this.#owner.sink().host.now();
    }
    this.#inbox.push(event);
  }
}

/** Whether an event tells where a connection of the leader begins. */
function isBeginning({ event }: ParsedEvent): boolean {
  return event === "hello" || event === "";
}

/** After this time, what the leader had has come to all instances of the hub. */
const SETTLED_MS = 1_000;
/** A tab looks this often whether a leader that waits is late. */
const WAITING_MS = 5_000;
/** So many events wait for a tab that follows. */
const MAX_WAITING = 1_000;
