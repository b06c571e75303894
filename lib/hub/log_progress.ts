/**
 * How far a hub's log has come, and who waits for an id: a publisher until its event has been delivered
 * here, a subscriber that is ahead of this hub until the hub is there.
 *
 * @module
 */

import { compareIds } from "../wire/ids.ts";

/** Why the log will not come to an id, or not soon. */
export type ProgressFailure = "lost" | "unreachable";

/** Who waits for an id. Exactly one of its functions is called, once. */
export interface ProgressWaiter {
  /** The log has come to the id, or nothing more will come. */
  readonly onReach: () => void;
  /** The log will not come to the id, or not soon. Left out, the waiter goes on waiting. */
  readonly onFail?: (failure: ProgressFailure, reason?: unknown) => void;
}

/** What is being appended, from before the log is asked until it is delivered here. */
export interface Arrival {
  /** Whether just that id has been delivered, and not only what comes after it. */
  isDelivered?: boolean;
  /** What has befallen the log before it has answered. */
  failure?: { readonly failure: ProgressFailure; readonly reason?: unknown };
  /** The id through which the log has lost entries before it has answered. */
  lostId?: string;
}

/** How far a hub's log has come. */
export class LogProgress {
  readonly #startId: () => string;
  readonly #waiters = new Set<ProgressWaiter & { readonly id: string }>();
  // Before the log has answered; then by id.
  readonly #unanswered = new Set<Arrival>();
  readonly #answered = new Map<string, Arrival[]>();
  #headId: string | undefined;
  #isDue = false;

  /**
   * Begins where the log begins.
   *
   * @param startId Returns the id before the log's oldest entry.
   */
  constructor(startId: () => string) {
    this.#startId = startId;
  }

  /** The id of the newest entry that the log has delivered, or said to be lost. */
  get headId(): string {
    return this.#headId ?? this.#startId();
  }

  /** Whether the log has come to an id. */
  hasReached(id: string): boolean {
    return compareIds(id, this.headId) <= 0;
  }

  /** Records how far the log has come. Waiters learn of it at the end of the turn. */
  reach(id: string): void {
    this.#headId = id;
    for (const arrival of this.#answered.get(id) ?? []) arrival.isDelivered = true;
    if (this.#waiters.size === 0 || this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => this.#settle());
  }

  /**
   * Waits until the log has come to an id, which may be so at once.
   *
   * @returns A function that gives up waiting.
   */
  whenReached(id: string, waiter: ProgressWaiter): () => void {
    const waiting = { ...waiter, id };
    if (this.hasReached(id)) waiter.onReach();
    else this.#waiters.add(waiting);
    return () => this.#waiters.delete(waiting);
  }

  /** Begins to wait for what is about to be appended: what befalls the log from now on counts. */
  expect(): Arrival {
    const arrival: Arrival = {};
    this.#unanswered.add(arrival);
    return arrival;
  }

  /**
   * Waits until just an id has been delivered: where the log goes on without it, it is lost. Where the
   * log came to the id before it answered, it is not known which entries that took.
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

  /** Waits no more for what could not be appended. */
  forget(arrival: Arrival): void {
    this.#unanswered.delete(arrival);
  }

  /** Fails the waiters for ids up to one that were not delivered: the log has lost them. */
  lose(throughId: string): void {
    for (const arrival of this.#unanswered) arrival.lostId = throughId;
    this.#fail("lost", undefined, throughId);
  }

  /** Fails the waiters: the log is unreachable. */
  giveUp(reason: unknown): void {
    for (const arrival of this.#unanswered) arrival.failure ??= { failure: "unreachable", reason };
    this.#fail("unreachable", reason);
  }

  /** Begins anew where the log does: the ids that anybody waits for mean nothing any more. */
  reset(): void {
    for (const arrival of this.#unanswered) arrival.failure ??= { failure: "lost" };
    this.#fail("lost");
    this.#headId = undefined;
    this.release();
  }

  /** Lets all waiters go on: the log will deliver nothing more to them. */
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
