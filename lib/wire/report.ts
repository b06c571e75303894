/**
 * Reporting an error of a callback: an error is reported once and never rethrown.
 *
 * @module
 */

/** A function that takes an error for which there is no caller. It never throws. */
export type Report = (error: unknown) => void;

/**
 * Makes a report function from an application's `onError`. Without `onError`, an error is one line on the
 * console. If `onError` throws or rejects, both errors are printed, one line each.
 */
export function reportTo(onError: ((error: unknown) => unknown) | undefined): Report {
  if (!onError) return printError;
  return (error) => {
    const printBoth = (another: unknown) => [error, another].forEach(printError);
    guard(printBoth, () => onError(error));
  };
}

/** Calls a callback. If it throws, or returns a promise that rejects, reports the error. */
export function guard(report: Report, callback: () => unknown): void {
  try {
    const result = callback();
    if (isPromise(result)) result.then(undefined, report);
  } catch (error) {
    report(error);
  }
}

/** Whether a value is a promise or another thenable. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}

function printError(error: unknown): void {
  try {
    // deno-lint-ignore no-console -- the last resort: an error that nobody asked for must be seen
    console.error(`sse-hub: ${describe(error).replace(/\s+/g, " ").slice(0, MAX_LENGTH)}`);
  } catch {
    // The error has no text, or the console is broken: there is no other place to report to.
  }
}

function describe(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return typeof error === "object" ? Object.prototype.toString.call(error) : String(error);
}

const MAX_LENGTH = 1_000;
