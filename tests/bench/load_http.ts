/**
 * The requests of the load process, over raw sockets.
 *
 * @module
 */

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

/** Publishes over `workers` connections that stay open; each waits for an answer before its next request. */
export async function postFor(
  { port, path, headers, workers, seconds, data }: Line,
): Promise<Line> {
  const request = new TextEncoder().encode(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}Content-Type: text/plain\r\n` +
      `Content-Length: ${data.length}\r\n\r\n${data}`,
  );
  const startMs = performance.now();
  let posts = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const answer = new Uint8Array(4_096);
    while (performance.now() - startMs < seconds * 1_000) {
      await connection.write(request);
      const bytes = await connection.read(answer);
      const status = new TextDecoder().decode(answer.subarray(9, 12));
      if (bytes === null || !status.startsWith("2")) throw new Error(`POST was answered ${status}`);
      posts++;
    }
  }));
  return { posts, tookMs: performance.now() - startMs };
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
