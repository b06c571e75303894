/**
 * A log in a SQLite file, for the processes of one machine, on Node, Bun and Deno.
 *
 * @module
 */

import { ANY, checkOptions } from "../wire/check_options.ts";
import type { EventLog } from "./event_log.ts";
import { retentionOf, type RetentionOptions, retentionRules } from "./retention.ts";
import { SharedLog } from "./shared_log.ts";
import { SqliteStore } from "./sqlite/store.ts";

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

/** Options of {@linkcode openSqliteLog}. */
export interface SqliteLogOptions extends RetentionOptions {
  /**
   * The path of the file. The log creates the file and its folder if they are missing, readable only by
   * the user of the process (modes 0600 and 0700). Several processes of a machine may share the file;
   * network file systems can't be used. Beside the file stand SQLite's `<path>-wal` and `<path>-shm`.
   */
  readonly path: string;
}

/**
 * Makes a log in a SQLite file, for `new BroadcastHub({ log: openSqliteLog({ path: "hub.db" }) })`. The
 * hub opens and closes the log.
 *
 * An event is durable when `publish()` resolves: written to the file and synced. The events that are
 * published while one write runs share the next. Writing blocks the process until the disk has answered.
 * The events of one `publish()` may have 8 MB together. Other processes that share the file receive an
 * event within 25 milliseconds. If another process has locked the file, the log retries the publish for
 * 10 seconds.
 *
 * Needs `node:sqlite`, which Node has since 22.13, Bun since 1.4 and Deno since 2.2.
 *
 * @throws {TypeError} If there is no path, or if an option is unknown.
 * @throws {RangeError} If an option is not above 0.
 *
 * @example
 * ```ts ignore
 * import { BroadcastHub } from "@sse/hub";
 * import { openSqliteLog } from "@sse/hub/sqlite";
 *
 * const hub = new BroadcastHub({ log: openSqliteLog({ path: "./data/hub.db" }) });
 * await hub.ready;
 * ```
 */
export function openSqliteLog(options: SqliteLogOptions): EventLog {
  checkOptions("open log", options, { ...retentionRules, path: ANY });
  if (typeof options.path !== "string" || options.path === "") {
    throw new TypeError("Cannot open log: expected the path of a file, such as ./data/hub.db");
  }
  return new SharedLog(new SqliteStore(options), retentionOf(options));
}
