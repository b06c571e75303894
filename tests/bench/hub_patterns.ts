/**
 * A hub with many streams, and subscribers of patterns and of names, in a process of its own. Nothing but
 * the hub works in it: the responses are read without sockets, except for those of clients that resume.
 *
 * @module
 */

import { BroadcastHub } from "../../lib/mod.ts";
import { eventData } from "./data.ts";
import { answerLines, type Line } from "./lines.ts";

const STREAMS = 10_000;
const SECONDS = 2;

/** A hub with {@linkcode STREAMS} streams that have an event each. */
async function fullHub(): Promise<BroadcastHub> {
  const hub = new BroadcastHub({ heartbeatMs: 0 });
  for (let i = 0; i < STREAMS; i++) hub.publish(nameOf(i), DATA);
  await hub.ready;
  return hub;
}

function nameOf(index: number): string {
  return index % 2 === 0 ? `a/${index}` : `b/${index}`;
}

const DATA = "#".repeat(100);

/** Opens a subscription. */
function open(hub: BroadcastHub, query: string) {
  const request = new Request(`http://localhost/sse?${query}`);
  return hub.subscribe(request, { patterns: true }).body!.getReader();
}

/** Reads a subscription until it has had all of some events. */
async function readAll(
  reader: ReturnType<typeof open>,
  events: number,
): Promise<number> {
  let found = 0;
  for (let bytes = 0; found < events;) {
    const { value } = await reader.read();
    bytes += value!.length;
    for (let i = value!.indexOf(MARK); i >= 0; i = value!.indexOf(MARK, i + DATA.length)) {
      found++;
    }
  }
  await reader.cancel();
  return found;
}

const MARK = "#".charCodeAt(0);

/** The time of a publish in a turn of its own, which each of some subscribers gets, in microseconds. */
async function publishUs(queries: readonly string[]): Promise<number> {
  const hub = await fullHub();
  const readers = queries.map((query) => open(hub, query));
  await Promise.all(readers.map((reader) => reader.read()));
  const publish = async () => {
    const reads = readers.map((reader) => reader.read());
    hub.publish("a/0", DATA);
    await Promise.all(reads);
  };
  return await measure(publish, async () => {
    await Promise.all(readers.map((reader) => reader.cancel()));
    await hub.close();
  });
}

/** The mean time of an action, in microseconds, after as much time to warm up. */
async function measure(act: () => Promise<unknown>, end: () => Promise<unknown>): Promise<number> {
  let us = NaN;
  for (const seconds of [SECONDS / 2, SECONDS]) {
    const startMs = performance.now();
    let times = 0;
    for (; performance.now() - startMs < seconds * 1_000; times++) await act();
    us = (performance.now() - startMs) * 1_000 / times;
  }
  await end();
  return us;
}

/** Serves a hub in which 100 events follow an id: of one stream, or of as many streams. */
async function serve(streamOf: (event: number) => string): Promise<Line> {
  const hub = await fullHub();
  open(hub, "stream=*");
  const { id } = await hub.publish("b/1", "before");
  for (let i = 0; i < 100; i++) await hub.publish(streamOf(i), eventData(i, 100));
  const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
  const { addr } = Deno.serve(options, (request) => hub.subscribe(request, { patterns: true }));
  return { port: addr.port, id };
}

/** The time of a newcomer that gets the newest event of each stream, in microseconds. */
async function snapshotUs(): Promise<number> {
  const hub = await fullHub();
  const keeper = open(hub, "stream=*");
  return await measure(
    () => readAll(open(hub, "stream=*&since=1"), STREAMS),
    async () => {
      await keeper.cancel();
      await hub.close();
    },
  );
}

const cases: Readonly<Record<string, () => Promise<number>>> = {
  "publish, 100 of one name": () => publishUs(Array(100).fill("stream=a/0")),
  "publish, 100 of *": () => publishUs(Array(100).fill("stream=*")),
  "publish, 100 of a/*": () => publishUs(Array(100).fill("stream=a/*")),
  "snapshot of 10 000 streams": snapshotUs,
};

await answerLines({}, {
  async measure({ kind }: Line): Promise<Line> {
    return { us: await cases[kind]!() };
  },
  serveOne: () => serve(() => "a/0"),
  serveMany: () => serve((event) => nameOf(97 * event % STREAMS)),
});
