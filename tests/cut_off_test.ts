import { assert, assertEquals } from "@std/assert";
import { BroadcastHub } from "../lib/hub/hub.ts";
import { EventParserStream } from "../lib/wire/parser.ts";
import { Client, subscription } from "./client.ts";
import { fill } from "./cursors.ts";

const QUERY = "stream=a&stream=b";

/** A client that got the first `size` bytes of a text: its events, and the id it resumes with. */
interface CutOff {
  readonly size: number;
  readonly events: string[];
  readonly lastEventId: string;
}

/** Cuts a text at every byte, for an `EventSource`: it accepts an id at the next blank line. */
async function cutOff(text: string, lastEventId: string): Promise<CutOff[]> {
  return await Promise.all(Array.from(text, async (_, size) => {
    const body = new Response(text.slice(0, size)).body!;
    const events = await Array.fromAsync(body.pipeThrough(new EventParserStream()));
    const kept = events.at(-1)?.lastEventId || lastEventId;
    return { size, events: events.map(({ event }) => event), lastEventId: kept };
  }));
}

/** The same for a client that accepts an id at the end of its line, as fetch-event-source does. */
function withEagerIds(text: string, cuts: readonly CutOff[]): CutOff[] {
  return cuts.map((cut) => {
    const id = [...text.slice(0, cut.size).matchAll(/^id: (.*)\n/gm)].at(-1)?.[1];
    return { ...cut, lastEventId: id ?? cut.lastEventId };
  });
}

/** The text that a hub sends to a client with an id, through an event. */
async function sent(hub: BroadcastHub, lastEventId: string, last: string): Promise<string> {
  const { body } = hub.subscribe(subscription(QUERY, lastEventId));
  let text = "";
  for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(last)) break;
  }
  return text;
}

/** Checks that a client whose connection broke before a `gap` or `reset` gets it when it resumes. */
async function checkTold(hub: BroadcastHub, loss: string, cuts: readonly CutOff[]): Promise<void> {
  const untold = cuts.filter(({ events }) => !events.includes(loss));
  assert(untold.length > 0 && untold.length < cuts.length);
  for (const { size, lastEventId } of untold) {
    await using client = new Client(hub.subscribe(subscription(QUERY, lastEventId)));
    await hub.publish("b", { event: "end", data: "" });
    const events: (string | undefined)[] = [];
    while (events.at(-1) !== "end") events.push((await client.next())?.event);
    assert(events.includes(loss), `a client cut off after ${size} bytes is not told: ${events}`);
  }
}

Deno.test("a client learns of a reset, wherever its connection was cut off", async () => {
  await using hub = new BroadcastHub();
  await fill(hub, 3, "a");
  const text = await sent(hub, "other-1", "heartbeatSeconds");
  const cuts = await cutOff(text, "other-1");
  await checkTold(hub, "reset", cuts);
  await checkTold(hub, "reset", withEagerIds(text, cuts));
});

Deno.test("a client learns of a gap, wherever its connection was cut off", async () => {
  await using hub = new BroadcastHub({ historyEvents: 2 });
  const [first] = await fill(hub, 9, "a");
  const text = await sent(hub, first!, "data: a9");
  const cuts = await cutOff(text, first!);
  await checkTold(hub, "gap", cuts);
  // A client that already has the gap's id lacks at most the blank line after the id.
  const end = text.indexOf("\n\n", text.indexOf("event: gap")) + 1;
  await checkTold(hub, "gap", withEagerIds(text, cuts).filter(({ size }) => size !== end));
});

Deno.test("a client that gets a reset resumes from exactly there", async () => {
  await using hub = new BroadcastHub();
  const ids = await fill(hub, 3, "a");
  const cuts = await cutOff(await sent(hub, "other-1", "heartbeatSeconds"), "other-1");
  assertEquals(new Set(cuts.map(({ lastEventId }) => lastEventId)), new Set(["other-1"]));
  const whole = await cutOff(`${await sent(hub, "other-1", "heartbeatSeconds")}:`, "other-1");
  assertEquals(whole.at(-1)?.lastEventId, ids.at(-1));
});
