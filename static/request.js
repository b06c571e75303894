/** Requests to the server, whose refusals are shown as they are. */

const TIMEOUT_MS = 15_000;

/** What the server answered instead; `message` is the problem's detail, `status` 0 without an answer. */
export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Sends a request. Throws a {@linkcode Refusal} where the answer is not a good one. */
export async function request(path, options = {}) {
  const response = await send(path, options);
  if (response.ok) return response;
  const { detail } = await response.json().catch(() => ({}));
  const wait = response.headers.get("retry-after");
  const text = typeof detail === "string" ? detail : `The server answered ${response.status}`;
  throw new Refusal(response.status, wait === null ? text : `${text}; try again in ${wait} s`);
}

/** Publishes an event's fields to a stream. */
export async function publish(stream, event, headers = {}) {
  const response = await request(streamUrl(stream), {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(event),
  });
  return response.json();
}

/** Where a stream is; `query` is what comes after its name. */
export function streamUrl(stream, query = "") {
  return `/sse?stream=${encodeURIComponent(stream).replaceAll("%2F", "/")}${query}`;
}

async function send(path, options) {
  try {
    return await fetch(path, { ...options, signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new Refusal(0, "The server did not answer");
  }
}
