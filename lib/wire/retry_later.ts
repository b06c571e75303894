/**
 * The answer to a client that can't be served now.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "./check_options.ts";
import { checkControl, type Control, type GoawayReason } from "./control_events.ts";
import { checkEnding, type Ending, goawayRetryMs } from "./ending.ts";
import { type ConnectionEnd, EventResponse, eventStreamHeaders } from "./event_response.ts";
import { RETRY } from "./number_option.ts";
import { problem } from "./problem.ts";

/** Options of {@linkcode retryLater}. */
export interface RetryLaterOptions {
  /**
   * Why the client can't be served.
   *
   * @default {"overloaded"}
   */
  readonly reason?: GoawayReason;
  /** How long the client waits before it reconnects, in milliseconds. By default a random 5 to 15 s. */
  readonly retryMs?: number;
  /**
   * How the response ends.
   *
   * @default {"close"}
   */
  readonly ending?: Ending;
  /**
   * Whether the event stream has control events. With `none`, it has `retry` alone, and no `goaway`.
   *
   * @default {"all"}
   */
  readonly control?: Control;
  /** Called when the response has ended, if it is an event stream. */
  readonly onEnd?: (end: ConnectionEnd) => void;
}

/**
 * Asks a client that can't be served now to reconnect later.
 *
 * A client whose `Accept` includes `text/event-stream` gets a 200 with an event `goaway`, because an
 * `EventSource` never reconnects after another status. Other clients get a 503 with `Retry-After` and
 * problem details.
 *
 * @throws {TypeError} If an option is unknown.
 * @throws {RangeError} If an option is out of range.
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model}
 *
 * @example
 * ```ts
 * import { retryLater } from "@sse/hub";
 * import { assertEquals } from "@std/assert";
 *
 * const headers = { accept: "text/event-stream" };
 * const response = retryLater(new Request("http://localhost/", { headers }), { retryMs: 7_000 });
 * assertEquals(
 *   await response.text(),
 *   'event: goaway\nretry: 7000\ndata: {"reason":"overloaded"}\n\n',
 * );
 * ```
 */
export function retryLater(request: Request, options: RetryLaterOptions = {}): Response {
  checkOptions("answer", options, RULES);
  const { reason = "overloaded", ending = "close", control = "all", onEnd } = options;
  checkEnding("answer", ending);
  checkControl("answer", control);
  const retryMs = options.retryMs ??
    goawayRetryMs(reason, { retryMs: 0, isServedElsewhere: false });
  const response = acceptsEvents(request)
    ? goAway(request, { reason, retryMs, ending, control, onEnd })
    : problem(503, "The server can't open an event stream now; try again later", {
      "retry-after": `${Math.ceil(retryMs / 1_000)}`,
    });
  reasons.set(response, reason);
  return response;
}

/** Returns why {@linkcode retryLater} made a response; `undefined` for any other response. */
export function retryReason(response: Response): GoawayReason | undefined {
  return reasons.get(response);
}

const reasons = new WeakMap<Response, GoawayReason>();

type GoAwayOptions =
  & Required<Omit<RetryLaterOptions, "onEnd">>
  & { readonly onEnd: RetryLaterOptions["onEnd"] };

function goAway(
  request: Request,
  { reason, retryMs, ending, control, onEnd }: GoAwayOptions,
): Response {
  if (request.method === "HEAD") return new Response(null, { headers: eventStreamHeaders });
  const omitsControl = control === "none";
  const settings = { report: () => {}, ending, retryMs, isServedElsewhere: false, omitsControl };
  const response = new EventResponse(NOTHING, settings);
  if (onEnd) response.onEnd(onEnd);
  response.goAway(reason, retryMs);
  return response.respond(eventStreamHeaders);
}

const RULES: OptionRules<RetryLaterOptions> = {
  reason: ANY,
  retryMs: RETRY,
  ending: ANY,
  control: ANY,
  onEnd: ANY,
};
const NOTHING = new Uint8Array();

/** Whether the `Accept` of a request includes `text/event-stream`. */
function acceptsEvents({ headers }: Request): boolean {
  return /(?:^|,)\s*text\/event-stream\s*(?:[;,]|$)/i.test(headers.get("accept") ?? "");
}
