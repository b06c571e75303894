/**
 * Requests to the server; its refusals become errors whose text can be shown. Every path is relative to
 * the page, so that the page works below any path of a proxy.
 */

const TIMEOUT_MS = 15_000;

/** A refusal by the server, or a failed request. */
export class Refusal extends Error {
  /** The answer's status; 0 if there was no answer. */
  status;
  /** The reason. `message` adds when to try again. */
  detail;
  /** The seconds that `Retry-After` asks to wait; `undefined` without that header. */
  waitSeconds;

  constructor(status, detail, waitSeconds) {
    super(waitSeconds === undefined ? detail : `${detail}; try again in ${waitSeconds} s`);
    this.status = status;
    this.detail = detail;
    this.waitSeconds = waitSeconds;
  }

  /** Whether the same request may succeed later. */
  get isTemporary() {
    return [0, 408, 425, 429].includes(this.status) || this.status >= 500;
  }

  /**
   * How long to wait after this many failures in a row, in milliseconds: `baseMs`, doubled with each
   * failure up to 30 s, or longer if the server asks; then up to half of it more, so that not all
   * clients come at once.
   */
  pauseMs(failures, baseMs = 1_000) {
    const backoffMs = Math.max(baseMs, Math.min(MAX_BACKOFF_MS, baseMs * 2 ** failures));
    const spreadMs = backoffMs * (1 + Math.random() / 2);
    // A date in the far future would make a timer overflow and fire at once.
    return Math.min(MAX_PAUSE_MS, Math.max(spreadMs, (this.waitSeconds ?? 0) * 1_000));
  }
}

const MAX_BACKOFF_MS = 30_000;
const MAX_PAUSE_MS = 600_000;

/**
 * Sends a request; the answer has 15 seconds to come and to end, unless `options` has a signal. Throws a
 * {@linkcode Refusal} unless the answer's status is 2xx.
 */
export async function request(path, options = {}) {
  const response = await send(path, options);
  if (response.ok) return response;
  const problem = await response.json().catch(() => undefined);
  const detail = typeof problem?.detail === "string"
    ? problem.detail
    : `The server answered ${response.status}`;
  throw new Refusal(response.status, detail, waitSeconds(response.headers.get("retry-after")));
}

/**
 * Sends a request and returns the JSON of the answer. Throws a {@linkcode Refusal} if it is not JSON.
 */
export async function requestJson(path, options) {
  const response = await request(path, options);
  try {
    return await response.json();
  } catch {
    // Such as the login page of a proxy.
    throw new Refusal(response.status, "The answer is not JSON: it may come from a proxy");
  }
}

/** Publishes an event's fields to a stream. */
export function publish(stream, event, headers = {}) {
  return requestJson(streamUrl(stream), {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(event),
  });
}

/** The URL of a stream; `query` is appended to its name. */
export function streamUrl(stream, query = "") {
  return `sse?stream=${encodeURIComponent(stream).replaceAll("%2F", "/")}${query}`;
}

async function send(path, options) {
  try {
    return await fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
  } catch {
    throw new Refusal(0, "The server did not answer");
  }
}

/**
 * The seconds until the time of a header `Retry-After`: seconds or a date (RFC 9110, section 10.2.3).
 */
function waitSeconds(value) {
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : undefined;
}
