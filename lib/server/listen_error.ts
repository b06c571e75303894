/**
 * Says why the server cannot listen, and which setting to change.
 *
 * @module
 */

import type { Config } from "./config.ts";

/**
 * Describes an error of `Deno.serve` in terms of the settings.
 *
 * @param settings The host and the port, and the value of `DENO_SERVE_ADDRESS`, which replaces both if
 * set.
 */
export function describeListenError(
  error: unknown,
  settings: Pick<Config, "host" | "port"> & { readonly address?: string | undefined },
): string {
  const { host, port, address } = settings;
  if (address) return `Cannot listen on ${address}: ${reasonAt(error)}`;
  return `Cannot listen on ${host}:${port}: ${reasonOf(error, host)}`;
}

function reasonOf(error: unknown, host: string): string {
  if (!(error instanceof Error)) return `${error}`;
  const { name, message } = error;
  if (name === "AddrInUse") return "the port is in use; set PORT to another";
  if (name === "PermissionDenied") {
    return "ports below 1024 need privileges; set PORT to 1024 or above";
  }
  if (name === "NotCapable") {
    return "--allow-net does not include this address; add it there, or change HOST and PORT";
  }
  if (name === "AddrNotAvailable" || /\bhost\b|lookup/.test(message)) {
    // Some shells set HOST by themselves, such as conda's, without the user's knowledge.
    return `${
      JSON.stringify(host)
    } is not an address of this machine; set HOST to 0.0.0.0, or to 127.0.0.1 ` +
      "to be reached from this machine only";
  }
  if (name === "InvalidData" || message.includes("KeyMismatch")) {
    return `${message}; set TLS_CERT and TLS_KEY to a pair in PEM`;
  }
  return `${name}: ${message}`;
}

function reasonAt(error: unknown): string {
  if (!(error instanceof Error)) return `${error}`;
  const { name, message } = error;
  if (name !== "AddrInUse") return `${name}: ${message}; change DENO_SERVE_ADDRESS`;
  return "the address is in use; remove the socket file of an earlier run, or set DENO_SERVE_ADDRESS to another";
}
