import { assertEquals, assertStrictEquals } from "@std/assert";
import { EventResponse } from "../../lib/wire/event_response.ts";
import { RESPONSE_SETTINGS } from "../client.ts";
import { type Start, Subscriber } from "../../lib/hub/subscriber.ts";

function newcomer(): Subscriber {
  const options = {
    context: undefined,
    client: {},
    audience: { names: [], types: undefined, lastIdOf: () => "e-0" },
    opening: { id: "e-0", lastEventId: undefined },
  };
  return new Subscriber(options, new EventResponse(new Uint8Array(1), RESPONSE_SETTINGS), 0);
}

const start: Start = {
  id: "e-3",
  cursor: 3,
  floors: { byName: new Map([["a", 3], ["b", 5]]), others: 3, forgotten: 0 },
  floorIds: { byName: new Map([["a", "e-3"], ["b", "e-5"]]), others: "e-3", forgotten: 0 },
  told: 0,
};

Deno.test("Subscriber begins as current, and is again once it has caught up", () => {
  const subscriber = newcomer();
  assertEquals([subscriber.state.name, subscriber.behind(9)], ["current", 0]);
  subscriber.fallBehind(2, "e-2");
  const behind = { name: "behind", cursor: 2, id: "e-2", told: -1 } as const;
  assertEquals([subscriber.state, subscriber.behind(9)], [behind, 7]);
  subscriber.catchUp();
  assertEquals([subscriber.state.name, subscriber.behind(9)], ["current", 0]);
});

Deno.test("Subscriber.resume() and readLog() store the place in a new state", () => {
  const subscriber = newcomer();
  subscriber.resume(start);
  assertEquals(subscriber.state, { name: "resuming", ...start });
  const reading = subscriber.readLog(start);
  assertStrictEquals(subscriber.state, reading);
  assertEquals([reading.id, reading.endIds.size, subscriber.behind(9)], ["e-3", 0, 6]);
  subscriber.readLog(start, reading.endIds);
  assertEquals(subscriber.state === reading, false);
});
