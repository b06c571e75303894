/**
 * The engines of a log, and ways to damage each: a list, memory, Deno KV and Redis.
 *
 * @module
 */

import { openKvLog } from "../../lib/log/kv.ts";
import type { EventLog } from "../../lib/log/event_log.ts";
import { MemoryLog } from "../../lib/log/memory.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { SharedLog } from "../../lib/log/shared_log.ts";
import type { DamagedEngine, DamagedPlace } from "./damage.ts";
import { Forward } from "./forward.ts";
import { ListStore, SharedList } from "./list_store.ts";
import { kv, redis } from "./places.ts";
import { RedisServer } from "./redis_server.ts";

/** An engine that has not been started. */
export interface DamagedEngineKind {
  readonly name: string;
  /** Whether the engine is not available here. */
  readonly ignore: boolean;
  start(): Promise<DamagedEngine>;
}

/** A list store that hubs share. */
class DamagedList implements DamagedPlace {
  readonly hubs = 2;
  readonly #list = new SharedList();
  readonly #stores: ListStore[] = [];

  open(hub: number): EventLog {
    const store = this.#stores[hub] = new ListStore(this.#list);
    // Small pages, and frequent comparisons of a hub with its store.
    return new SharedLog(store, { maxEntries: 40 }, 300, 2);
  }

  cut(hub: number): void {
    this.#stores[hub]!.cut();
  }

  join(hub: number): void {
    this.#stores[hub]!.join();
  }

