import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import type { ConnectionEnd } from "../../lib/wire/event_response.ts";
import { eventStream } from "../../lib/wire/event_stream.ts";
import type { EventWriter } from "../../lib/wire/event_writer.ts";
import { Client } from "../client.ts";
import { macrotask } from "../wait.ts";

Deno.test("eventStream() answers with the headers of an event stream and no others", async () => {
  const response = eventStream(() => {});
  assertEquals(Object.fromEntries(response.headers), {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  });
  await response.body!.cancel();
});

Deno.test("eventStream() adds the given headers", async () => {
  const response = eventStream(() => {}, {
    headers: { "set-cookie": "a=1", "cache-control": "x" },
  });
  assertEquals(response.headers.get("set-cookie"), "a=1");
  assertEquals(response.headers.get("cache-control"), "x");
  await response.body!.cancel();
});

Deno.test("eventStream() sends the retry first, then what the callback sends", async () => {
  const response = eventStream((writer) => {
    writer.send("one");
    writer.send({ event: "b", id: "2", data: "two" });
    writer.comment("three");
    writer.close();
  }, { retryMs: 50 });
  assertEquals(
    await response.text(),
    "retry: 50\ndata: one\n\nevent: b\ndata: two\nid: 2\n\n: three\n",
  );
});

Deno.test("eventStream() sends what an iterable yields, and ends with it", async () => {
  async function* source() {
    yield "one";
    yield { id: "2", data: "two" };
  }
  assertEquals(
    await eventStream(source()).text(),
    "retry: 2000\ndata: one\n\ndata: two\nid: 2\n\n",
  );
});

Deno.test("eventStream() asks an iterable for its next event only when the client has taken the last one", async () => {
  let asked = 0;
  async function* source() {
    for (;;) yield `${++asked}`;
  }
  const reader = eventStream(source()).body!.getReader();
  await reader.read();
  await macrotask();
  const askedBefore = asked;
  await macrotask();
  assertEquals(asked, askedBefore);
  assert(askedBefore <= 1, `asked ${askedBefore} times before anything was taken`);
  await reader.read();
  await macrotask();
  assert(asked <= 2, `asked ${asked} times although one was taken`);
  await reader.cancel();
});

Deno.test("eventStream() runs an iterable's return() when the client leaves", async () => {
  const ends: ConnectionEnd[] = [];
  let returned = 0;
  async function* source() {
    try {
      for (;;) yield "x";
    } finally {
      returned++;
    }
  }
  const client = new Client(eventStream(source(), { onEnd: (end) => ends.push(end) }));
  assertEquals(await client.data(2), ["x", "x"]);
  await client.leave();
  await macrotask();
  assertEquals(returned, 1);
  assertEquals(ends.map(({ reason }) => reason), ["left"]);
});

Deno.test("eventStream() runs return() even while a next() never settles", async () => {
  let returned = 0;
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: () => {
        returned++;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  const reader = eventStream(source).body!.getReader();
  await reader.read();
  await macrotask();
  await reader.cancel();
  assertEquals(returned, 1);
});

Deno.test("eventStream() does not call return() of an iterable that is done", async () => {
  let returned = 0;
  const source: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: true, value: undefined }),
      return: () => {
        returned++;
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
  assertEquals(await eventStream(source).text(), "retry: 2000\n");
  assertEquals(returned, 0);
});

Deno.test("eventStream() ends and calls onError, without telling the client, when a callback throws", async () => {
  const errors: unknown[] = [];
  const ends: string[] = [];
  const text = await eventStream((writer) => {
    writer.send("one");
    throw new Error("secret");
  }, { onError: (error) => errors.push(error), onEnd: ({ reason }) => ends.push(reason) }).text();
  assertEquals(text, "retry: 2000\ndata: one\n\n");
  assertEquals(errors.map(String), ["Error: secret"]);
  assertEquals(ends, ["failed"]);
});

Deno.test("eventStream() ends and calls onError, without telling the client, when an iterable throws", async () => {
  const errors: unknown[] = [];
  async function* source() {
    yield "one";
    throw new Error("secret");
  }
  const text = await eventStream(source(), { onError: (error) => errors.push(error) }).text();
  assertEquals(text, "retry: 2000\ndata: one\n\n");
  assertEquals(errors.map(String), ["Error: secret"]);
});

Deno.test("eventStream() closes an iterable that yields an invalid event", async () => {
  const errors: unknown[] = [];
  let returned = 0;
  async function* source() {
    try {
      yield { event: "a\nb", data: "" };
    } finally {
      returned++;
    }
  }
  await eventStream(source(), { onError: (error) => errors.push(error) }).text();
  await macrotask();
  assertStringIncludes(String(errors[0]), "must not contain CR or LF");
  assertEquals(returned, 1);
});

