/**
 * The places of durable logs: a KV file, a SQLite file, and a Redis.
 *
 * @module
 */

import { openKvLog } from "../../lib/log/kv.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { openSqliteLog } from "../../lib/log/sqlite.ts";
import { lacks } from "../program.ts";
import type { LogKind } from "./contract.ts";
import { isRedisMissing, RedisServer } from "./redis_server.ts";

/** Deno KV, in a file. */
export const kv: LogKind = {
  name: "openKvLog()",
  isShared: true,
  isDurable: true,
  ignore: await lacks("read", "write"),
  async place() {
    const folder = await Deno.makeTempDir();
    return {
      open: (options) => openKvLog({ path: `${folder}/hub.sqlite`, ...options }),
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
    };
  },
};

/** SQLite, in a file. */
export const sqlite: LogKind = {
  name: "openSqliteLog()",
  isShared: true,
  isDurable: true,
  ignore: await lacks("read", "write"),
  async place() {
    const folder = await Deno.makeTempDir();
    return {
      open: (options) => openSqliteLog({ path: `${folder}/hub.db`, ...options }),
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
    };
  },
};

/** Redis. */
export const redis: LogKind = {
  name: "openRedisLog()",
  isShared: true,
  isDurable: true,
  ignore: isRedisMissing || await lacks("net", "run", "read", "write"),
  async place() {
    const server = await RedisServer.start();
    return {
      open: (options) => openRedisLog({ url: server.url, ...options }),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
};
