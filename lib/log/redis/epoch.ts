/**
 * The epoch and the format of a log in Redis.
 *
 * @module
 */

import { randomEpoch } from "../../wire/ids.ts";
import { checkFormat, FORMAT, type StoredEntry } from "../entries.ts";
import type { EpochState } from "../entry_store.ts";
import type { RedisClock } from "./clock.ts";
import { messageOf, Refusal } from "./error.ts";
import type { RedisKeys } from "./keys.ts";
import { type RedisLink, TIMEOUT_MS } from "./link.ts";

/** Options of {@linkcode RedisEpoch}. */
export interface RedisEpochOptions {
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  readonly clock: RedisClock;
  /** Reads the oldest entry; `undefined` if the log has no entry. */
  readonly readOldest: () => Promise<StoredEntry | undefined>;
}

/** Reads the epoch of a log, and sets it if the log has none. */
export class RedisEpoch {
  readonly #options: RedisEpochOptions;

  /** Takes the options; reads nothing yet. */
  constructor(options: RedisEpochOptions) {
    this.#options = options;
  }

  /**
   * Checks the format, and resolves with the epoch.
   *
   * If the log has entries but no epoch, Redis may have evicted the key: the epoch is then the oldest
   * entry's. Versions that wrote no epoch into their entries restore the key by themselves, so this method
   * waits for the key.
   *
   * @throws {Refusal} If the format is newer than this version knows.
   */
  async open(): Promise<string> {
    const { keys, clock, readOldest } = this.#options;
    await this.#checkFormat();
    for (let tries = 0; tries < TRIES; tries++) {
      clock.note(await this.#send(["TIME"]));
      const known = await this.#send(["GET", keys.of("epoch")]);
      if (typeof known === "string") return known;
      const oldest = await readOldest();
      if (!oldest || oldest.epoch) return (await this.read(oldest?.epoch ?? randomEpoch())).epoch;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    return (await this.read(randomEpoch())).epoch;
  }

  /**
   * Reads the epoch, and the time of Redis. If the log has no epoch, `own` becomes its epoch.
   *
   * @throws {Error} If a newer version has changed the format since.
   */
  async read(own: string): Promise<EpochState> {
    const { link, keys, clock } = this.#options;
    // All four take one round trip. The log works without the number.
    const [known, time, format, number] = await Promise.all([
      this.#send(["GET", keys.of("epoch")]),
      this.#send(["TIME"]),
      this.#send(["GET", keys.of("format")]),
      link.ask(TIMEOUT_MS, ["GET", keys.of("number")]).catch(() => null),
    ]);
    clock.note(time);
    checkFormat(format ?? 0);
    if (typeof known === "string") {
      return { epoch: known, wasMissing: false, number: number ? Number(number) : undefined };
    }
    await keys.findAnew(link);
    const key = keys.of("epoch");
    await this.#send(["SET", keys.of("format"), `${FORMAT}`, "NX"]);
    await this.#send(["SET", key, own, "NX"]);
    const epoch = await this.#send(["GET", key]);
    // The epoch may be lost again in between.
    return typeof epoch === "string" ? { epoch, wasMissing: true } : this.read(own);
  }

  async #checkFormat(): Promise<void> {
    const key = this.#options.keys.of("format");
    const found = await this.#send(["GET", key]) ?? 0;
    try {
      checkFormat(found);
    } catch (error) {
      throw new Refusal(messageOf(error));
    }
    await this.#send(["SET", key, `${FORMAT}`]);
  }

  #send(args: readonly string[]): Promise<unknown> {
    return this.#options.link.send(TIMEOUT_MS, args);
  }
}

/** How often to look whether another hub has restored the epoch. */
const TRIES = 3;
const RETRY_MS = 1_000;
