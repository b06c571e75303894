/**
 * What you need to write an event log of your own.
 *
 * A hub stands on an {@linkcode EventLog}. To keep events in a database, implement an
 * {@linkcode EntryStore} and pass it to {@linkcode SharedLog}: the store keeps texts in order, and the log
 * does the rest. The test suite `@sse/hub/log/contract` tests any log.
 *
 * @example
 * ```ts
 * import { BroadcastHub } from "@sse/hub";
 * import { type EntryStore, SharedLog } from "@sse/hub/log";
 *
 * function openHub(store: EntryStore): BroadcastHub {
 *   return new BroadcastHub({ log: new SharedLog(store, { maxEntries: 10_000 }) });
 * }
 * ```
 *
 * @module
 */

export type { ServerSentEvent } from "../wire/event.ts";
export { compareIds, randomEpoch } from "../wire/ids.ts";
export type { EventLog, LogEntry } from "./event_log.ts";
export type {
  Appended,
  AppendOptions,
  LogEnd,
  LogPage,
  LogReceiver,
  LossDetails,
  ReadOptions,
} from "./event_log.ts";
export type { HistoryLimits, LeftOut, StreamLimits } from "./event_log.ts";
export type { HistogramCounts } from "../wire/histogram.ts";
export type { LogStats } from "./log_stats.ts";
export { MemoryLog } from "./memory.ts";
export type { Note, Notes, NoteTopic } from "./notes.ts";
export { SharedLog } from "./shared_log.ts";
export type { RetentionOptions } from "./retention.ts";
export type {
  DueEntry,
  EntryStore,
  EpochState,
  Placed,
  TrimMark,
  WriteOptions,
} from "./entry_store.ts";
export { EpochError } from "./entry_store.ts";
export type { EndRecord } from "./shared/ends.ts";
export { encodeEndRecord } from "./shared/ends.ts";
export type { Item, StoredEntry } from "./entries.ts";
export { checkFormat, encodeEntry, FORMAT } from "./entries.ts";
