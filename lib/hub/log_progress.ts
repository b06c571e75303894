/**
 * How far the log has delivered to this hub, and who waits for an id. A publisher waits until the log has
 * delivered its event; a subscriber whose id is ahead of this hub waits until the hub has reached the id.
 *
 * @module
 */

import type { EventLog } from "../log/event_log.ts";
import { compareIds } from "../wire/ids.ts";

/** Why the log will not deliver an id soon, or ever. */
export type ProgressFailure = "lost" | "unreachable";

/** A waiter for an id. Exactly one of its two functions is called, once. */
export interface ProgressWaiter {
  /** Called when the log has reached the id, or will deliver nothing more. */
  readonly onReach: () => void;
  /** Called when the log will not reach the id soon, or ever. Left out, the waiter goes on waiting. */
  readonly onFail?: (failure: ProgressFailure, reason?: unknown) => void;
}

/** An append on its way: from before the log is called until the log has delivered the entry here. */
export interface Arrival {
  /** Whether the log has delivered exactly this id. A later id alone doesn't count. */
  isDelivered?: boolean;
  /** The log's failure, if the log failed before it answered the append. */
  failure?: { readonly failure: ProgressFailure; readonly reason?: unknown };
  /** The id through which entries were lost, if the log lost entries before it answered the append. */
  lostId?: string;
}

/** How far the log has delivered to this hub. */
export class LogProgress {
  readonly #startId: () => string;
  readonly #waiters = new Set<ProgressWaiter & { readonly id: string }>();
  // Appends that the log has not answered yet; below, appends that it has answered, by id.
  readonly #unanswered = new Set<Arrival>();
  readonly #answered = new Map<string, Arrival[]>();
  #headId: string | undefined;
  #isDue = false;

  /**
   * Begins at the log's start.
   *
   * @param startId Returns the id before the log's oldest entry.
   */
  constructor(startId: () => string) {
    this.#startId = startId;
  }

  /** The id of the newest entry that the log has delivered or reported as lost. */
  get headId(): string {
    return this.#headId ?? this.#startId();
  }

  /** Whether the log has reached an id. */
  hasReached(id: string): boolean {
    return compareIds(id, this.headId) <= 0;
  }

  /** Whether a client's id is one that the log has given, or, if hubs share the log, may have given. */
  knows(id: string, log: Pick<EventLog, "hasId" | "isShared">): boolean {
    return log.hasId(id) && (log.isShared || this.hasReached(id));
  }

  /** Records that the log has reached an id. Waiters are called at the end of the turn. */
  reach(id: string): void {
    this.#headId = id;
    // Looking up an id hashes it, which a hub with a log in memory never needs.
    if (this.#answered.size > 0) {
      for (const arrival of this.#answered.get(id) ?? []) arrival.isDelivered = true;
    }
    if (this.#waiters.size === 0 || this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => this.#settle());
  }

  /**
   * Calls a waiter when the log has reached an id; at once if it has already.
   *
   * @returns A function that cancels the wait.
   */
  whenReached(id: string, waiter: ProgressWaiter): () => void {
    const waiting = { ...waiter, id };
    if (this.hasReached(id)) waiter.onReach();
    else this.#waiters.add(waiting);
    return () => this.#waiters.delete(waiting);
  }

  /** Begins to wait for an append. Call it before the log: from now on, failures of the log count. */
  expect(): Arrival {
    const arrival: Arrival = {};
    this.#unanswered.add(arrival);
    return arrival;
  }

  /**
   * Whether the log had delivered an append by the time it answered, as a log in memory always has: then
   * nobody waits for it any more. Otherwise call {@linkcode whenDelivered}.
   */
  hasArrived(arrival: Arrival, id: string): boolean {
    const { failure, lostId } = arrival;
    if (failure !== undefined || lostId !== undefined || !this.hasReached(id)) return false;
    this.#unanswered.delete(arrival);
    return true;
  }

  /**
   * Calls a waiter when the log has delivered exactly an id. If the log delivers a later id instead, the
   * entry is lost. If the log had reached the id before it answered, the entry counts as delivered.
   */
  whenDelivered(arrival: Arrival, id: string, waiter: Required<ProgressWaiter>): void {
    const { failure, lostId = "" } = arrival;
    this.#unanswered.delete(arrival);
    if (failure) return waiter.onFail(failure.failure, failure.reason);
    if (lostId !== "" && compareIds(id, lostId) <= 0) return waiter.onFail("lost");
    arrival.isDelivered = this.hasReached(id);
    this.#answered.set(id, [...this.#answered.get(id) ?? [], arrival]);
    const settle = () => this.#answered.delete(id);
    this.whenReached(id, {
      onReach: () => {
        settle();
        if (arrival.isDelivered) waiter.onReach();
        else waiter.onFail("lost");
      },
      onFail: (failure, reason) => {
        settle();
        waiter.onFail(failure, reason);
      },
    });
  }

  /** Cancels the wait for an append that failed. */
  cancel(arrival: Arrival): void {
    this.#unanswered.delete(arrival);
  }

  /** Fails the waiters for ids through `throughId` that the log has not reached: it has lost them. */
  lose(throughId: string): void {
    for (const arrival of this.#unanswered) arrival.lostId = throughId;
    this.#fail("lost", undefined, throughId);
  }

  /** Fails all waiters that have `onFail`: the log is unreachable. */
  giveUp(reason: unknown): void {
    for (const arrival of this.#unanswered) arrival.failure ??= { failure: "unreachable", reason };
    this.#fail("unreachable", reason);
  }

  /** Begins anew at the start of a new log: ids of the old log mean nothing any more. */
  reset(): void {
    for (const arrival of this.#unanswered) arrival.failure ??= { failure: "lost" };
    this.#fail("lost");
    this.#headId = undefined;
    this.release();
  }

  /** Calls `onReach` of all waiters: the log will deliver nothing more for them. */
  release(): void {
    for (const arrival of [...this.#answered.values()].flat()) arrival.isDelivered = true;
    for (const waiter of this.#waiters) {
      this.#waiters.delete(waiter);
      waiter.onReach();
    }
  }

  #fail(failure: ProgressFailure, reason?: unknown, throughId?: string): void {
    for (const waiter of this.#waiters) {
      const isMeant = throughId === undefined ||
        !this.hasReached(waiter.id) && compareIds(waiter.id, throughId) <= 0;
      if (!waiter.onFail || !isMeant) continue;
      this.#waiters.delete(waiter);
      waiter.onFail(failure, reason);
    }
  }

  #settle(): void {
    this.#isDue = false;
    for (const waiter of this.#waiters) {
      if (!this.hasReached(waiter.id)) continue;
      this.#waiters.delete(waiter);
      waiter.onReach();
    }
  }
}
