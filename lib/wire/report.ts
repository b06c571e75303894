/**
 * What happens to an error that a callback throws: it is reported once, and never thrown on.
 *
 * @module
 */

/** Takes an error that nobody waits for. Never throws. */
export type Report = (error: unknown) => void;

/**
 * Makes a report of an application's `onError`. Without one, the report is one line on the console.
 * Where `onError` itself throws or rejects, it is a line for each of the two errors.
 */
export function reportTo(onError: ((error: unknown) => unknown) | undefined): Report {
  if (!onError) return printError;
  return (error) => {
    const printBoth = (another: unknown) => [error, another].forEach(printError);
    guard(printBoth, () => onError(error));
  };
}

/** Calls a callback, and reports what it throws or what the promise that it returns rejects with. */
export function guard(report: Report, callback: () => unknown): void {
  try {
    const result = callback();
    if (isPromise(result)) result.then(undefined, report);
  } catch (error) {
    report(error);
  }
}

/** Whether a callback returned something to wait for. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === "function";
}

function printError(error: unknown): void {
  try {
    // deno-lint-ignore no-console -- the last resort: an error that nobody asked for must be seen
    console.error(`sse-hub: ${describe(error).replace(/\s+/g, " ").slice(0, MAX_LENGTH)}`);
  } catch {
    // The error has no text, or the console is broken: there is nobody left to tell.
  }
}

function describe(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return typeof error === "object" ? Object.prototype.toString.call(error) : String(error);
}

const MAX_LENGTH = 1_000;
