/**
 * A log in Deno KV: in a SQLite file on one machine, or in the store that all instances of an application
 * on Deno Deploy share.
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
  LossDetails,
  ReadOptions,
  StreamLimits,
} from "./event_log.ts";
export type { HistogramCounts } from "../wire/histogram.ts";
export type { LogStats } from "./log_stats.ts";
export type { Note, Notes, NoteTopic } from "./notes.ts";
export type { RetentionOptions } from "./retention.ts";

/** Options of {@linkcode openKvLog}. */
export interface KvLogOptions extends RetentionOptions {
  /**
   * The path of the SQLite file. The log creates the file and its folder if they are missing, readable
   * only by the user of the process (modes 0600 and 0700). Several processes of a machine may share the
   * file. Beside it stand SQLite's `<path>-wal` and `<path>-shm`; `<path>-bell`, with which processes
   * notify each other; and `<path>-reserve`, 8 MB that the log frees when the disk is full. Left out,
   * the log uses Deno's default store for the application; on Deno Deploy, all instances share it.
   */
  readonly path?: string;
  /**
   * The prefix of all keys. Hubs with different prefixes are independent of each other.
   *
   * @default {["sse-hub"]}
   */
  readonly prefix?: readonly (Uint8Array | string | number | bigint | boolean)[];
}

/**
 * Makes a log in Deno KV, for `new BroadcastHub({ log: openKvLog({ path: "hub.sqlite" }) })`. The hub
 * opens and closes the log.
 *
 * An event is durable when `publish()` resolves: written to the file and synced, or committed on Deno
 * Deploy. The events of one `publish()` may have 65 000 bytes together, with all fields as JSON, since
 * KV rejects values beyond 64 KiB. Other processes that share the file receive an event at once. If
 * another process has locked the file, the log retries the publish for 10 seconds.
 *
 * Needs `"unstable": ["kv"]` in `deno.json`, and the permission to read and write the folder of the
 * file. With the permission for the file alone, other processes receive an event within 50 milliseconds,
 * and the log keeps no reserve.
 *
 * @throws {TypeError} If the runtime has no Deno KV, or if an option is unknown.
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
  checkOptions("open log", options, { ...retentionRules, path: ANY, prefix: ANY });
  if (globalThis.Deno === undefined) {
    throw new TypeError(
      "Cannot open log: only Deno has Deno KV; use SQLite instead: EVENT_LOG=sqlite of the server, or " +
        "openSqliteLog() of @sse/hub/sqlite",
    );
  }
  if (typeof Deno.openKv !== "function") {
    throw new TypeError('Cannot open log: Deno KV needs "unstable": ["kv"] in deno.json');
  }
  return new SharedLog(new KvStore(options), retentionOf(options));
}
