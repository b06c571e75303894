/**
 * The cursor table: the events that a client gets, for each id that the client may send.
 *
 * @module
 */

import { BroadcastHub } from "../lib/hub/hub.ts";
import { Client, subscription } from "./client.ts";

type CursorRows = readonly [
  name: string,
  query: string,
  id: number | undefined,
  expected: readonly string[],
][];

/** For one stream with the events a1 to a10, of which the newest 4 are kept. */
export const oneStream: CursorRows = [
  ["no id", "", undefined, ["hello@10"]],
  ["an id before the first event", "", 0, ["hello@0", "gap@6", "a7", "a8", "a9", "a10"]],
  ["an evicted id", "", 3, ["hello@3", "gap@6", "a7", "a8", "a9", "a10"]],
  ["the newest evicted id", "", 6, ["hello@6", "a7", "a8", "a9", "a10"]],
  ["the oldest kept id", "", 7, ["hello@7", "a8", "a9", "a10"]],
  ["an id in the middle", "", 8, ["hello@8", "a9", "a10"]],
  ["the newest id", "", 10, ["hello@10"]],
  ["an id ahead of the head", "", 11, ["reset", "hello@10"]],
  ["no id and since=earliest", "&since=earliest", undefined, ["hello@6", "a7", "a8", "a9", "a10"]],
  ["no id and since=2", "&since=2", undefined, ["hello@8", "a9", "a10"]],
  ["no id and since=0", "&since=0", undefined, ["hello@10"]],
  ["no id and since=99", "&since=99", undefined, ["hello@6", "a7", "a8", "a9", "a10"]],
  ["an id, which wins over since", "&since=earliest", 9, ["hello@9", "a10"]],
  ["an unknown id and since", "&since=1", 99, ["reset", "hello@9", "a10"]],
];

/** For two streams: a1 a3 a5 a7 a9 a11, of which 2 are kept, and b2 b4 b6 b8 b10 b12, of which 4 are. */
export const severalStreams: CursorRows = [
  ["no id", "", undefined, ["hello@12"]],
  ["an id before the first event", "", 0, [
    "hello@0",
    "gap@4",
    "b6",
    "gap@7",
    "b8",
    "a9",
    "b10",
    "a11",
    "b12",
  ]],
  ["an id that one stream has evicted", "", 4, [
    "hello@4",
    "b6",
    "gap@7",
    "b8",
    "a9",
    "b10",
    "a11",
    "b12",
  ]],
  ["the newest evicted id of one stream", "", 7, ["hello@7", "b8", "a9", "b10", "a11", "b12"]],
  ["an id of the other stream", "", 8, ["hello@8", "a9", "b10", "a11", "b12"]],
  ["an id in the middle", "", 9, ["hello@9", "b10", "a11", "b12"]],
  ["the newest id", "", 12, ["hello@12"]],
  ["since=1", "&since=1", undefined, ["hello@10", "a11", "b12"]],
  ["since=earliest", "&since=earliest", undefined, [
    "hello@4",
    "b6",
    "b8",
    "a9",
    "b10",
    "a11",
    "b12",
  ]],
];

/** Runs a row of {@linkcode oneStream}; returns the actual and the expected events. */
export async function runOneStream(
  [, query, id, expected]: CursorRows[number],
  open?: (hub: BroadcastHub, request: Request) => Promise<Response>,
): Promise<[string[], string[]]> {
  await using hub = new BroadcastHub({ historyEvents: 4 });
  const ids = await fill(hub, 10, "a");
  return await run(hub, `stream=a${query}`, ids, id, expected, open);
}

/** Runs a row of {@linkcode severalStreams}. */
export async function runSeveralStreams(
  [, query, id, expected]: CursorRows[number],
  open?: (hub: BroadcastHub, request: Request) => Promise<Response>,
): Promise<[string[], string[]]> {
  await using hub = new BroadcastHub({ historyEvents: 4 });
  hub.createStream("a", { historyEvents: 2 });
  const ids = await fill(hub, 12, "a", "b");
  return await run(hub, `stream=b&stream=a${query}`, ids, id, expected, open);
}

async function run(
  hub: BroadcastHub,
  query: string,
  ids: readonly string[],
  id: number | undefined,
  expected: readonly string[],
  open?: (hub: BroadcastHub, request: Request) => Promise<Response>,
): Promise<[string[], string[]]> {
  const lastEventId = id === undefined ? undefined : `${ids[0]!.split("-")[0]}-${id}`;
  const opener = open && ((request: Request) => open(hub, request));
  return [await resume(hub, query, lastEventId, opener), [...expected, "live"]];
}

/** Publishes 1, 2, 3 … to the named streams by turns, and returns the ids in this order. */
export async function fill(
  hub: BroadcastHub,
  count: number,
  ...streams: string[]
): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 1; i <= count; i++) {
    const stream = streams[(i - 1) % streams.length]!;
    ids.push((await hub.publish(stream, { data: `${stream}${i}` })).id);
  }
  return ids;
}

/** The events that a client with a query and an id gets, through the first live one. */
export async function resume(
  hub: BroadcastHub,
  query: string,
  lastEventId?: string,
  open: (request: Request) => Response | Promise<Response> = (request) => hub.subscribe(request),
): Promise<string[]> {
  await using client = new Client(await open(subscription(query, lastEventId)));
  const seen: string[] = [];
  let live: ReturnType<BroadcastHub["publish"]> | undefined;
  const publish = () => live = hub.publish("a", { data: "live" });
  for (let event = await client.next(); event; event = await client.next()) {
    const [, position] = event.lastEventId.split("-");
    const mark = position ? `${event.event}@${position}` : event.event;
    seen.push(event.event === "message" ? event.data : mark);
    if (event.event === "hello") setTimeout(publish, 0);
    if (live && event.lastEventId === (await live).id) break;
  }
  return seen;
}
