/**
 * The meaning of Redis errors: whether to wait, to reconnect or to give up.
 *
 * @module
 */

/** An error for which waiting would not help. Its message says what is needed instead. */
export class Refusal extends Error {}

/** Returns the message of an error; `""` if the value is not an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}

/**
 * Whether an error says that this server can't serve the log, but that another connection may help: the
 * server was demoted, is loading its data, does not have the key, or has begun to require a password.
 */
export function belongsToConnection(error: unknown): boolean {
  return OF_CONNECTION.test(messageOf(error));
}

/** Whether an error says that the server's certificate or its TLS is not accepted. */
export function isUntrusted(error: unknown): boolean {
  return error instanceof Error && "code" in error && TLS_CODE.test(`${error.code}`);
}

/** Whether an error says that the process lacks the permission to connect or to look up the host. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Error &&
    (error.name === "NotCapable" || error.message.startsWith("getaddrinfo EPERM"));
}

/** Whether waiting would not help: Redis has refused the command, or the server is not a Redis. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof Refusal) return true;
  const message = messageOf(error);
  return NOT_REDIS.test(message) || ANSWER.test(message) && !PASSING.test(message);
}

// Up to Redis 6.2, a script wraps a command's error, as in `ERR … -READONLY …`.
const OF_CONNECTION =
  /(?:^|: -)(?:READONLY|LOADING|MASTERDOWN|UNBLOCKED|CLUSTERDOWN|MOVED|NOREPLICAS|NOAUTH|WRONGPASS) /;
const PASSING =
  /(?:^|: -)(?:[A-Z]+DOWN|BUSY|LOADING|READONLY|UNBLOCKED|MOVED|ASK|TRYAGAIN|NOREPLICAS|MISCONF) |max number of clients/;
// An error of a socket begins with the system call, such as `connect ECONNREFUSED`.
const ANSWER = /^[A-Z]{2,} /;
const NOT_REDIS = /^Unknown RESP type/;
const TLS_CODE = /^(?:CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|HOSTNAME_MISMATCH|ERR_TLS|ERR_SSL)/;
