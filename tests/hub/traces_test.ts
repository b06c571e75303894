import { assert, assertEquals, assertLess } from "@std/assert";
import { EventResponse } from "../../lib/wire/event_response.ts";
import { Subscriber } from "../../lib/hub/subscriber.ts";
import { Subscribers } from "../../lib/hub/subscribers.ts";
import { Traces } from "../../lib/hub/traces.ts";
import { RESPONSE_SETTINGS } from "../client.ts";

const HOUR = 3_600_000;

/** Traces of at most `maxBytes`, and a function that opens a connection. */
function makeTraces(maxBytes?: number) {
  const subscribers = new Subscribers();
  const traces = new Traces((subscriber) => subscribers.idOf(subscriber), maxBytes);
  const open = () => {
    const options = {
      context: undefined,
      client: { subject: "ada" },
      audience: { names: ["x"], types: undefined, lastIdOf: () => "e-9" },
      opening: { id: "e-0", lastEventId: undefined },
    };
    const response = new EventResponse(new Uint8Array(1), RESPONSE_SETTINGS);
    const subscriber = new Subscriber(options, response, 0);
    subscribers.add(subscriber);
    return subscriber;
  };
  return { traces, open, idOf: (subscriber: Subscriber) => subscribers.idOf(subscriber) };
}

const gap = (i: number) => ({ what: "gap", timeMs: i, afterId: "e-0", id: `e-${i}` } as const);

Deno.test("Traces keeps the newest 32 decisions of a connection, and always its begin and its end", () => {
  const { traces, open, idOf } = makeTraces();
  const subscriber = open();
  for (let i = 1; i <= 100; i++) traces.note(subscriber, gap(i));
  traces.end(subscriber, "slow", 7);
  const { decisions } = traces.get(idOf(subscriber))!;
  assertEquals(decisions.length, 32);
  assertEquals([decisions[0]!.what, decisions[1]!.id, decisions.at(-2)!.id], [
    "opened",
    "e-71",
    "e-100",
  ]);
  assertEquals(decisions.at(-1)!.reason, "slow");
});

Deno.test("Traces drops a trace an hour after the end of its connection, and then counts no bytes", () => {
  const { traces, open, idOf } = makeTraces();
  const [first, second] = [open(), open()];
  traces.note(first, gap(1));
  traces.end(first, "left", 0);
  traces.end(second, "left", 1_000);
  traces.expire(HOUR);
  assert(traces.get(idOf(first)) !== undefined);
  traces.expire(HOUR + 1);
  assertEquals(traces.get(idOf(first)), undefined);
  assert(traces.get(idOf(second)) !== undefined);
  traces.expire(HOUR + 1_001);
  assertEquals(traces.bytes, 0);
});

Deno.test("Traces is bounded: the traces of connections that ended first make room", () => {
  const { traces, open, idOf } = makeTraces(10_000);
  const all = Array.from({ length: 50 }, () => open());
  for (const [i, subscriber] of all.entries()) {
    for (let j = 1; j <= 3; j++) traces.note(subscriber, gap(j));
    traces.end(subscriber, "left", i);
    assertLess(traces.bytes, 10_001);
  }
  assertEquals(traces.get(idOf(all[0]!)), undefined);
  assert(traces.get(idOf(all.at(-1)!)) !== undefined);
  const greedy = open();
  for (let i = 0; i < 1_000; i++) traces.note(greedy, { ...gap(i), streams: ["x".repeat(900)] });
  assertLess(traces.bytes, 10_001);
});
