/**
 * One tab among those that share a connection: it leads, or follows, or has a connection of its own until
 * it can follow.
 *
 * @module
 */

import type { State } from "./state.ts";
import type { OpenChannel, TabChannel, TabMessage } from "./tab_channel.ts";
import { TabFollower } from "./tab_follower.ts";
import { TabLeader } from "./tab_leader.ts";
import { type Locks, TabLock } from "./tab_lock.ts";
import { type Overlap, overlap, placeAfter } from "./tab_place.ts";
import type { End, Sink, Transport } from "./transport.ts";

/** What a tab needs. */
export interface SharedTabSettings {
  /** Connects by itself. */
  readonly connect: Transport;
  /** The locks of the browser. */
  readonly locks: Locks;
  /** Opens the channel. */
  readonly openChannel: OpenChannel;
}

/** A connection of the tab's own. */
interface OwnConnection {
  /** The id through which it has brought everything, also what the application has not taken yet. */
  id: string;
  /** Aborts when the tab needs it no longer. */
  readonly signal: AbortSignal;
}

/**
 * A tab.
 *
 * Whoever holds the lock leads. The leader numbers its events, so that a follower that misses one notices
 * and catches up on a connection of its own, as one does that comes in or is too slow.
 */
export class SharedTab {
  readonly #connectTo: Transport;
  readonly #channel: TabChannel;
  readonly #follower: TabFollower;
  readonly #lock: TabLock;
  /** This tab's leadership, if it leads. */
  #leader: TabLeader | undefined;
  #connection: OwnConnection | undefined;
  #state: State = { name: "connecting" };
  #sink: Sink;
  #onChange = () => {};

  /** Comes in, to bring events to a sink. */
  constructor(name: string, sink: Sink, { connect, locks, openChannel }: SharedTabSettings) {
    this.#connectTo = connect;
    this.#sink = sink;
    this.#channel = openChannel(name, (message) => this.#hear(message));
    this.#follower = new TabFollower({
      post: this.#channel.post,
      sink: () => this.#sink,
      changed: (ms) => this.#changed(ms),
      onChange: () => this.#onChange(),
      taken: (sink, taken) => this.#unlessSlow(sink, taken),
    });
    this.#lock = new TabLock(name, locks, {
      onGranted: () => this.#lead(),
      onLost: () => {
        this.#leader = undefined;
        this.#follower.ask();
      },
    });
  }

  /** Brings events to a sink, by whichever way. */
  async run(sink: Sink): Promise<End> {
    this.#sink = sink;
    if (!this.#leader) {
      this.#follower.ask();
      await this.#changed(ANSWER_MS, () => this.#leader || this.#follower.hasLeader);
    }
    while (!sink.signal.aborted) {
      if (this.#follower.canFollow()) await this.#follower.follow(sink);
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
    this.#leader?.tell(state);
  }

  /** Leaves the others. */
  leave(): void {
    this.#stepDown();
    this.#lock.close();
    this.#channel.close();
  }

  /** Leads, since it has the lock. */
  #lead(): void {
    this.#follower.forget();
    const connection = this.#connection?.signal.aborted ? undefined : this.#connection;
    const id = connection?.id ?? this.#sink.lastEventId();
    this.#leader = new TabLeader(this.#channel.post, this.#state, id, !!connection);
    this.#onChange();
  }

  /** Lets another tab lead. */
  #stepDown(): void {
    this.#leader?.resign();
    this.#leader = undefined;
    this.#lock.release();
  }

  #hear(message: TabMessage): void {
    if (message.kind === "join") this.#leader?.announce();
    else if (message.kind === "place") this.#leader?.takePlace(message.id);
    // What a leader tells now was on its way when this tab got the lock.
    else if (!this.#leader) this.#follower.hear(message);
  }

  /**
   * Has a connection: as the leader, or until the tab can follow.
   *
   * @returns `undefined` if it can follow, or if the attempt is over.
   */
  async #connect(sink: Sink): Promise<End | undefined> {
    const { host, lastEventId } = sink;
    const follower = this.#follower;
    if (this.#leader?.isAsking) await this.#changed(PLACES_MS, () => !this.#leader);
    if (sink.signal.aborted || follower.canFollow()) return;
    // From here to the request in one turn: what the leader has promised must not change.
    const start = this.#leader?.begin(lastEventId()) ?? lastEventId();
    const own = new AbortController();
    const signal = AbortSignal.any([sink.signal, own.signal]);
    const stopped = new Promise<undefined>((resolve) =>
      signal.addEventListener("abort", () => resolve(undefined))
    );
    const stopWaiting = host.setTimer(STEAL_MS, () => {
      if (!this.#leader && !follower.hasLeader) this.#lock.steal();
    });
    let unlessOld: Overlap | undefined;
    const check = () => {
      // A leader without a connection may get none for long.
      if (follower.isLeaderOpen && follower.canFollow()) own.abort();
    };
    let heardAt = host.now();
    const connection = this.#connection = { id: start, signal };
    const ended = this.#connectTo({
      ...sink,
      signal,
      lastEventId: () => start,
      hear: (isHeartbeat) => {
        if (signal.aborted) return;
        sink.hear();
        this.#leader?.hear();
        const waitedSince = heardAt;
        heardAt = host.now();
        if (!isHeartbeat) return;
        follower.hearHeartbeat(waitedSince);
        check();
      },
      receive: (event) => {
        if (signal.aborted) return;
        connection.id = placeAfter(connection.id, event);
        this.#leader?.pass(event);
        follower.hearOwn(event);
        // Only now: the application may have taken an event of the connection before since `start`.
        unlessOld ??= start === lastEventId() ? (event) => event : overlap(lastEventId);
        const news = unlessOld(event);
        const taken = news && sink.receive(news);
        if (!taken) return check();
        return this.#unlessSlow(sink, taken).then(check);
      },
    });
    const end = await Promise.race([ended, stopped]);
    if (this.#connection === connection) this.#connection = undefined;
    stopWaiting();
    return end;
  }

  /** Lets other tabs lead while the application of this one does not take its events. */
  async #unlessSlow({ host, signal }: Sink, taken: Promise<void>): Promise<void> {
    let stop: () => void;
    const wait = () => {
      stop = host.setTimer(SLOW_MS, () => {
        if (signal.aborted) return;
        // It may get the lock again.
        this.#stepDown();
        wait();
      });
    };
    wait();
    await taken;
    stop!();
  }

  /** Resolves when something has changed, or after a time. */
  #changed(ms = Infinity, isEnough: () => unknown = () => true): Promise<void> {
    const { host, signal } = this.#sink;
    return new Promise((resolve) => {
      const stop = ms < Infinity ? host.setTimer(ms, end) : () => {};
      signal.addEventListener("abort", end);
      this.#onChange = () => isEnough() && end();
      function end(): void {
        stop();
        signal.removeEventListener("abort", end);
        resolve();
      }
    });
  }
}

/** How long a leader may take to answer a tab that comes in. */
const ANSWER_MS = 300;
/** How long a new leader waits for the places of the others. */
const PLACES_MS = 100;
/** For so long the application of a leader may not take an event. */
const SLOW_MS = 5_000;
/** A leader that says nothing for so long counts as frozen. */
const STEAL_MS = 10_000;
