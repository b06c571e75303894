/**
 * What a command of the server prints.
 *
 * @module
 */

/** What a command prints, line by line, and the exit code of its process. */
export interface CommandOutput {
  /** The lines for standard output. */
  readonly stdout?: readonly string[];
  /** The lines for standard error. */
  readonly stderr?: readonly string[];
  /** The exit code: 0 for success, 1 for what is found wrong, 2 for a wrong use. */
  readonly code: number;
}
