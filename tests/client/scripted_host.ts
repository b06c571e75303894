/**
 * A clock and a page that a test moves by hand, for clients.
 *
 * @module
 */

import type { Host } from "../../lib/client/host.ts";
import { type PageEvents, pageEventsOf } from "../../lib/client/page_events.ts";
import { macrotask } from "../wait.ts";

/** A clock that goes on when a test says so, the timers of a machine that can sleep, and a page. */
export class ScriptedHost extends EventTarget implements Host {
  /** What `random()` returns. */
  chance = 0;
  /** Whether the page is hidden. */
  hidden = false;
  #now = Date.UTC(2026, 0, 1);
  /** The time that the machine was awake, by which timers go. */
  #awake = 0;
  readonly #settled: () => Promise<void>;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();

  /** Begins. `settle` lets everything happen that is not up to the time. */
  constructor(settle: () => Promise<void> = settled) {
    super();
    this.#settled = settle;
  }

  readonly now = () => this.#now;
  random = (): number => this.chance;
  readonly isHidden = () => this.hidden;
  readonly setTimer = (ms: number, callback: () => void) => {
    const timer = { at: this.#awake + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** The number of timers that wait. */
  get timers(): number {
    return this.#timers.size;
  }

  /** What the events of this page do. */
  get page(): PageEvents {
    return pageEventsOf({
      addEventListener: (type, listener, options) =>
        this.addEventListener(type, listener as EventListener, options),
    });
  }

  /** Lets time pass, and everything happen that follows. */
  async pass(ms: number): Promise<void> {
    const end = this.#awake + ms;
    await this.#settled();
    for (;;) {
      let next: { readonly at: number; readonly callback: () => void } | undefined;
      for (const timer of this.#timers) {
        if (timer.at <= end && timer.at < (next?.at ?? Infinity)) next = timer;
      }
      if (!next) break;
      this.#timers.delete(next);
      this.#to(Math.max(next.at, this.#awake));
      next.callback();
      await this.#settled();
    }
    this.#to(end);
    await this.#settled();
  }

  /** Lets the machine sleep: time passes, and timers stand still. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  /** Fires an event of the page. */
  async fire(type: string, fields: object = {}): Promise<void> {
    this.dispatchEvent(Object.assign(new Event(type), fields));
    await this.#settled();
  }

  /** Hides or shows the page. */
  async turn(hidden: boolean): Promise<void> {
    this.hidden = hidden;
    await this.fire("visibilitychange");
  }

  #to(awake: number): void {
    this.#now += awake - this.#awake;
    this.#awake = awake;
  }
}

/** Resolves after all that promises and streams have to do. */
export async function settled(): Promise<void> {
  await macrotask();
  await macrotask();
}

/** Resolves after many microtasks: enough for streams in memory, and much sooner. */
export async function microtasks(): Promise<void> {
  for (let i = 0; i < 200; i++) await undefined;
}
