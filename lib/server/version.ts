/**
 * What runs: the version of sse-hub, and the runtime.
 *
 * @module
 */

/** The version of sse-hub. */
export const VERSION = "0.1.0";

/** The runtime and its version, such as `Deno/2.9.6`; of Node the main version only. */
export function runtimeName(): string {
  return navigator.userAgent.slice(0, 64);
}
