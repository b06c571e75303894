import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CutConnection } from "../../lib/wire/ending.ts";
import { retryLater, retryReason } from "../../lib/wire/retry_later.ts";

function request(accept?: string, method = "GET"): Request {
  return new Request("http://localhost/sse", { method, headers: accept ? { accept } : {} });
}

const EVENTS = [
  "text/event-stream",
  "Text/Event-Stream",
  "text/event-stream, text/html;q=0.5",
  "application/json,text/event-stream;q=0.9",
];
for (const accept of EVENTS) {
  Deno.test(`retryLater() answers a client that accepts ${accept} with goaway`, async () => {
    const response = retryLater(request(accept), { retryMs: 700, reason: "draining" });
    assertEquals(response.status, 200);
    assertEquals(
      await response.text(),
      'event: goaway\nretry: 700\ndata: {"reason":"draining"}\n\n',
    );
  });
}

for (const accept of [undefined, "*/*", "text/*", "application/json", "x-text/event-stream"]) {
  Deno.test(`retryLater() answers a client that accepts ${accept} with 503`, async () => {
    const response = retryLater(request(accept), { retryMs: 5_001 });
    assertEquals([response.status, response.headers.get("retry-after")], [503, "6"]);
    assertEquals((await response.json()).status, 503);
  });
}

Deno.test("retryLater() asks for a random time of 5 to 15 seconds", () => {
  const waits = Array.from(
    { length: 1_000 },
    () => Number(retryLater(request()).headers.get("retry-after")),
  );
  assert(waits.every((seconds) => seconds >= 5 && seconds <= 15));
  assertEquals(new Set(waits).size > 5, true);
});

Deno.test("retryLater() without control events sends retry alone", async () => {
  const response = retryLater(request("text/event-stream"), { retryMs: 6_000, control: "none" });
  assertEquals(await response.text(), "retry: 6000\n");
  assertEquals(retryReason(response), "overloaded");
});

Deno.test("retryLater() with ending cut fails the body after the last words", async () => {
  const reasons: string[] = [];
  const onEnd = ({ reason }: { reason: string }) => reasons.push(reason);
  const { body } = retryLater(request(EVENTS[0]), { ending: "cut", onEnd });
  const reader = body!.getReader();
  const { value } = await reader.read();
  assert(new TextDecoder().decode(value).startsWith("event: goaway\n"));
  await assertRejects(() => reader.read(), CutConnection);
  assertEquals(reasons, ["closed"]);
});

Deno.test("retryLater() answers HEAD with the headers alone, and refuses wrong options", () => {
  const { status, body } = retryLater(request(EVENTS[0], "HEAD"));
  assertEquals([status, body], [200, null]);
  // deno-lint-ignore no-explicit-any
  assertThrows(() => retryLater(request(), { ending: "maybe" as any }), RangeError, "ending");
  assertThrows(() => retryLater(request(), { retryMs: -1 }), RangeError, "retryMs");
});
