/** npm:better-sse: a channel for each stream. */

import { eventData } from "../data.ts";
import { serve } from "./serve.ts";

// Not a literal, so that type-checking the repository downloads no package.
const specifier = "npm:better-sse@0.16.1";
const { createChannel, createResponse } = await import(specifier);

const channels = new Map<string, ReturnType<typeof createChannel>>();
const options = { serializer: (data: string) => data, keepAlive: null };
let position = 0;

await serve({
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    const channel = channelOf(searchParams.get("stream") ?? "");
    return createResponse(
      request,
      options,
      pathname === "/own" ? own : (session: unknown) => channel.register(session),
    );
  },
  publish(stream, data) {
    channelOf(stream).broadcast(data, "message", { eventId: `better-sse-${++position}` });
  },
});

function channelOf(stream: string): ReturnType<typeof createChannel> {
  let channel = channels.get(stream);
  if (!channel) channels.set(stream, channel = createChannel());
  return channel;
}

function own(session: { push: (data: string, event: string, id: string) => void }): void {
  let sequence = 0;
  setInterval(() => {
    session.push(eventData(sequence, 100), "message", `own-${sequence++}`);
  }, 1_000);
}
