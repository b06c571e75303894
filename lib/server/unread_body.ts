/**
 * What becomes of a request's body that the answer leaves unread: no more of it is taken from the
 * client than its socket holds.
 *
 * Left to itself, Deno 2.9 reads an HTTP/1.1 body to its end after the answer, however long it is,
 * and `Connection: close` or cancelling the body changes nothing. While JavaScript holds the body's
 * reader it reads nothing; when the reader is then cancelled, it closes the connection. Over HTTP/2
 * the runtime takes at most a window of 1 MiB and resets the stream.
 *
 * @module
 */

import { problem } from "../problem.ts";
import type { Handler } from "./router.ts";

/** The error that a response's body ends with where the connection is cut on purpose. */
export class CutConnection extends Error {
  /** Tells it from errors that are somebody's fault. */
  override name = "CutConnection";
}

/**
 * Has a handler's answers stop the bodies that they leave unread.
 *
 * - A body of at most 64 KiB, by its `Content-Length`, is awaited for up to a quarter of a second, so
 *   that the answer also reaches clients that would first send all of it.
 * - A longer or a chunked body is left in the socket: the client has two seconds to take the answer,
 *   then the connection is closed.
 * - The runtime shows no body of `GET`, `HEAD` and `CONNECT`, so that none can be held. With one that is
 *   longer, or chunked, they are refused: 413, and the connection is cut at once, with
 *   {@linkcode CutConnection}. The answer to `HEAD` can't be cut: there the runtime reads on.
 */
export function withoutUnreadBody(handler: Handler): Handler {
  return async (request, info) => {
    const isLong = isLongBody(request.headers);
    if (BODILESS.has(request.method)) {
      return isLong ? refuseAndCut(request) : await handler(request, info);
    }
    const response = await handler(request, info);
    const { body } = request;
    // Locked, it has been read to its end, or is being read by somebody who knows what for.
    if (!body || body.locked) return response;
    const reader = body.getReader();
    if (isLong) closeAfter(info.completed, reader);
    else if (request.headers.has("content-length")) await discard(reader);
    // Over HTTP/1.1 there is none; over HTTP/2 the runtime then resets the stream.
    else await cancel(reader);
    return response;
  };
}

const BODILESS = new Set(["GET", "HEAD", "CONNECT"]);
const DISCARDED_BYTES = 65_536;
const DISCARD_MS = 250;
const LINGER_MS = 2_000;

type Reader = ReadableStreamDefaultReader<Uint8Array>;

function isLongBody(headers: Headers): boolean {
  const length = headers.get("content-length");
  return headers.has("transfer-encoding") || Number(length ?? 0) > DISCARDED_BYTES;
}

/** Closes the connection of a body that is not wanted, when the client had time to take the answer. */
async function closeAfter(completed: Promise<void> | undefined, reader: Reader): Promise<void> {
  // Without a server of the runtime there is no connection, only a source to be told.
  if (!completed) return await cancel(reader);
  try {
    await completed;
  } catch {
    // The client has left, and nobody waits for the answer.
  }
  const timer = setTimeout(() => cancel(reader), LINGER_MS);
  await reader.closed.catch(() => {});
  clearTimeout(timer);
}

/** Reads a short body, as far as it comes soon. */
async function discard(reader: Reader): Promise<void> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), DISCARD_MS);
  const isLate = new Promise((resolve) => late.signal.addEventListener("abort", resolve));
  await Promise.race([readAll(reader, late.signal), isLate]);
  clearTimeout(timer);
}

/** Reads on until it is late, then cancels. */
async function readAll(reader: Reader, late: AbortSignal): Promise<void> {
  let left = DISCARDED_BYTES;
  try {
    while (left > 0 && !late.aborted) {
      const { done, value } = await reader.read();
      if (done) break;
      left -= value.byteLength;
    }
  } catch {
    // The client has left; there is no more to read.
  }
  // Never while a read waits: Deno 2.9 keeps that read's 64 KiB for good. The read settles at the
  // latest when the client leaves.
  await cancel(reader);
}

async function cancel(reader: Reader): Promise<void> {
  try {
    await reader.cancel();
  } catch {
    // It broke: nothing more comes of it.
  }
}

/** An answer with an end that closes the connection. */
function refuseAndCut({ method }: Request): Response {
  const refusal = problem(413, `Send ${method} without a body`, { connection: "close" });
  const reader = refusal.body!.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value } = await reader.read();
      if (value) controller.enqueue(value);
      else controller.error(new CutConnection("Cannot read request body: nobody wants it"));
    },
  }, { highWaterMark: 0 });
  return new Response(body, refusal);
}
