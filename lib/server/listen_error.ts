/**
 * Why the server cannot listen, and which setting to change.
 *
 * @module
 */

import type { Config } from "./config.ts";

/** Describes what `Deno.serve` threw, in terms of the settings that it was given. */
export function describeListenError(
  error: unknown,
  { host, port }: Pick<Config, "host" | "port">,
): string {
  return `Cannot listen on ${host}:${port}: ${reasonOf(error, host)}`;
}

function reasonOf(error: unknown, host: string): string {
  if (!(error instanceof Error)) return `${error}`;
  const { name, message } = error;
  if (name === "AddrInUse") return "the port is in use; set PORT to another";
  if (name === "PermissionDenied") {
    return "the port is for privileged processes; set PORT to one from 1024 on";
  }
  if (name === "NotCapable") {
    return "--allow-net does not include it; add it there, or change HOST and PORT";
  }
  if (name === "AddrNotAvailable" || /\bhost\b|lookup/.test(message)) {
    // Some shells set HOST themselves, such as conda's, and nobody remembers it.
    return `${
      JSON.stringify(host)
    } is no address of this machine; set HOST to 0.0.0.0, or to 127.0.0.1 ` +
      "to be reached from this machine only";
  }
  if (name === "InvalidData") return `${message}; set TLS_CERT and TLS_KEY to a pair in PEM`;
  return `${name}: ${message}`;
}
