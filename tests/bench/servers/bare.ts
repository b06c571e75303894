/** The least a server can do: open a `ReadableStream` for each connection, and forget it. */

import { serve } from "./serve.ts";

const first = new TextEncoder().encode("retry: 2000\n\n");

await serve({
  fetch() {
    const body = new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(first) });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
  publish() {},
});
