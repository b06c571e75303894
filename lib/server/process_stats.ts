/**
 * Figures of the process, which a library can't take by itself.
 *
 * @module
 */

/** Figures of the process; each may be left out where it is unknown. */
export interface ProcessStats {
  /** Resident memory in bytes. */
  readonly residentBytes?: number;
  /** The heap of JavaScript in bytes, free parts included. */
  readonly heapBytes?: number;
  /** CPU time since the start, of user and system together, in seconds. */
  readonly cpuSeconds?: number;
  /** When the process started, in seconds since 1970. */
  readonly startedAtSeconds?: number;
}
