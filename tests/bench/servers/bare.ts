/**
 * The least a server can do: open a `ReadableStream` for each connection and forget it, and read a body
 * and answer with JSON.
 */

import { serve } from "./serve.ts";

const first = new TextEncoder().encode("retry: 2000\n\n");

await serve({
  fetch: (request) => request.method === "POST" ? answer(request) : open(),
  publish() {},
});

function open(): Response {
  const body = new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(first) });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

async function answer(request: Request): Promise<Response> {
  await request.bytes();
  return Response.json({ id: "0123456789-1", stream: "s0", subscribers: 1 });
}
