import { assertEquals } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { lacks } from "../program.ts";
import { lacksNpm } from "../recipes.ts";

// The parsers of AI SDKs read the data of every event, whatever its type, and throw at data that they
// don't know, such as that of `hello`.

const ignore = await lacks("net", "read", "write", "run") || await lacksNpm();

const URL_OF_ANSWER = "http://localhost/sse?stream=answer&since=earliest&control=none";

/** A hub with an answer that has ended. */
async function hubWith(events: readonly unknown[]): Promise<BroadcastHub> {
  const hub = new BroadcastHub();
  for (const event of events) {
    await hub.publish("answer", { event: "chunk", data: JSON.stringify(event) });
  }
  await hub.publish("answer", "[DONE]");
  await hub.end("answer");
  return hub;
}

Deno.test({
  name: "control=none: the transport of the AI SDK reads a replayed answer without an error",
  ignore,
  // Its imports open resources of the runtime that stay open.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const chunks = [
      { type: "start" },
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", delta: "Hello\n[DONE]" },
      { type: "text-end", id: "1" },
      { type: "finish" },
    ];
    await using hub = await hubWith(chunks);
    const specifier = "npm:ai@6.0.326";
    const { DefaultChatTransport } = await import(specifier);
    const transport = new DefaultChatTransport({
      fetch: (_: unknown, init: RequestInit) =>
        Promise.resolve(hub.subscribe(new Request(URL_OF_ANSWER, init))),
    });
    const stream = await transport.reconnectToStream({ chatId: "7" });
    assertEquals(await Array.fromAsync(stream), chunks);
    await hub.removeStream("answer");
    assertEquals(await transport.reconnectToStream({ chatId: "7" }), null);
  },
});

Deno.test({
  name: "control=none: the streams of the OpenAI SDK read a replayed answer without an error",
  ignore,
  sanitizeResources: false,
  sanitizeOps: false,
  async fn() {
    const chunks = [{ choices: [{ delta: { content: "Hel" } }] }, { choices: [] }];
    await using hub = await hubWith(chunks);
    const specifier = "npm:openai@6.49.0/streaming";
    const { Stream } = await import(specifier);
    const response = hub.subscribe(new Request(URL_OF_ANSWER));
    const stream = Stream.fromSSEResponse(response, new AbortController());
    assertEquals(await Array.fromAsync(stream), chunks);
  },
});

Deno.test("control=none: type and data of each event are what was published", async () => {
  await using hub = await hubWith([1, 2]);
  const text = await hub.subscribe(new Request(URL_OF_ANSWER)).text();
  assertEquals(
    text.replaceAll(/^id: .*\n/gm, ""),
    "retry: 2000\nevent: chunk\ndata: 1\n\nevent: chunk\ndata: 2\n\ndata: [DONE]\n\n",
  );
});
