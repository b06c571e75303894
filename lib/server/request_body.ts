/**
 * The text of a request's body, up to a number of bytes. What becomes of the rest of a body that is
 * refused is `unread_body.ts`'s.
 *
 * @module
 */

import { problem } from "../problem.ts";

/**
 * Reads a body as UTF-8, without a byte order mark at its start.
 *
 * Nothing is read of a body whose `Content-Length` is over the bound, and nothing more of a body that
 * exceeds it on its way. A body that is refused is left unlocked.
 *
 * @param maxBytes The most bytes it may have.
 * @returns The text, or the answer that refuses it: 413 where it is longer, 400 where it is no UTF-8
 * or breaks off.
 * @throws {TypeError} If the body has been read already.
 */
export async function readBody(request: Request, maxBytes: number): Promise<string | Response> {
  const reader = request.body?.getReader();
  const text = await read(reader, request.headers.get("content-length"), maxBytes);
  if (typeof text !== "string") reader?.releaseLock();
  return text;
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function read(
  reader: Reader | undefined,
  contentLength: string | null,
  maxBytes: number,
): Promise<string | Response> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let left = maxBytes;
  let text = "";
  try {
    if (Number(contentLength) > left) return tooLarge(maxBytes);
    for (;;) {
      const { done, value } = await reader?.read() ?? { done: true };
      if (done) return text + decoder.decode();
      left -= value.byteLength;
      if (left < 0) return tooLarge(maxBytes);
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // Whose fault it is doesn't differ: the client left, or wrote what is no text.
    return problem(400, "The body must be complete and valid UTF-8");
  }
}

function tooLarge(maxBytes: number): Response {
  return problem(413, `The body may have at most ${maxBytes} bytes`);
}
