/**
 * What an error of Redis means for the connection that it came over.
 *
 * @module
 */

/** An error that waiting can't mend: what refused, or why, and what is needed instead. */
export class Refusal extends Error {}

/** The message of an error, `""` where it is none. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}

/**
 * Whether an error says that the connection leads to a server that can't serve the log, so that another
 * connection may lead to one that can: the server was demoted, still loads, has no such key, or has
 * come to ask for a password.
 */
export function belongsToConnection(error: unknown): boolean {
  return OF_CONNECTION.test(messageOf(error));
}

/** Whether the other end's certificate, or what it takes for TLS, is not accepted. */
export function isUntrusted(error: unknown): boolean {
  return error instanceof Error && "code" in error && TLS_CODE.test(`${error.code}`);
}

/** Whether the process lacks the permission to connect, or to look up the host. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Error &&
    (error.name === "NotCapable" || error.message.startsWith("getaddrinfo EPERM"));
}

/** Whether waiting can't mend an error: an answer that says no, or of something that is no Redis. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof Refusal) return true;
  const message = messageOf(error);
  return NOT_REDIS.test(message) || ANSWER.test(message) && !PASSING.test(message);
}

// A script passes on the error of a command that it ran, up to Redis 6.2 as `ERR … -READONLY …`.
const OF_CONNECTION =
  /(?:^|: -)(?:READONLY|LOADING|MASTERDOWN|UNBLOCKED|CLUSTERDOWN|MOVED|NOREPLICAS|NOAUTH|WRONGPASS) /;
const PASSING =
  /(?:^|: -)(?:[A-Z]+DOWN|BUSY|LOADING|READONLY|UNBLOCKED|MOVED|ASK|TRYAGAIN|NOREPLICAS|MISCONF) |max number of clients/;
// Errors of a socket begin with what was tried, such as `connect ECONNREFUSED`.
const ANSWER = /^[A-Z]{2,} /;
const NOT_REDIS = /^Unknown RESP type/;
const TLS_CODE = /^(?:CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|HOSTNAME_MISMATCH|ERR_TLS|ERR_SSL)/;
