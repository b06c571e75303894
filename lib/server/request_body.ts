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
 * while it is read is not read any further. A body that is refused as too long is left unlocked.
 *
 * @param maxBytes The most bytes that the body may have.
 * @param options.setting The setting that this bound comes from, for the refusal.
 * @param options.isFramed Whether a server holds the body to its `Content-Length`, as HTTP servers do. A
 * body whose length fits is then read at once, which takes half the time.
 * @returns The text, or the response that refuses the body: 413 if it is longer, 400 if it is not UTF-8
 * or breaks off.
 * @throws {TypeError} If the body has been read already.
 */
export function readBody(
  request: Request,
  maxBytes: number,
  { setting, isFramed = false }: BodyOptions = {},
): Promise<string | Response> {
  const length = request.headers.get("content-length");
  const isAtOnce = isFramed && length !== null && Number(length) <= maxBytes && !request.bodyUsed;
  return isAtOnce ? readAtOnce(request) : readByChunks(request, maxBytes, setting);
}

/** Options of {@linkcode readBody}. */
export interface BodyOptions {
  /** The setting that the bound comes from. */
  readonly setting?: string;
  /** Whether a server holds the body to its `Content-Length`. @default {false} */
  readonly isFramed?: boolean;
}

async function readByChunks(
  request: Request,
  maxBytes: number,
  setting: string | undefined,
): Promise<string | Response> {
  const reader = request.body?.getReader();
  const length = request.headers.get("content-length");
  const text = await read(reader, length, maxBytes) ?? tooLarge(maxBytes, setting);
  if (typeof text !== "string") reader?.releaseLock();
  return text;
}

/** Reads a body of bounded length. */
async function readAtOnce(request: Request): Promise<string | Response> {
  try {
    return UTF8.decode(await request.bytes());
  } catch {
    // As in `read()`.
    return incomplete();
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

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
    return incomplete();
  }
}

function incomplete(): Response {
  return refuse("body", "The body must be complete and valid UTF-8");
}

function tooLarge(maxBytes: number, setting: string | undefined): Response {
  const origin = setting === undefined ? "" : ` (${setting})`;
  return refuse("size", `The body may have at most ${maxBytes} bytes${origin}`);
}
