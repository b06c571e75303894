/**
 * The options of an app beside its configuration.
 *
 * @module
 */

import type { EventLog } from "../log/event_log.ts";
import { ANY, type OptionRules } from "../wire/check_options.ts";
import type { Authorize } from "./authorize.ts";
import type { ProcessStats } from "./process_stats.ts";
import type { Route } from "./router.ts";

/** Options of `createApp()`. */
export interface AppOptions {
  /** Called with each line of the log. Without it there is no log. */
  readonly print?: (line: string) => void;
  /** The routes of the pages, by path. By default those of this package's `static/`. */
  readonly pages?: ReadonlyMap<string, Route>;
  /**
   * Returns figures of the process, for metrics, the console and the details of the health. Without it
   * they don't show the process.
   */
  readonly processStats?: () => ProcessStats;
  /** Returns the number of log lines that could not be printed, for metrics. By default 0. */
  readonly droppedLines?: () => number;
  /** Decides who may do what. By default the configuration's tokens decide. */
  readonly authorize?: Authorize;
  /** The event log. By default the configuration's. */
  readonly eventLog?: EventLog;
}

/** The check of {@linkcode AppOptions}. */
export const APP_OPTION_RULES: OptionRules<AppOptions> = {
  print: ANY,
  pages: ANY,
  processStats: ANY,
  droppedLines: ANY,
  authorize: ANY,
  eventLog: ANY,
};
