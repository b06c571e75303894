/**
 * A log in Deno KV: a SQLite file on one machine, or the store that instances on Deno Deploy share.
 *
 * @module
 */

import { ANY, checkOptions } from "../wire/check_options.ts";
import type { EventLog } from "./event_log.ts";
import { KvStore } from "./kv/store.ts";
import { retentionOf, type RetentionOptions, retentionRules } from "./retention.ts";
import { SharedLog } from "./shared_log.ts";

export type { ServerSentEvent } from "../wire/event.ts";
export type {
  Appended,
  AppendOptions,
  EventLog,
  HistoryLimits,
  LeftOut,
  LogEnd,
  LogEntry,
  LogPage,
  LogReceiver,
  ReadOptions,
  StreamLimits,
} from "./event_log.ts";
export type { HistogramCounts } from "../wire/histogram.ts";
export type { LogStats } from "./log_stats.ts";
export type { RetentionOptions } from "./retention.ts";

/** Options of {@linkcode openKvLog}. */
export interface KvLogOptions extends RetentionOptions {
  /**
   * The SQLite file, made if there is none, with its folder, so that only the user of the process can
   * read them (modes 0600 and 0700). Several processes of a machine may share it. Beside it stand
   * `<path>-wal` and `<path>-shm` of SQLite, `<path>-bell`, by which the processes hear of each other,
   * and `<path>-reserve`: 8 MB that are given up when the disk is full. Left out, the store is the one
   * that Deno has for the application: on Deno Deploy that of all its instances.
   */
  readonly path?: string;
  /**
   * What the keys begin with; hubs with different prefixes know nothing of each other.
   *
   * @default {["sse-hub"]}
   */
  readonly prefix?: readonly Deno.KvKeyPart[];
}

/**
 * Makes a log in Deno KV, for `new BroadcastHub({ log: openKvLog({ path: "hub.sqlite" }) })`; the hub
 * opens and closes it.
 *
 * What is published is durable when `publish()` resolves: with a file, written to it and synced; on
 * Deno Deploy, committed. What is published at once, with all its fields as JSON, may have 65 000 bytes,
 * as KV takes no values beyond 64 KiB. Other processes that share the file hear of an event at once. A
 * publish that finds the file locked by another process is tried again for 10 seconds.
 *
 * Needs `"unstable": ["kv"]` in `deno.json`, and the permission to read and write the folder of the
 * file. With the permission for the file alone, other processes hear of an event within 50 milliseconds,
 * and there is no reserve.
 *
 * @throws {TypeError} If the runtime has no Deno KV, or if there is no such option.
 * @throws {RangeError} If an option is not above 0.
 *
 * @example
 * ```ts ignore
 * import { BroadcastHub } from "@sse/hub";
 * import { openKvLog } from "@sse/hub/kv";
 *
 * const hub = new BroadcastHub({ log: openKvLog({ path: "./data/hub.sqlite" }) });
 * await hub.ready;
 * ```
 */
export function openKvLog(options: KvLogOptions = {}): EventLog {
  if (typeof globalThis.Deno?.openKv !== "function") {
    throw new TypeError('Cannot open log: Deno KV needs "unstable": ["kv"] in deno.json');
  }
  checkOptions("open log", options, { ...retentionRules, path: ANY, prefix: ANY });
  return new SharedLog(new KvStore(options), retentionOf(options));
}
