/**
 * The requests of the load process, over raw sockets.
 *
 * @module
 */

import { eventData } from "./data.ts";
import type { Line } from "./lines.ts";

/** A connection whose response has begun. */
export interface OpenConnection {
  /** The socket. */
  readonly connection: Deno.Conn;
  /** Whether the body is chunked. */
  readonly isChunked: boolean;
  /** The part of the body that came with the head. */
  readonly rest: Uint8Array;
}

/**
 * Opens `connections` connections, 50 at a time. In `path`, `{n}` becomes the connection's number modulo
 * `streams`.
 */
export async function openConnections(
  { port, path, connections, streams = 1, headers = "" }: Line,
  onOpen: (open: OpenConnection, index: number) => void,
): Promise<void> {
  let next = 0;
  await Promise.all(Array.from({ length: 50 }, async () => {
    while (next < connections) {
      const index = next++;
      onOpen(await open(port, path.replace("{n}", `${index % streams}`), headers), index);
    }
  }));
}

/** Opens and closes connections for `seconds`, `workers` at a time, each after the response's head. */
export async function connectFor({ port, path, workers, seconds }: Line): Promise<Line> {
  const startMs = performance.now();
  let connects = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (performance.now() - startMs < seconds * 1_000) {
      (await open(port, path, "")).connection.close();
      connects++;
    }
  }));
  return { connects, tookMs: performance.now() - startMs };
}

/**
 * Publishes over `workers` connections that stay open; each waits for an answer before its next request.
 * Stops after `seconds`, or after `most` requests.
 */
export async function postFor(question: Line): Promise<Line> {
  const { port, workers, seconds, most = Infinity, data } = question;
  const request = postRequest(question, data);
  const startMs = performance.now();
  let posts = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    while (posts < most && performance.now() - startMs < seconds * 1_000) {
      posts++;
      await post(connection, request);
    }
  }));
  return { posts, tookMs: performance.now() - startMs };
}

/** Publishes `events` events one after the other, `everyMs` apart, over a connection that stays open. */
export async function postPaced(question: Line): Promise<Line> {
  const { port, events, everyMs, dataBytes, firstSequence = 0 } = question;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const startMs = performance.now();
  for (let i = 0; i < events; i++) {
    const waitMs = startMs + i * everyMs - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(waitMs, 0)));
    await post(connection, postRequest(question, eventData(firstSequence + i, dataBytes)));
  }
  return { published: events };
}

function postRequest({ path, headers, type = "text/plain" }: Line, data: string): Uint8Array {
  return new TextEncoder().encode(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}Content-Type: ${type}\r\n` +
      `Content-Length: ${data.length}\r\n\r\n${data}`,
  );
}

/** Sends a request and reads the answer, which must come in one piece. */
async function post(connection: Deno.Conn, request: Uint8Array): Promise<void> {
  let rest = request;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
  const answer = new Uint8Array(4_096);
  const bytes = await connection.read(answer);
  const status = new TextDecoder().decode(answer.subarray(9, 12));
  if (bytes === null || !status.startsWith("2")) throw new Error(`POST was answered ${status}`);
}

async function open(port: number, path: string, headers: string): Promise<OpenConnection> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request =
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n${headers}\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(4_096);
  let bytes = 0;
  for (;;) {
    const read = await connection.read(buffer.subarray(bytes));
    if (read === null) throw new Error(`${path} was cut off in its head`);
    bytes += read;
    const text = new TextDecoder("latin1").decode(buffer.subarray(0, bytes));
    const end = text.indexOf("\r\n\r\n");
    if (end < 0) continue;
    if (!text.startsWith("HTTP/1.1 200")) {
      throw new Error(`${path} was answered ${text.slice(9, 12)}`);
    }
    const isChunked = /^transfer-encoding: chunked/im.test(text.slice(0, end));
    return { connection, isChunked, rest: buffer.subarray(end + 4, bytes) };
  }
}
