/**
 * Data that is JSON.
 *
 * @module
 */

/** Parses data as JSON: the option `parse` for events whose types only the compiler checks. */
// deno-lint-ignore no-explicit-any -- the caller names the type
export function json(data: string): any {
  return JSON.parse(data);
}
