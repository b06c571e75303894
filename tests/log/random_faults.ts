/**
 * Random faults of a log in Redis: Redis killed, paused, and with lost entries; hubs cut off, stalled, slow,
 * killed and paused.
 *
 * @module
 */

import type { StoredEntry } from "../../lib/log/entries.ts";
import { freePort } from "../program.ts";
import { ServerProcess } from "../server/support.ts";
import { within } from "../wait.ts";
import { cutFile, entriesInFile, removeFile } from "./append_only_file.ts";
import { Forward } from "./forward.ts";
import type { RedisServer } from "./redis_server.ts";

/** A server process with its own way to Redis. */
export class FaultyHub implements AsyncDisposable {
  readonly url: URL;
  readonly way: Forward;
  /** Whether it is neither killed nor paused. */
  isRunning = false;
  readonly #settings: Readonly<Record<string, string>>;
  #process!: ServerProcess;

  /** Starts nothing yet. */
  constructor(redis: RedisServer, settings: Readonly<Record<string, string>>) {
    this.way = new Forward(redis.port);
    this.url = new URL(`http://127.0.0.1:${freePort()}`);
    this.#settings = {
      ...settings,
      PORT: this.url.port,
      EVENT_LOG: "redis",
      REDIS_URL: `redis://127.0.0.1:${this.way.port}`,
      LOG_FORMAT: "off",
      HOME: Deno.env.get("HOME") ?? "",
    };
  }

  async start(): Promise<void> {
    this.#process = new ServerProcess(this.#settings);
    await this.#process.url();
    this.isRunning = true;
  }

  async kill(): Promise<void> {
    this.isRunning = false;
    this.#process.kill("SIGKILL");
    await this.#process.exitCode();
  }

  async pause(ms: number): Promise<void> {
    this.isRunning = false;
    this.#process.kill("SIGSTOP");
    await sleep(ms);
    this.#process.kill("SIGCONT");
    this.isRunning = true;
  }

  async isReady(): Promise<boolean> {
    if (!this.isRunning) return false;
    try {
      return await within(1_000, async (signal) => {
        const response = await fetch(new URL("/readyz", this.url), { signal });
        await response.body?.cancel();
        return response.ok;
      });
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]();
    await this.way[Symbol.asyncDispose]();
  }
}

/** Options of {@linkcode RandomFaults}. */
export interface RandomFaultsOptions {
  readonly redis: RedisServer;
  readonly hubs: readonly FaultyHub[];
  /** Whether a Redis that is killed comes back with all that it had acknowledged. */
  readonly isDurable: boolean;
  readonly random: () => number;
}

/** Makes faults until they are stopped: one of Redis, one of the ways and one of the hubs at a time. */
export class RandomFaults {
  /** How often there was each fault. */
  readonly counts: Record<string, number> = {};
  /** All entries that were in Redis when it was killed. */
  readonly entries: StoredEntry[] = [];
  readonly #options: RandomFaultsOptions;
  readonly #faults: Readonly<Record<string, readonly Fault[]>>;
  readonly #active = new Set<string>();
  #isStopped = false;

  /** Makes none yet. */
  constructor(options: RandomFaultsOptions) {
    this.#options = options;
    this.#faults = {
      redis: [
        { name: "Redis killed", act: () => this.#killRedis() },
        { name: "Redis paused", act: () => this.#pauseRedis() },
      ],
      ways: [
        { name: "hub cut off", act: () => this.#onWay((way) => way.cut(), 3_000) },
        { name: "connections reset", act: () => this.#onWay((way) => way.cut(), 0) },
        { name: "hub stalled", act: () => this.#onWay((way) => way.pause(), 7_000) },
        { name: "hub slow", act: () => this.#onWay((way) => way.delay(this.#ms(20, 300)), 4_000) },
      ],
      hubs: [
        { name: "hub killed", act: () => this.#killHub() },
        { name: "hub paused", act: () => this.#pick().pause(this.#ms(300, 4_000)) },
      ],
    };
  }

  /** Makes faults for some time, and ends them. */
  async run(ms: number): Promise<void> {
    const timer = setTimeout(() => this.#isStopped = true, ms);
    await Promise.all(Object.keys(this.#faults).map((group) => this.#repeat(group)));
    clearTimeout(timer);
  }

  async #repeat(group: string): Promise<void> {
    const faults = this.#faults[group]!;
    while (!this.#isStopped) {
      await sleep(this.#ms(500, 4_000));
      if (this.#isStopped) return;
      const { name, act } = faults[Math.floor(this.#options.random() * faults.length)]!;
      this.#active.add(group);
      if (await act() !== false) this.#count(name);
      this.#active.delete(group);
    }
  }

  #count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  async #killRedis(): Promise<void> {
    const { redis, isDurable, random } = this.#options;
    await redis.stop("SIGKILL");
    const before = await entriesInFile(redis);
    this.entries.push(...before);
    const which = isDurable ? 1 : random();
    if (which < 0.15) await removeFile(redis);
    else if (which < 0.75) await cutFile(redis, 1 + Math.floor(random() * 40));
    await sleep(this.#ms(200, 2_000));
    await redis.start();
    if (which >= 0.75) return;
    this.#count("Redis lost entries");
    // Until all hubs have compared themselves with Redis, one of them may be the only one that knows of
    // the loss, and must not be killed.
    while (!await this.#areReady()) await sleep(50);
  }

  async #pauseRedis(): Promise<void> {
    const { redis } = this.#options;
    redis.signal("SIGSTOP");
    await sleep(this.#ms(300, 6_000));
    redis.signal("SIGCONT");
  }

  async #onWay(begin: (way: Forward) => (() => void) | void, maxMs: number): Promise<void> {
    const { way } = this.#pick();
    const end = begin(way);
    await sleep(this.#ms(Math.min(300, maxMs), maxMs));
    if (end) end();
    else way.join();
  }

  /** Kills a hub, if the others have read all that it has read. */
  async #killHub(): Promise<boolean> {
    if (this.#active.has("redis") || this.#active.has("ways")) return false;
    if (!await this.#areReady()) return false;
    if (this.#active.has("redis") || this.#active.has("ways")) return false;
    const hub = this.#pick();
    await hub.kill();
    await sleep(this.#ms(200, 1_500));
    await hub.start();
    return true;
  }

  async #areReady(): Promise<boolean> {
    const all = await Promise.all(this.#options.hubs.map((hub) => hub.isReady()));
    return all.every((isReady) => isReady);
  }

  #pick(): FaultyHub {
    const { hubs, random } = this.#options;
    return hubs[Math.floor(random() * hubs.length)]!;
  }

  #ms(min: number, max: number): number {
    return min + this.#options.random() * (max - min);
  }
}

/** A fault: it resolves when the fault is over, with `false` if there was none. */
interface Fault {
  readonly name: string;
  readonly act: () => Promise<void | boolean>;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
