/**
 * Handles a request body that the response leaves unread, so that the server takes no more of the body
 * than the socket holds.
 *
 * By itself, Deno 2.9 reads an HTTP/1.1 body to its end after the response, however long the body is,
 * and neither `Connection: close` nor cancelling the body changes that. While JavaScript holds the
 * body's reader, the runtime reads nothing; when the reader is then cancelled, the runtime closes the
 * connection. Over HTTP/2 the runtime takes at most a window of 1 MiB and resets the stream.
 *
 * @module
 */

import { CutConnection } from "../wire/ending.ts";
import { refuse, withBody } from "./refusal.ts";
import type { Handler } from "./router.ts";

/**
 * Wraps a handler so that bodies which the handler leaves unread are not read.
 *
 * - A body of at most 64 KiB, by its `Content-Length`, is discarded for up to a quarter of a second, so
 *   that the response also reaches clients that send the whole body first. If the handler has begun to
 *   read it, the runtime reads the rest.
 * - A longer body or a chunked body is left in the socket: the client has two seconds to read the
 *   response, then the connection is closed.
 * - The runtime hides the body of `GET`, `HEAD` and `CONNECT`, so nothing can hold its reader. If the
 *   body is longer than 64 KiB or chunked, the request gets a 413, and the connection is cut at once
 *   with {@linkcode CutConnection}. The response to `HEAD` can't be cut: there the runtime reads the
 *   body.
 */
export function withoutUnreadBody(handler: Handler): Handler {
  return async (request, info) => {
    const bytes = declaredBytes(request.headers);
    const isLong = bytes !== undefined && bytes > DISCARDED_BYTES;
    if (BODILESS.has(request.method)) {
      return isLong ? refuseAndCut(request) : await handler(request, info);
    }
    const response = await handler(request, info);
    // Of a short body that was begun, the runtime reads the rest. Only looking at `body` takes 2 µs.
    if (bytes !== undefined && !isLong && request.bodyUsed) return response;
    const { body } = request;
    // A locked body has been read to its end, or the handler is still reading it.
    if (!body || body.locked) return response;
    const reader = body.getReader();
    if (isLong) closeAfter(info.completed, reader);
    else if (bytes !== undefined) await discard(reader);
    // Without a length HTTP/1.1 has no body; over HTTP/2 the runtime then resets the stream.
    else await cancel(reader);
    return response;
  };
}

const BODILESS = new Set(["GET", "HEAD", "CONNECT"]);
const DISCARDED_BYTES = 65_536;
const DISCARD_MS = 250;
const LINGER_MS = 2_000;

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** The length of a body by its headers; `undefined` if they don't say that there is one. */
function declaredBytes(headers: Headers): number | undefined {
  if (headers.has("transfer-encoding")) return Infinity;
  const length = headers.get("content-length");
  return length === null ? undefined : Number(length);
}

/** Closes the connection of an unwanted body, once the client had time to read the response. */
async function closeAfter(completed: Promise<void> | undefined, reader: Reader): Promise<void> {
  // Without the runtime's server there is no connection, only the source of the body.
  if (!completed) return await cancel(reader);
  try {
    await completed;
  } catch {
    // The client has left; nobody waits for the response.
  }
  const timer = setTimeout(() => cancel(reader), LINGER_MS);
  await reader.closed.catch(() => {});
  clearTimeout(timer);
}

/** Reads a short body for up to `DISCARD_MS`. */
async function discard(reader: Reader): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), DISCARD_MS);
  const isLate = new Promise((resolve) => late.signal.addEventListener("abort", resolve));
  await Promise.race([readAll(reader, late.signal), isLate]);
  clearTimeout(timer);
}

/** Reads until `late` aborts, then cancels. */
async function readAll(reader: Reader, late: AbortSignal): Promise<void> {
  let left = DISCARDED_BYTES;
  try {
    while (left > 0 && !late.aborted) {
      const { done, value } = await reader.read();
      if (done) break;
      left -= value.byteLength;
    }
  } catch {
    // The client has left; nothing more follows.
  }
  // Cancel only while no read waits: else Deno 2.9 never frees that read's 64 KiB. The read settles at
  // the latest when the client leaves.
  await cancel(reader);
}

async function cancel(reader: Reader): Promise<void> {
  try {
    await reader.cancel();
  } catch {
    // The body has failed; nothing more follows.
  }
}

/** Refuses a request by a response whose end closes the connection. */
function refuseAndCut({ method }: Request): Response {
  const refusal = refuse("unwanted_body", `Send ${method} without a body`, { connection: "close" });
  const reader = refusal.body!.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value } = await reader.read();
      if (value) controller.enqueue(value);
      else controller.error(new CutConnection("Cannot read request body: no handler reads it"));
    },
  }, { highWaterMark: 0 });
  return withBody(body, refusal);
}
