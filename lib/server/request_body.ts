/**
 * Reads the text of a request's body, up to a number of bytes. `unread_body.ts` handles the rest of a
 * body that is refused.
 *
 * @module
 */

import { refuse } from "./refusal.ts";

/**
 * Reads a body as UTF-8, without a byte order mark at its start.
 *
 * A body whose `Content-Length` exceeds the bound is not read at all; a body that exceeds the bound
 * while it is read is not read any further. A refused body is left unlocked.
 *
 * @param maxBytes The most bytes that the body may have.
 * @param setting The setting that this bound comes from, for the refusal.
 * @returns The text, or the response that refuses the body: 413 if it is longer, 400 if it is not UTF-8
 * or breaks off.
 * @throws {TypeError} If the body has been read already.
 */
export async function readBody(
  request: Request,
  maxBytes: number,
  setting?: string,
): Promise<string | Response> {
  const reader = request.body?.getReader();
  const length = request.headers.get("content-length");
  const text = await read(reader, length, maxBytes) ?? tooLarge(maxBytes, setting);
  if (typeof text !== "string") reader?.releaseLock();
  return text;
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Reads a body; `undefined` if it is too long. */
async function read(
  reader: Reader | undefined,
  contentLength: string | null,
  maxBytes: number,
): Promise<string | Response | undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let left = maxBytes;
  let text = "";
  try {
    if (Number(contentLength) > left) return undefined;
    for (;;) {
      const { done, value } = await reader?.read() ?? { done: true };
      if (done) return text + decoder.decode();
      left -= value.byteLength;
      if (left < 0) return undefined;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // Either the client left, or the bytes are not UTF-8; the answer is the same.
    return refuse("body", "The body must be complete and valid UTF-8");
  }
}

function tooLarge(maxBytes: number, setting: string | undefined): Response {
  const origin = setting === undefined ? "" : ` (${setting})`;
  return refuse("size", `The body may have at most ${maxBytes} bytes${origin}`);
}
