/**
 * The options of an app beside its configuration.
 *
 * @module
 */

import type { EventLog } from "../log/event_log.ts";
import { ANY, type OptionRules } from "../wire/check_options.ts";
import type { Authorize } from "./authorize.ts";
import type { Route } from "./router.ts";

/** Options of `createApp()`. */
export interface AppOptions {
  /** Called with each line of the log. Without it there is no log. */
  readonly print?: (line: string) => void;
  /** The routes of the pages, by path. By default those of this package's `static/`. */
  readonly pages?: ReadonlyMap<string, Route>;
  /**
   * Returns the process's resident memory in bytes, for metrics and the console. Without it they don't
   * show the memory.
   */
  readonly memoryBytes?: () => number | undefined;
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
  memoryBytes: ANY,
  droppedLines: ANY,
  authorize: ANY,
  eventLog: ANY,
};
