import { assertEquals } from "@std/assert";
import {
  controlEvents,
  encodeCursor,
  encodeEnded,
  encodeExpired,
  encodeGap,
  encodeGoaway,
  encodeHeartbeat,
  encodeHello,
  encodeReset,
  reservedTypes,
} from "../../lib/wire/control_events.ts";
import { EventParserStream } from "../../lib/wire/parser.ts";

const texts = {
  hello: encodeHello("e-1", 15_000),
  gap: encodeGap(["a", "b"], "e-2"),
  reset: encodeReset(["a"], "e-3"),
  ended: encodeEnded(["a", "b"], "e-4"),
  goaway: encodeGoaway("draining", 700),
  expired: encodeExpired(),
  cursor: encodeCursor("e-5"),
  heartbeat: encodeHeartbeat(),
};

Deno.test("each control event has exactly this text", () => {
  assertEquals(texts, {
    hello: 'event: hello\ndata: {"heartbeatSeconds":15}\nid: e-1\n\n',
    gap: 'event: gap\ndata: {"streams":["a","b"]}\nid: e-2\n\n',
    reset: 'event: reset\ndata: {"streams":["a"]}\nid: e-3\n\n',
    ended: 'event: ended\nretry: 60000\ndata: {"streams":["a","b"]}\nid: e-4\n\n',
    goaway: 'event: goaway\nretry: 700\ndata: {"reason":"draining"}\n\n',
    expired: "event: expired\ndata: {}\n\n",
    cursor: "event: cursor\ndata: {}\nid: e-5\n\n",
    heartbeat: "event: heartbeat\ndata: {}\n\n",
  });
  assertEquals(encodeReset(["a"]), 'event: reset\ndata: {"streams":["a"]}\n\n');
});

Deno.test("every control event is tested here, and its type is reserved", async () => {
  assertEquals(Object.keys(texts), [...controlEvents]);
  const body = ReadableStream.from([Object.values(texts).join("")]);
  const events = body.pipeThrough(new TextEncoderStream()).pipeThrough(new EventParserStream());
  const types = (await Array.fromAsync(events)).map(({ event }) => event);
  assertEquals(types, [...controlEvents]);
  assertEquals(reservedTypes, new Set([...types, "open", "error"]));
});
