/**
 * One tab among those that share a connection: it leads, or follows, or has a connection of its own until
 * it can follow.
 *
 * @module
 */

import type { ParsedEvent } from "../wire/event_parser.ts";
import { compareIds, randomEpoch } from "../wire/ids.ts";
import type { State } from "./state.ts";
import type { OpenChannel, TabChannel, TabMessage } from "./tab_channel.ts";
import type { End, Sink, Transport } from "./transport.ts";

/** The members of `LockManager` that are used. */
export interface Locks {
  /** Calls back when the lock is granted, and holds it until the callback's promise is settled. */
  readonly request: (
    name: string,
    options: LockOptions,
    callback: (lock: unknown) => Promise<void> | undefined,
  ) => Promise<unknown>;
}

/** How a lock is asked for. */
export interface LockOptions {
  /** Takes the request back when it aborts. */
  readonly signal?: AbortSignal;
  /** Calls back with `null` if the lock is taken. */
  readonly ifAvailable?: boolean;
  /** Takes the lock away from whoever has it. */
  readonly steal?: boolean;
}

/** What a tab needs. */
export interface SharedTabSettings {
  /** Connects by itself. */
  readonly connect: Transport;
  /** The locks of the browser. */
  readonly locks: Locks;
  /** Opens the channel. */
  readonly openChannel: OpenChannel;
}

/** The leadership of a tab. */
interface Leadership {
  readonly term: string;
  /** How many events it has told of. */
  n: number;
  /** The id of the last event that the others have, or can have from it. */
  id: string;
  /** Whether it has not asked the others where they are. */
  isNew: boolean;
  readonly release: () => void;
}

/** The leader, as another tab knows it. */
interface Leader {
  readonly term: string;
  /** How many events of the term have come. */
  n: number;
  /** Who has everything through this id lacks nothing but what is in the inbox. */
  id: string;
  state: State;
  /** When the tab has learnt of it. */
  readonly since: number;
}

/**
 * A tab.
 *
 * Whoever holds the lock leads. The leader numbers its events, so that a follower that misses one notices
 * and catches up on a connection of its own, as one does that comes in or is too slow.
 */
export class SharedTab {
  readonly #name: string;
  readonly #settings: SharedTabSettings;
  readonly #channel: TabChannel;
  readonly #life = new AbortController();
  readonly #asked: Promise<void>;
  /** This tab's leadership, if it leads. */
  #lead: Leadership | undefined;
  #leader: Leader | undefined;
  /** The leader's events that the tab has not taken, oldest first. */
  #inbox: ParsedEvent[] = [];
  #state: State = { name: "connecting" };
  #sink: Sink | undefined;
  #isConnected = false;
  /** The places of other tabs, while a new leader asks for them. */
  #places: string[] | undefined;
  #change = () => {};

  /** Comes in. */
  constructor(name: string, settings: SharedTabSettings) {
    this.#name = name;
    this.#settings = settings;
    this.#channel = settings.openChannel(name, (message) => this.#hear(message));
    this.#asked = new Promise((resolve) => this.#ask({ ifAvailable: true }, resolve));
  }

  /** Brings events to a sink, by whichever way. */
  async run(sink: Sink): Promise<End> {
    this.#sink = sink;
    await this.#asked;
    this.#meetAnew();
    if (!this.#lead) await this.#changed(ANSWER_MS, () => !!(this.#leader ?? this.#lead));
    while (!sink.signal.aborted) {
      if (this.#canFollow()) await this.#follow(sink);
      else {
        const end = await this.#connect(sink);
        if (end) return end;
      }
    }
    return { type: "closed" };
  }

  /** Tells the others of the state of this tab, if it leads. */
  tell(state: State): void {
    this.#state = state;
    if (this.#lead) this.#channel.post({ kind: "state", term: this.#lead.term, state });
  }

  /** Leaves the others. */
  leave(): void {
    this.#stepDown();
    this.#life.abort();
    this.#channel.close();
  }

  /** Asks for the lock. */
  async #ask(how: LockOptions, onAnswer: () => void = () => {}): Promise<void> {
    const { signal } = this.#life;
    let wasGranted = false;
    try {
      await this.#settings.locks.request(this.#name, how, (lock) => {
        wasGranted = lock !== null && !signal.aborted;
        const held = wasGranted ? this.#hold() : undefined;
        onAnswer();
        return held;
      });
      if (!signal.aborted) this.#ask({ signal });
    } catch {
      // The tab has left, or the browser grants no locks; or another tab has taken the lock away.
      onAnswer();
      if (!wasGranted || signal.aborted) return;
      this.#lead = undefined;
      this.#meetAnew();
      this.#ask({ signal });
    }
  }

