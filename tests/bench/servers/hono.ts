/** npm:hono: a set of `streamSSE` streams, and for each a `writeSSE()`. */

import { eventData } from "../data.ts";
import { serve } from "./serve.ts";

interface SseStream {
  readonly aborted: boolean;
  writeSSE(event: { id: string; data: string }): Promise<void>;
  sleep(ms: number): Promise<void>;
  onAbort(listener: () => void): void;
}

// Not literals, so that type-checking the repository downloads no package.
const specifiers = ["npm:hono@4.10.6", "npm:hono@4.10.6/streaming"];
const [{ Hono }, { streamSSE }] = await Promise.all(specifiers.map((name) => import(name)));

const streams = new Map<string, Set<SseStream>>();
let position = 0;

const app = new Hono();
// deno-lint-ignore no-explicit-any -- its types come with the package
app.get("/own", (context: any) => streamSSE(context, own));
// deno-lint-ignore no-explicit-any -- its types come with the package
app.get("/sse", (context: any) => {
  const name: string = context.req.query("stream");
  return streamSSE(context, (stream: SseStream) => subscribe(name, stream));
});

await serve({
  fetch: app.fetch,
  publish(name, data) {
    const id = `hono-${++position}`;
    for (const stream of streams.get(name) ?? []) stream.writeSSE({ id, data });
  },
});

async function subscribe(name: string, stream: SseStream): Promise<void> {
  const set = streams.get(name) ?? new Set();
  streams.set(name, set);
  set.add(stream);
  await new Promise<void>((resolve) => stream.onAbort(resolve));
  set.delete(stream);
}

async function own(stream: SseStream): Promise<void> {
  for (let sequence = 0; !stream.aborted; sequence++) {
    await stream.writeSSE({ id: `own-${sequence}`, data: eventData(sequence, 100) });
    await stream.sleep(1_000);
  }
}
