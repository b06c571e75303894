/**
 * The warning that an application does not listen to what it has missed.
 *
 * @module
 */

/** Prints that events are missing and that nobody listens, once for each reason. */
export function warnOfUnheardLoss(): (event: string) => void {
  const told = new Set<string>();
  return (event) => {
    if (told.has(event)) return;
    told.add(event);
    // deno-lint-ignore no-console -- a loss that nobody hears of must be seen
    console.warn(`sse-hub: events are missing (${event}): listen to gap and reset`);
  };
}