  pause(hub: number): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#stores[hub]!.following = promise;
    return resolve;
  }

  drop(which: number): Promise<void> {
    const { entries } = this.#list;
    entries.splice(Math.floor(which * entries.length), 1);
    return Promise.resolve();
  }

  snapshot(): Promise<() => Promise<void>> {
    const restore = this.#list.snapshot();
    return Promise.resolve(() => Promise.resolve(restore()));
  }

  flush(): Promise<void> {
    this.#list.flush();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** A hub with its log in memory, which a restart loses. */
class DamagedMemory implements DamagedPlace {
  readonly hubs = 1;

  open(): EventLog {
    return new MemoryLog();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

// Few enough that a schedule trims entries.
const RETENTION = { maxEntries: 20 };

/** A Redis stream with its keys; each hub reaches Redis over its own forwarded port. */
class DamagedRedis implements DamagedPlace {
  readonly hubs = 2;
  readonly #server: RedisServer;
  readonly #key: string;
  readonly #ways: readonly Forward[];

  constructor(server: RedisServer, key: string) {
    this.#server = server;
    this.#key = key;
    this.#ways = Array.from({ length: this.hubs }, () => new Forward(server.port));
  }

  open(hub: number): EventLog {
    const url = `redis://127.0.0.1:${this.#ways[hub]!.port}`;
    return openRedisLog({ url, key: this.#key, ...RETENTION });
  }

  cut(hub: number): void {
    this.#ways[hub]!.cut();
  }

  join(hub: number): void {
    this.#ways[hub]!.join();
  }

  pause(hub: number): () => void {
    return this.#ways[hub]!.pause();
  }

  async drop(which: number): Promise<void> {
    await this.#eval(DROP, which);
  }

  async snapshot(): Promise<() => Promise<void>> {
    await this.#eval(COPY, 0, 1);
    return () => this.#eval(COPY, 1, 0);
  }

  async flush(): Promise<void> {
    await this.#eval(FLUSH, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const way of this.#ways) await way[Symbol.asyncDispose]();
    await this.#eval(FLUSH, 0);
    await this.#eval(FLUSH, 1);
  }

  async #eval(script: string, ...args: number[]): Promise<void> {
    const reply = await this.#server.command("EVAL", KEYS_OF + script, 1, this.#key, ...args);
    if (reply.startsWith("-")) throw new Error(reply);
  }
}

const KEYS_OF = `
local function keys()
  local found = redis.call("KEYS", "{" .. KEYS[1] .. "}:*")
  if redis.call("EXISTS", KEYS[1]) == 1 then found[#found + 1] = KEYS[1] end
  return found
end
`;
const DROP = `
local entries = redis.call("XRANGE", KEYS[1], "-", "+")
local entry = entries[math.floor(ARGV[1] * #entries) + 1]
if entry then redis.call("XDEL", KEYS[1], entry[1]) end`;
const FLUSH = `
redis.call("SELECT", ARGV[1])
for _, key in ipairs(keys()) do redis.call("DEL", key) end`;
/** Copies the keys of a log from one database to another. */
const COPY = `
redis.call("SELECT", ARGV[2])
for _, key in ipairs(keys()) do redis.call("DEL", key) end
redis.call("SELECT", ARGV[1])
for _, key in ipairs(keys()) do redis.call("COPY", key, key, "DB", ARGV[2]) end`;

/** A KV file. Each hub opens the file by itself, and damage is done through another handle. */
class DamagedKv implements DamagedPlace {
  readonly hubs = 2;
  readonly #folder: string;
  readonly #gates: KvGates;
  readonly #kv: Deno.Kv;

  constructor(folder: string, gates: KvGates, kv: Deno.Kv) {
    this.#folder = folder;
    this.#gates = gates;
    this.#kv = kv;
  }

  open(hub: number): EventLog {
    return openKvLog({ path: this.#pathOf(hub), ...RETENTION });
  }

  pause(hub: number): () => void {
    return this.#gates.close(this.#pathOf(hub));
  }

  async drop(which: number): Promise<void> {
    const entries = await this.#all(["sse-hub", "entries"]);
    const entry = entries[Math.floor(which * entries.length)];
    if (entry) await this.#kv.delete(entry.key);
  }

  async snapshot(): Promise<() => Promise<void>> {
    const old = await this.#all(["sse-hub"]);
    return () => this.#become(old);
  }

  async flush(): Promise<void> {
    await this.#become([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kv.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** The path of a hub's log, by which the gate recognises the hub. */
  #pathOf(hub: number): string {
    return `${this.#folder}/${"./".repeat(hub)}hub.sqlite`;
  }

  async #all(prefix: Deno.KvKey): Promise<Deno.KvEntry<unknown>[]> {
    return await Array.fromAsync(this.#kv.list({ prefix }));
  }

  /** Deletes and sets all keys that differ in one commit, between the writes of the hubs. */
  async #become(old: readonly Deno.KvEntry<unknown>[]): Promise<void> {
    const names = new Map(old.map((entry) => [nameOf(entry), entry]));
    for (;;) {
      const now = await this.#all(["sse-hub"]);
      const atomic = this.#kv.atomic();
      // Every write of a hub changes the number, and every trim changes the mark.
      for (const name of ["number", "trimmed"]) {
        const key = ["sse-hub", name];
        const versionstamp = now.find((entry) => nameOf(entry) === nameOf({ key }))?.versionstamp;
        atomic.check({ key, versionstamp: versionstamp ?? null });
      }
      const there = new Map(now.map((entry) => [nameOf(entry), entry.versionstamp]));
      for (const entry of now) if (!names.has(nameOf(entry))) atomic.delete(entry.key);
      for (const entry of old) {
        if (there.get(nameOf(entry)) !== entry.versionstamp) atomic.set(entry.key, entry.value);
      }
      try {
        if ((await atomic.commit()).ok) return;
      } catch (error) {
        if (!/locked|busy/.test(`${error}`)) throw error;
      }
    }
  }
}

function nameOf({ key }: { key: Deno.KvKey }): string {
  return JSON.stringify(key);
}

/** Gates between hubs and their KV files, by the hub's path. A closed gate holds up all reads. */
class KvGates implements Disposable {
  /** Opens a file without a gate. */
  readonly openKv = Deno.openKv;
  readonly #closed = new Map<string, Promise<void>>();

  constructor() {
    this.#set(async (path) => this.#gated(await this.openKv(path), path ?? ""));
  }

  /** Closes a gate. The returned function opens the gate. */
  close(path: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed.set(path, promise);
    return () => {
      this.#closed.delete(path);
      resolve();
    };
  }

  [Symbol.dispose](): void {
    this.#set(this.openKv);
  }

  #set(openKv: typeof Deno.openKv): void {
    Object.defineProperty(Deno, "openKv", { value: openKv, configurable: true });
  }

  #gated(kv: Deno.Kv, path: string): Deno.Kv {
    const closed = this.#closed;
    async function* list(...args: Parameters<Deno.Kv["list"]>) {
      await closed.get(path);
      yield* kv.list(...args);
    }
    return new Proxy(kv, {
      get(target, name) {
        if (name === "list") return list;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
}

/** All engines. */
export const damagedEngines: readonly DamagedEngineKind[] = [
  {
    name: "list",
    ignore: false,
    start: () =>
      Promise.resolve({
        atATime: 200,
        place: () => Promise.resolve(new DamagedList()),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  },
  {
    name: "memory",
    ignore: false,
    start: () =>
      Promise.resolve({
        atATime: 200,
        place: () => Promise.resolve(new DamagedMemory()),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  },
  {
    name: "kv",
    ignore: kv.ignore,
    start() {
      const gates = new KvGates();
      return Promise.resolve({
        atATime: 20,
        async place() {
          const folder = await Deno.makeTempDir();
          return new DamagedKv(folder, gates, await gates.openKv(`${folder}/hub.sqlite`));
        },
        [Symbol.asyncDispose]() {
          gates[Symbol.dispose]();
          return Promise.resolve();
        },
      });
    },
  },
  {
    name: "redis",
    ignore: redis.ignore,
    async start() {
      const server = await RedisServer.start();
      return {
        atATime: 50,
        place: (seed) => Promise.resolve(new DamagedRedis(server, `${seed}`)),
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
  },
];
