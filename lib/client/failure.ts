/**
 * An answer that refuses a request, as an error.
 *
 * @module
 */

/** The problem details of an answer. See {@link https://www.rfc-editor.org/rfc/rfc9457 RFC 9457}. */
export interface Problem {
  /** The kind of problem, in a few words. */
  readonly title?: string;
  /** What is wrong, and what to send instead. */
  readonly detail?: string;
}

/** A server's refusal, or a request that can't be sent again. */
export interface Failure extends Error {
  /** Always `Failure`. */
  readonly name: "Failure";
  /** The status of the answer; 0 if there was none. */
  readonly status: number;
  /** The problem details of the answer, if there were any. */
  readonly problem?: Problem;
}

/** Makes an error of a refusal. */
export function failure(message: string, status: number, problem?: Problem): Failure {
  return Object.assign(new Error(message), { name: "Failure", status, problem } as Failure);
}

/** Reads an answer that refuses a request. `action` is what could not be done: "subscribe". */
export async function readFailure(action: string, response: Response): Promise<Failure> {
  const problem = await response.json().catch(() => undefined);
  const { status } = response;
  const detail = problem?.detail ?? `the server answered ${status}`;
  return failure(`Cannot ${action}: ${detail}`, status, problem);
}

/** Whether the same request may succeed later. */
export function isTemporary({ status }: Failure): boolean {
  return /408|425|429|5../.test(`${status}`);
}

/** Reads the seconds of `Retry-After`, in milliseconds; 0 for a date, which few servers send. */
export function retryAfterMs({ headers }: Response): number {
  return +headers.get("retry-after")! * 1_000 || 0;
}
