/**
 * The tabs of one origin, as far as they share: locks, and channels between tabs.
 *
 * @module
 */

import type { SharingOptions } from "../../lib/client/mod.ts";
import type { TabMessage } from "../../lib/client/tab_channel.ts";

interface Request {
  readonly tab: object;
  readonly name: string;
  readonly grant: (lock: object) => void;
  readonly lose: (error: Error) => void;
}

/** Locks and channels for tabs of one process. A tab is any object. */
export class TabWorld {
  readonly #holders = new Map<string, Request>();
  #queue: Request[] = [];
  readonly #channels = new Set<
    { readonly name: string; readonly tab: object; readonly receive: (it: TabMessage) => void }
  >();
  readonly #dead = new Set<object>();
  /** What frozen tabs have to do once they go on. */
  readonly #frozen = new Map<object, (() => void)[]>();

  /** A tab that has a lock. */
  get holder(): object | undefined {
    return [...this.#holders.values()][0]?.tab;
  }

  /** What a tab shares by. */
  optionsOf(tab: object): SharingOptions {
    return {
      locks: { request: (name, options, callback) => this.#request(tab, name, options, callback) },
      openChannel: (name, receive) => {
        const channel = { name, tab, receive };
        this.#channels.add(channel);
        return {
          post: (message) => {
            if (!this.#channels.has(channel) && !this.#dead.has(tab)) {
              throw new DOMException("The channel is closed", "InvalidStateError");
            }
            this.#post(tab, name, message);
          },
          close: () => void this.#channels.delete(channel),
        };
      },
    };
  }

  /** Lets a tab die without a word. */
  kill(tab: object): void {
    this.#dead.add(tab);
    this.#frozen.delete(tab);
    for (const channel of this.#channels) if (channel.tab === tab) this.#channels.delete(channel);
    this.#queue = this.#queue.filter((request) => request.tab !== tab);
    for (const [name, holder] of this.#holders) if (holder.tab === tab) this.#next(name);
  }

  /** Lets a tab stand still, as a browser does with a page in the background. */
  freeze(tab: object): void {
    if (!this.#frozen.has(tab)) this.#frozen.set(tab, []);
  }

  /** Lets a frozen tab go on. */
  thaw(tab: object): void {
    const callbacks = this.#frozen.get(tab) ?? [];
    this.#frozen.delete(tab);
    for (const callback of callbacks) this.run(tab, callback);
  }

  /** Calls back as soon as a tab is not frozen. */
  run(tab: object, callback: () => void): void {
    const waiting = this.#frozen.get(tab);
    if (waiting) waiting.push(callback);
    else callback();
  }

  #post(tab: object, name: string, message: TabMessage): void {
    if (this.#dead.has(tab)) return;
    const copy = structuredClone(message);
    for (const channel of this.#channels) {
      if (channel.tab === tab || channel.name !== name) continue;
      const receive = () => void (this.#channels.has(channel) && channel.receive(copy));
      queueMicrotask(() => this.run(channel.tab, receive));
    }
  }

  async #request(
    tab: object,
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    callback: (lock: unknown) => Promise<void> | undefined,
  ): Promise<unknown> {
    const stolen = Promise.withResolvers<never>();
    stolen.promise.catch(() => {});
    const granted = Promise.withResolvers<object>();
    const request: Request = {
      tab,
      name,
      grant: granted.resolve,
      lose: (error) => this.run(tab, () => stolen.reject(error)),
    };
    options.signal?.addEventListener("abort", () => {
      this.#queue = this.#queue.filter((it) => it !== request);
      granted.reject(options.signal!.reason);
    });
    if (options.steal) {
      this.#holders.get(name)?.lose(new DOMException("The lock was stolen", "AbortError"));
      this.#holders.delete(name);
      this.#queue.unshift(request);
    } else this.#queue.push(request);
    if (!this.#holders.has(name)) this.#next(name);
    const lock = await granted.promise;
    try {
      return await Promise.race([callback(lock), stolen.promise]);
    } finally {
      if (this.#holders.get(name) === request) this.#next(name);
    }
  }

  #next(name: string): void {
    const request = this.#queue.find((it) => it.name === name);
    this.#holders.delete(name);
    if (!request) return;
    this.#queue = this.#queue.filter((it) => it !== request);
    this.#holders.set(name, request);
    this.run(request.tab, () => request.grant({}));
  }
}
