/**
 * Reads the text of a request's body, up to a number of bytes. `unread_body.ts` handles the rest of a
 * body that is refused.
 *
 * @module
 */

import { problem } from "../problem.ts";

/**
 * Reads a body as UTF-8, without a byte order mark at its start.
 *
 * A body whose `Content-Length` exceeds the bound is not read at all; a body that exceeds the bound
 * while it is read is not read any further. A refused body is left unlocked.
 *
 * @param maxBytes The most bytes that the body may have.
 * @returns The text, or the response that refuses the body: 413 if it is longer, 400 if it is not UTF-8
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
    // Either the client left, or the bytes are not UTF-8; the answer is the same.
    return problem(400, "The body must be complete and valid UTF-8");
  }
}

function tooLarge(maxBytes: number): Response {
  return problem(413, `The body may have at most ${maxBytes} bytes`);
}
