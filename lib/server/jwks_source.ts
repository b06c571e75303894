/**
 * The keys at a URL: fetched at the start and every 5 minutes, kept while the URL is unreachable.
 *
 * @module
 */

import { startBackgroundTimer } from "../wire/background_timer.ts";
import { fetchJwks } from "./jwks_fetch.ts";
import type { JwtKey } from "./verifying_key.ts";

/** Options of a {@linkcode JwksSource}. */
export interface JwksSourceOptions {
  /** The URL of a set of JSON Web Keys. */
  readonly url: string;
  /** Called when the keys have changed, with the `kid` of each. */
  readonly onChange?: (ids: readonly string[]) => void;
  /** Called when the keys can't be fetched, once for each new reason; then once when they can be. */
  readonly onFault?: (reason: string | undefined) => void;
  /** The time between two fetches, in milliseconds. @default {300_000} */
  readonly refreshMs?: number;
  /** The time until a fetch that failed is tried again, in milliseconds. @default {15_000} */
  readonly retryMs?: number;
  /** The least time between two fetches for unknown keys, in milliseconds. @default {60_000} */
  readonly unknownMs?: number;
  /** How long the keys are kept after the last fetch that succeeded, in milliseconds. @default {86_400_000} */
  readonly keepMs?: number;
  /** How long a fetch may take, in milliseconds. @default {5_000} */
  readonly timeoutMs?: number;
  /** A clock in milliseconds that never goes back. By default `performance.now()`. */
  readonly now?: () => number;
}

/** Figures since the start. */
export interface JwksStats {
  /** The number of keys. */
  readonly keys: number;
  /** The time since the last fetch that succeeded, in milliseconds; `undefined` before the first. */
  readonly ageMs: number | undefined;
  /** Fetches by their result. */
  readonly fetches: { readonly ok: number; readonly failed: number };
}

/** Keys from a URL. Holds a timer until it is closed. */
export class JwksSource {
  readonly #options: Required<JwksSourceOptions>;
  readonly #closing = new AbortController();
  #keys: readonly JwtKey[] = [];
  #text = "";
  #version = 0;
  #fault: string | undefined;
  #fetchedMs: number | undefined;
  #unknownMs = -Infinity;
  #fetching: Promise<void> | undefined;
  #stopTimer: (() => void) | undefined;
  readonly #fetches = { ok: 0, failed: 0 };
  /** Settles after the first fetch, whether it succeeds or not. */
  readonly ready: Promise<void>;

  /** Fetches the keys for the first time. */
  constructor(options: JwksSourceOptions) {
    this.#options = {
      onChange: () => {},
      onFault: () => {},
      refreshMs: 300_000,
      retryMs: 15_000,
      unknownMs: 60_000,
      keepMs: 86_400_000,
      timeoutMs: 5_000,
      now: () => performance.now(),
      ...options,
    };
    this.ready = this.refresh();
  }

  /** The keys; none before the first fetch that succeeds, and none if they are too old. */
  get keys(): readonly JwtKey[] {
    return this.#keys;
  }

  /** Grows whenever the keys change. */
  get version(): number {
    return this.#version;
  }

  /** Why the last fetch failed; `undefined` if it succeeded. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Figures since the start. */
  stats(): JwksStats {
    const ageMs = this.#fetchedMs === undefined ? undefined : this.#options.now() - this.#fetchedMs;
    return { keys: this.#keys.length, ageMs, fetches: { ...this.#fetches } };
  }

  /**
   * Fetches the keys because a token names one that is not among them. Does nothing if the last fetch
   * for this reason is less than a minute ago, so that strangers can't make the server fetch more.
   */
  async refreshForUnknown(): Promise<void> {
    const { now, unknownMs } = this.#options;
    if (this.#fetching === undefined) {
      if (now() - this.#unknownMs < unknownMs) return;
      this.#unknownMs = now();
    }
    await this.refresh();
  }

  /** Fetches the keys now; several calls at once make one request. Never rejects. */
  refresh(): Promise<void> {
    return this.#fetching ??= this.#refresh().finally(() => this.#fetching = undefined);
  }

  /** Aborts a fetch, and fetches no more. The keys stay. May be called twice. */
  close(): void {
    this.#closing.abort();
    this.#stopTimer?.();
  }

  async #refresh(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const { url, refreshMs, retryMs, timeoutMs } = this.#options;
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(timeoutMs)]);
    const isFetched = await fetchJwks(url, signal).then(
      ({ keys, text }) => this.#take(keys, text),
      (error) => this.#fail(error),
    );
    if (this.#closing.signal.aborted) return;
    this.#stopTimer?.();
    this.#stopTimer = startBackgroundTimer(isFetched ? refreshMs : retryMs, () => this.refresh());
  }

  #take(keys: readonly JwtKey[], text: string): boolean {
    this.#fetches.ok++;
    this.#fetchedMs = this.#options.now();
    if (this.#fault !== undefined) this.#options.onFault(undefined);
    this.#fault = undefined;
    if (text !== this.#text) this.#change(keys, text);
    return true;
  }

  #fail(error: unknown): boolean {
    if (this.#closing.signal.aborted) return false;
    this.#fetches.failed++;
    const reason = error instanceof Error ? error.message : `${error}`;
    if (reason !== this.#fault) this.#options.onFault(reason);
    this.#fault = reason;
    const { now, keepMs } = this.#options;
    const isOld = this.#fetchedMs !== undefined && now() - this.#fetchedMs >= keepMs;
    if (isOld && this.#keys.length > 0) this.#change([], "");
    return false;
  }

  #change(keys: readonly JwtKey[], text: string): void {
    this.#keys = keys;
    this.#text = text;
    this.#version++;
    this.#options.onChange([...new Set(keys.map(({ id }) => id ?? ""))]);
  }
}