  /** Leads, until it steps down. */
  #hold(): Promise<void> {
    this.#leader = undefined;
    this.#inbox = [];
    return new Promise((release) => {
      const id = this.#sink?.lastEventId() ?? "";
      this.#lead = { term: randomEpoch(), n: 0, id, isNew: !this.#isConnected, release };
      this.#announce();
      this.#change();
    });
  }

  #stepDown(): void {
    if (!this.#lead) return;
    const { term, release } = this.#lead;
    this.#lead = undefined;
    this.#channel.post({ kind: "bye", term });
    release();
  }

  #hear(message: TabMessage): void {
    if (message.kind === "join") return this.#announce();
    if (message.kind === "place") return void this.#places?.push(message.id);
    if (message.kind === "lead") return this.#meet(message);
    const leader = this.#leader;
    if (message.term !== leader?.term) return;
    this.#sink?.hear();
    if (message.kind === "event") this.#take(leader, message.n, message.event);
    if (message.kind === "state") leader.state = message.state;
    if (message.kind === "bye") leader.state = { name: "connecting" };
    this.#change();
  }

  /** Tells the others that this tab leads, if it does. */
  #announce(): void {
    if (!this.#lead) return;
    const { term, n, id } = this.#lead;
    this.#channel.post({ kind: "lead", term, n, id, state: this.#state });
  }

  /** Learns of the leader. */
  #meet({ term, n, id, state }: TabMessage & { readonly kind: "lead" }): void {
    // What comes now was on its way when this tab got the lock.
    if (this.#lead) return;
    const place = this.#sink?.lastEventId() ?? "";
    if (isBefore(place, id)) this.#channel.post({ kind: "place", id: place });
    if (this.#leader?.term === term && this.#leader.n === n) {
      if (isBefore(id, this.#leader.id)) this.#leader.id = id;
      return;
    }
    this.#inbox = [];
    this.#leader = { term, n, id, state, since: this.#sink?.host.now() ?? 0 };
    this.#change();
  }

  /** Asks who leads, because the tab comes in or has lost track. */
  #meetAnew(): void {
    this.#leader = undefined;
    this.#inbox = [];
    if (!this.#lead) this.#channel.post({ kind: "join" });
  }

  #take(leader: Leader, n: number, event: ParsedEvent): void {
    if (n === leader.n + 1 && this.#inbox.length < MAX_WAITING) {
      leader.n = n;
      this.#inbox.push(event);
      if (leader.id === "") leader.id = event.lastEventId;
    } else if (n > leader.n) this.#meetAnew();
  }

  /** Whether the tab lacks nothing but what is in its inbox. */
  #canFollow(): boolean {
    if (this.#lead || !this.#leader) return false;
    const { id } = this.#leader;
    const place = this.#sink!.lastEventId();
    return id !== "" && (place === id || isBefore(id, place));
  }

  /** Takes a leader's events, until another tab leads or this one has lost track. */
  async #follow(sink: Sink): Promise<void> {
    let shown: State | undefined;
    let unlessOld = seam(sink);
    const leader = this.#leader!;
    while (!sink.signal.aborted && this.#leader === leader) {
      const { state } = leader;
      if (state !== shown) {
        if (state.name === "open") sink.open();
        else sink.show(state);
        shown = state;
      }
      const event = this.#inbox.shift();
      if (event) {
        // A leader that has reconnected from before this tab's place passes on what the tab has.
        if (event.event === "hello" && isBefore(event.lastEventId, sink.lastEventId())) {
          unlessOld = seam(sink);
        }
        const news = unlessOld(event);
        if (news) await sink.receive(news);
        leader.id = sink.lastEventId();
      } else if (state.name !== "waiting") await this.#changed();
      else {
        // A leader that waits says nothing.
        if (sink.host.now() < state.until) sink.hear();
        await this.#changed(WAITING_MS);
      }
    }
  }

  /**
   * Has a connection: as the leader, or until the tab can follow.
   *
   * @returns `undefined` if it can follow.
   */
  async #connect(sink: Sink): Promise<End | undefined> {
    const start = await this.#startOf(sink);
    const own = new AbortController();
    const signal = AbortSignal.any([sink.signal, own.signal]);
    const stopped = new Promise<undefined>((resolve) =>
      signal.addEventListener("abort", () => resolve(undefined))
    );
    const stopWaiting = sink.host.setTimer(STEAL_MS, () => {
      if (!this.#lead && !this.#leader) this.#ask({ steal: true });
    });
    let unlessOld: Seam | undefined;
    const check = () => {
      if (this.#canFollow()) own.abort();
    };
    let isFirst = true;
    this.#isConnected = true;
    const connection = this.#settings.connect({
      ...sink,
      signal,
      lastEventId: () => isFirst ? start : sink.lastEventId(),
      hear: (isHeartbeat) => {
        sink.hear(isHeartbeat);
        const leader = this.#leader;
        if (this.#lead) this.#channel.post({ kind: "alive", term: this.#lead.term });
        else if (isHeartbeat && leader && sink.host.now() - leader.since > SETTLED_MS) {
          // Nothing waited for this tab, so it has all that the leader had then.
          leader.id = sink.lastEventId();
          check();
        }
      },
      receive: (event) => {
        isFirst = false;
        if (signal.aborted) return;
        this.#pass(event);
        // Only now: the application may have taken an event of the connection before since `start`.
        unlessOld ??= start === sink.lastEventId() ? (event) => event : seam(sink);
        const news = unlessOld(event);
        const taken = news && sink.receive(news);
        if (!taken) return check();
        return this.#unlessSlow(sink, taken).then(check);
      },
    });
    const end = await Promise.race([connection, stopped]);
    this.#isConnected = false;
    stopWaiting();
    return end;
  }

  /** The id after which a connection begins: for a leader, the lowest of all tabs. */
  async #startOf(sink: Sink): Promise<string> {
    const place = sink.lastEventId();
    const lead = this.#lead;
    if (!lead || place === "") return place;
    if (lead.isNew) {
      const places = this.#places = [] as string[];
      this.#announce();
      await this.#changed(PLACES_MS, () => false);
      lead.id = places.reduce((low, id) => isBefore(id, low) ? id : low, place);
      // An attempt that was broken off has not waited for all of them.
      lead.isNew = sink.signal.aborted;
      this.#places = undefined;
      this.#announce();
    }
    return isBefore(lead.id, place) ? lead.id : place;
  }

  /** Passes an event on to the others, if this tab leads. */
  #pass(event: ParsedEvent): void {
    const lead = this.#lead;
    if (!lead) return;
    const { lastEventId } = event;
    // The id of a `hello` may be later than the last event.
    if (event.event !== "hello" || !isSameEpoch(lead.id, lastEventId)) lead.id = lastEventId;
    this.#channel.post({ kind: "event", term: lead.term, n: ++lead.n, event });
  }

  /** Lets another tab lead if the application of this one does not take its events. */
  async #unlessSlow({ host }: Sink, taken: Promise<void>): Promise<void> {
    const stop = host.setTimer(SLOW_MS, () => this.#stepDown());
    await taken;
    stop();
  }

  /** Resolves when something has changed, or after a time. */
  #changed(ms = Infinity, isEnough: () => boolean = () => true): Promise<void> {
    const { host, signal } = this.#sink!;
    return new Promise((resolve) => {
      const stop = ms < Infinity ? host.setTimer(ms, end) : () => {};
      signal.addEventListener("abort", end);
      this.#change = () => isEnough() && end();
      function end(): void {
        stop();
        signal.removeEventListener("abort", end);
        resolve();
      }
    });
  }
}

