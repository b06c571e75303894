/** What one writes without a library: a set of controllers, and for each an `enqueue(encode())`. */

import { eventData } from "../data.ts";
import { serve } from "./serve.ts";

type Controller = ReadableStreamDefaultController<Uint8Array>;

// As long as the epoch of a hub.
const EPOCH = "controller";
const encoder = new TextEncoder();
const streams = new Map<string, Set<Controller>>();
let position = 0;

await serve({
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    return respond(pathname === "/own" ? own() : subscribe(searchParams.get("stream") ?? ""));
  },
  publish(stream, data) {
    const text = `id: ${EPOCH}-${++position}\ndata: ${data}\n\n`;
    for (const controller of streams.get(stream) ?? []) controller.enqueue(encoder.encode(text));
  },
});

function subscribe(stream: string): ReadableStream<Uint8Array> {
  const controllers = streams.get(stream) ?? new Set();
  streams.set(stream, controllers);
  let own: Controller;
  return new ReadableStream({
    start(controller) {
      own = controller;
      controllers.add(controller);
      controller.enqueue(encoder.encode("retry: 2000\n\n"));
    },
    cancel: () => void controllers.delete(own),
  });
}

function own(): ReadableStream<Uint8Array> {
  let sequence = 0;
  let timer: ReturnType<typeof setInterval>;
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => {
        const text = `id: own-${sequence}\ndata: ${eventData(sequence++, 100)}\n\n`;
        controller.enqueue(encoder.encode(text));
      }, 1_000);
    },
    cancel: () => clearInterval(timer),
  });
}

function respond(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