Deno.test("eventStream() passes the error of an async callback to onError after the client has left", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const { promise: reported, resolve: report } = Promise.withResolvers<unknown>();
  const response = eventStream(async () => {
    await gate;
    throw new Error("late");
  }, { onError: report });
  await response.body!.cancel();
  open();
  assertEquals(String(await reported), "Error: late");
});

for (const how of ["left", "ended", "failed", "closed", "slow"] as const) {
  Deno.test(`eventStream() runs the clean-up and onEnd once each, in this order: ${how}`, async () => {
    const calls: string[] = [];
    const abort = new AbortController();
    let writer!: EventWriter;
    const response = eventStream((it) => {
      writer = it;
      return () => calls.push("clean-up");
    }, {
      signal: abort.signal,
      maxWaitingBytes: 1,
      onError: () => {},
      onEnd: ({ reason }) => calls.push(reason),
    });
    await macrotask();
    if (how === "left") await response.body!.cancel();
    if (how === "ended") writer.close();
    if (how === "failed") writer.every(1, () => fail("no event"));
    if (how === "closed") abort.abort();
    if (how === "slow") writer.send("too much");
    if (!response.bodyUsed) await response.body!.pipeTo(new WritableStream());
    writer.close();
    abort.abort();
    assertEquals(calls, ["clean-up", how]);
  });
}

Deno.test("eventStream() runs a clean-up at once if the connection has already ended", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let cleaned = 0;
  const response = eventStream(async () => {
    await gate;
    return () => cleaned++;
  });
  await response.body!.cancel();
  open();
  await macrotask();
  assertEquals(cleaned, 1);
});

Deno.test("eventStream() passes the error of a clean-up to onError, and runs the other clean-ups", async () => {
  const errors: unknown[] = [];
  const ends: string[] = [];
  const response = eventStream(() => () => fail("clean-up"), {
    onError: (error) => errors.push(error),
    onEnd: ({ reason }) => ends.push(reason),
  });
  await macrotask();
  await response.body!.cancel();
  assertEquals(errors.map(String), ["Error: clean-up"]);
  assertEquals(ends, ["left"]);
});

Deno.test("eventStream() with an already aborted signal runs the clean-up and ends", async () => {
  let cleaned = 0;
  const response = eventStream(() => () => cleaned++, { signal: AbortSignal.abort() });
  assertMatch(
    await response.text(),
    /^retry: 2000\nevent: goaway\nretry: \d{4,5}\ndata: \{"reason":"removed"\}\n\n$/,
  );
  assertEquals(cleaned, 1);
});

Deno.test("eventStream() refuses an invalid source, and options out of range", () => {
  // deno-lint-ignore no-explicit-any
  const source = (it: unknown) => () => eventStream(it as any);
  assertThrows(source("text"), TypeError, "neither a function nor an async iterable");
  assertThrows(source(null), TypeError, "neither a function nor an async iterable");
  assertThrows(source(["a"]), TypeError, "neither a function nor an async iterable");
  for (
    const options of [
      { retryMs: -1 },
      { retryMs: 1.5 },
      { maxWaitingBytes: 0 },
      { heartbeatMs: Infinity },
      { stallMs: -1 },
      { expiresInMs: NaN },
    ]
  ) {
    const [name = "", value] = Object.entries(options)[0] ?? [];
    const error = assertThrows(() => eventStream(() => {}, options), RangeError);
    assertMatch(
      error.message,
      new RegExp(`^Cannot open event stream: ${name} must be .*, got ${value}$`),
    );
  }
});

Deno.test("eventStream() opens no response if a header is invalid", () => {
  let opened = 0;
  const headers = { "two words": "x" };
  assertThrows(() => eventStream(() => void opened++, { headers }), TypeError);
  assertEquals(opened, 0);
});

Deno.test("eventStream() tells onEnd how much was sent, and how long it took", async () => {
  const ends: ConnectionEnd[] = [];
  await eventStream((writer) => {
    writer.send("é");
    writer.comment("c");
    writer.close();
  }, { onEnd: (end) => ends.push(end) }).text();
  const [{ durationMs, ...end }] = ends as [ConnectionEnd];
  assertEquals(end, { reason: "ended", events: 1, bytes: 12 + 10 + 4 });
  assert(durationMs >= 0);
});

Deno.test("eventStream() keeps no connection or timer after 1 000 clients came and left", async () => {
  let open = 0;
  for (let i = 0; i < 1_000; i++) {
    const response = eventStream((writer) => {
      open++;
      writer.every(1_000, () => "x");
      return () => open--;
    });
    await response.body!.cancel();
  }
  assertEquals(open, 0);
});

function fail(text: string): never {
  throw new Error(text);
}
