/**
 * What an operator learns of refused requests: a count of each kind, and lines in the log.
 *
 * @module
 */

import { startBackgroundTimer } from "../wire/background_timer.ts";
import { searchParams } from "../wire/search_params.ts";
import { reasonOf, type RefusalReason, refusalStatuses, refusedFor } from "./refusal.ts";
import type { RefusalTraces } from "./refusal_traces.ts";
import { type Log, type LogFields, printable } from "./request_log.ts";
import { type Handler, rawPath } from "./router.ts";

/** Options of {@linkcode RefusalReport}. */
export interface RefusalReportOptions {
  /** Writes a line. */
  readonly log: Log;
  /** Finds the client's address. */
  readonly addressOf: (request: Request) => string;
  /** Keeps the traces of refused requests. */
  readonly traces: RefusalTraces;
  /** Whether a page sent the request that may not read the answer. */
  readonly isCorsMiss: (request: Request) => boolean;
}

/** How often requests were refused for a reason. */
export interface RefusalCount {
  /** The status of the answers. */
  readonly status: number;
  /** The reason. */
  readonly reason: RefusalReason | "other";
  /** How many there were since the start. */
  count: number;
}

/** Counts and logs refused requests. */
export class RefusalReport {
  readonly #options: RefusalReportOptions;
  readonly #counts = new Map<string, RefusalCount>();
  #lines = 0;
  #untold = 0;
  #endSecond: (() => void) | undefined;

  /** Begins with no refusal. */
  constructor(options: RefusalReportOptions) {
    this.#options = options;
    for (const [reason, status] of Object.entries(refusalStatuses)) {
      this.#count(status, reason as RefusalReason, 0);
    }
  }

  /** How often requests were refused since the start, for each status and reason. */
  get counts(): readonly RefusalCount[] {
    return [...this.#counts.values()];
  }

  /**
   * Wraps a handler so that each answer with a status from 400 on is counted and logged, and also, with
   * the reason `origin`, an answer that the browser keeps from the page that asked for it. The answers
   * of the probes are no refusals.
   */
  watch(handler: Handler): Handler {
    return async (request, info) => {
      const response = await handler(request, info);
      const reason = reasonOf(response) ??
        (this.#options.isCorsMiss(request) ? "origin" : undefined);
      if (reason !== undefined && !PROBES.test(rawPath(request.url))) {
        this.#count(response.status, reason, 1);
        this.#log(request, response.status, reason);
      }
      this.#trace(request, response, reason);
      return response;
    };
  }

  /** Writes the number of the refusals that have no line, and holds no timer any more. */
  close(): void {
    this.#endSecond?.();
  }

  /** Keeps a trace; also of a client that was asked to reconnect later, which is not refused. */
  #trace(request: Request, response: Response, reason: RefusalCount["reason"] | undefined): void {
    const why = refusedFor(response) ?? (reason && { reason });
    if (why === undefined || PROBES.test(rawPath(request.url))) return;
    const { traces, addressOf } = this.#options;
    traces.note(request, { ...why, address: addressOf(request), status: response.status });
  }

  #count(status: number, reason: RefusalCount["reason"], more: number): void {
    const key = `${status} ${reason}`;
    const count = this.#counts.get(key) ?? { status, reason, count: 0 };
    count.count += more;
    this.#counts.set(key, count);
  }

  /** Writes a line, unless this second has had its lines; then the end of the second says how many more. */
  #log(request: Request, status: number, reason: RefusalCount["reason"]): void {
    this.#endSecond ??= this.#beginSecond();
    if (this.#lines === LINES_PER_SECOND) this.#untold++;
    else {
      this.#lines++;
      this.#options.log("refused", describe(request, status, reason, this.#options.addressOf));
    }
  }

  #beginSecond(): () => void {
    const end = () => {
      stop();
      this.#endSecond = undefined;
      if (this.#untold > 0) this.#options.log("refused more", { requests: this.#untold });
      this.#lines = this.#untold = 0;
    };
    const stop = startBackgroundTimer(1_000, end);
    return end;
  }
}

const LINES_PER_SECOND = 10;
const MAX_CHARACTERS = 128;
const PROBES = /^\/(?:healthz|readyz)\/?$/;

function describe(
  request: Request,
  status: number,
  reason: string,
  addressOf: RefusalReportOptions["addressOf"],
): LogFields {
  const streams = searchParams(request).getAll("stream");
  const origin = request.headers.get("origin");
  return {
    status,
    reason,
    method: request.method.slice(0, MAX_CHARACTERS),
    path: rawPath(request.url).slice(0, MAX_CHARACTERS),
    // Escaped first, so that the bound of a list counts the characters that are written.
    ...streams.length > 0 && { streams: streams.map(printable) },
    address: addressOf(request),
    ...origin !== null && { origin: printable(origin).slice(0, MAX_CHARACTERS) },
    ...reason === "origin" && { hint: ORIGIN_HINT },
  };
}

const ORIGIN_HINT = "to let pages of this origin read the answers, add it to CORS_ORIGINS";
