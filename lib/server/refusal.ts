/**
 * Answers that refuse a request, each with a reason that the log and the metrics can name.
 *
 * @module
 */

import { problem } from "../wire/problem.ts";

/** Every reason of the server, with its status. */
export const refusalStatuses = {
  body: 400,
  event: 400,
  parameter: 400,
  stream_name: 400,
  target: 400,
  claims: 401,
  expired_token: 401,
  no_session: 401,
  no_token: 401,
  wrong_login: 401,
  wrong_token: 401,
  clock: 403,
  denied: 403,
  disabled: 403,
  foreign_page: 403,
  origin: 403,
  scope: 403,
  connection: 404,
  path: 404,
  stream: 404,
  method: 405,
  silence: 408,
  ended: 409,
  size: 413,
  unwanted_body: 413,
  content_coding: 415,
  content_type: 415,
  host: 421,
  logins: 429,
  max_streams: 429,
  publish_rate: 429,
  wrong_tokens: 429,
  error: 500,
  audiences: 503,
  connections: 503,
  keys: 503,
  log: 503,
  stopping: 503,
} as const satisfies Readonly<Record<string, number>>;

/** Why a request is refused. */
export type RefusalReason = keyof typeof refusalStatuses;

/**
 * Refuses a request with problem details.
 *
 * @param detail What is wrong and what would be right, for the client's eyes: see {@linkcode problem}.
 */
export function refuse(
  reason: RefusalReason,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const response = problem(refusalStatuses[reason], detail, headers);
  reasons.set(response, { reason, detail });
  return response;
}

/** Why a response was made that refuses a request, or asks its client to come back later. */
export interface RefusedFor {
  /** The reason. */
  readonly reason: RefusalReason;
  /** What the client is told; left out for an answer that was made elsewhere. */
  readonly detail?: string;
}

/**
 * Why a client did not get what it asked for; also for a 200 that asks it to reconnect later, and for a
 * 204. `undefined` for an answer without a reason.
 */
export function refusedFor(response: Response): RefusedFor | undefined {
  return reasons.get(response);
}

/**
 * The reason of a refusal; `other` for an answer that was not made here, such as one of the hub or of an
 * application's `authorize`. `undefined` for an answer that refuses nothing.
 */
export function reasonOf(response: Response): RefusalReason | "other" | undefined {
  return response.status < 400 ? undefined : reasons.get(response)?.reason ?? "other";
}

/** Gives a reason to an answer that was made elsewhere. */
export function asRefusal(reason: RefusalReason, response: Response): Response {
  reasons.set(response, { reason });
  return response;
}

/**
 * Adds members to the problem details of a refusal, and changes their `detail` (RFC 9457, section 3.2).
 *
 * @param describe Returns the new detail, given the old one.
 */
export async function changeProblem(
  refusal: Response,
  describe: (detail: string) => string,
  members: Readonly<Record<string, unknown>>,
): Promise<Response> {
  const problem = await refusal.json();
  const changed = { ...problem, detail: describe(problem.detail), ...members };
  return withBody(JSON.stringify(changed), refusal);
}

/** Copies a response with another body, and keeps its reason. */
export function withBody(body: BodyInit | null, response: Response): Response {
  const copy = new Response(body, response);
  const why = reasons.get(response);
  if (why !== undefined) reasons.set(copy, why);
  return copy;
}

const reasons = new WeakMap<Response, RefusedFor>();