/** Returns an event as the tab has to take it; `undefined` if the tab has it already. */
type Seam = (event: ParsedEvent) => ParsedEvent | undefined;

/** Used where the tab changes from one connection to another. */
function seam({ lastEventId }: Sink): Seam {
  let isSeam = true;
  let before: string | undefined;
  return (event) => {
    const place = lastEventId();
    const id = event.lastEventId;
    const hasNoId = id === (before ?? id);
    before = id;
    isSeam &&= event.event !== "reset" && (id === place || isBefore(id, place));
    if (!isSeam) return event;
    // The gap of a pattern may concern events after the tab's place, which it must not move back.
    return event.event === "gap" && hasNoId ? { ...event, lastEventId: place } : undefined;
  };
}

/** Whether an id comes before another one of the same epoch. */
function isBefore(id: string, other: string): boolean {
  return isSameEpoch(id, other) && compareIds(id, other) < 0;
}

function isSameEpoch(id: string, other: string): boolean {
  const epoch = (id: string) => id.slice(0, id.lastIndexOf("-") + 1);
  return epoch(id) !== "" && epoch(id) === epoch(other);
}

/** How long a leader may take to answer a tab that comes in. */
const ANSWER_MS = 300;
/** How long a new leader waits for the places of the others. */
const PLACES_MS = 100;
/** For so long the application of a leader may not take an event. */
const SLOW_MS = 5_000;
/** A leader that says nothing for so long counts as frozen. */
const STEAL_MS = 10_000;
/** After this time, what the leader had has come to all instances of the hub. */
const SETTLED_MS = 1_000;
/** A tab looks this often whether a leader that waits is late. */
const WAITING_MS = 5_000;
/** So many events wait for a tab that follows. */
const MAX_WAITING = 1_000;
