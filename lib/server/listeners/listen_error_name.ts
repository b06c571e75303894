/**
 * The names of errors of a listener.
 *
 * @module
 */

/** Gives an error of a listener of Node or Bun the name that it has on Deno, which `describeListenError()` knows. */
export function nameListenError(error: Error & { readonly code?: string }): Error {
  const name = NAMES[error.code ?? ""];
  return name === undefined ? error : Object.assign(error, { name });
}

const NAMES: Readonly<Record<string, string>> = {
  EADDRINUSE: "AddrInUse",
  EACCES: "PermissionDenied",
  EADDRNOTAVAIL: "AddrNotAvailable",
  ENOTFOUND: "AddrNotAvailable",
  EAI_AGAIN: "AddrNotAvailable",
};
