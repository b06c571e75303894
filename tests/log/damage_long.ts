import { assert } from "@std/assert";
import { BroadcastHub } from "../../lib/hub.ts";
import { compareIds } from "../../lib/ids.ts";
import { SharedLog } from "../../lib/log/shared.ts";
import { EventParserStream } from "../../lib/parser.ts";
import { subscription } from "../client.ts";
import { soon } from "../wait.ts";
import { mulberry32 } from "../random.ts";
import { ListStore, SharedList } from "./list_store.ts";

// Of the first two, one loses the entry that told of an earlier loss, one has it deleted.
const SEEDS = [101_098, 101_596, ...Array.from({ length: 300 }, (_, i) => i + 1)];
const STEPS = 60;
const STREAMS = ["x", "y", "z"];

/** What a client was shown: an event, or that some are missing. */
interface Shown {
  readonly type: string;
  readonly id: string;
  readonly data: string;
  readonly lastEventId: string;
}

/** A client of some streams that is connected to one hub after the other, always with the id it has. */
class Viewer {
  readonly streams: readonly string[];
  readonly shown: Shown[] = [];
  lastEventId: string;
  #leaving = new AbortController();
  #reading: Promise<void> = Promise.resolve();

  constructor(streams: readonly string[], lastEventId: string) {
    this.streams = streams;
    this.lastEventId = lastEventId;
  }

  async connect({ hub }: Instance): Promise<void> {
    await this.leave();
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    const query = this.streams.map((name) => `stream=${name}`).join("&");
    const response = hub.subscribe(subscription(query, this.lastEventId));
    this.#reading = this.#read(response, signal).catch(() => {});
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.#reading;
  }

  async #read(response: Response, signal: AbortSignal): Promise<void> {
    const events = response.body!.pipeThrough(new EventParserStream(), { signal });
    for await (const { event, data, lastEventId: id } of events) {
      if (event !== "hello") {
        this.shown.push({ type: event, id, data, lastEventId: this.lastEventId });
      }
      this.lastEventId = id;
    }
  }
}

/** A hub on a list, which may be started anew. */
class Instance {
  readonly list: SharedList;
  store!: ListStore;
  hub!: BroadcastHub;

  constructor(list: SharedList) {
    this.list = list;
  }

  async start(): Promise<void> {
    this.store = new ListStore(this.list);
    // Small pages and histories, so that who resumes reads on in the log.
    const log = new SharedLog(this.store, { maxEntries: 40 }, 300, 2);
    this.hub = new BroadcastHub({ log, historyEvents: 4, onError: () => {} });
    await this.hub.ready;
  }

  async ready(): Promise<void> {
    this.store.join();
    await until(() => this.hub.isLogUp);
  }
}

Deno.test(`hubs lose nothing in silence, whatever becomes of their store, in ${SEEDS.length} schedules`, async () => {
  for (const seed of SEEDS) {
    await run(seed).catch((cause) => {
      throw new Error(`Schedule ${seed} failed`, { cause });
    });
  }
});

/** One schedule: what is done, then what every client was shown. */
async function run(seed: number): Promise<void> {
  const random = mulberry32(seed);
  const pick = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)]!;
  const list = new SharedList();
  const hubs = [new Instance(list), new Instance(list)];
  for (const hub of hubs) await hub.start();
  const acknowledged = new Map<string, { id: string; stream: string }>();
  const publish = async (hub: Instance, data: string, stream: string) => {
    try {
      const { id } = await hub.hub.publish(stream, { id: data, data });
      acknowledged.set(data, { id, stream });
    } catch {
      // It may be there or not.
    }
  };
  await publish(hubs[0]!, "first", "x");
  const { id: firstId } = acknowledged.get("first")!;
  const viewers = [["x"], ["y"], ["x", "z"], STREAMS].map((names) => new Viewer(names, firstId));
  for (const viewer of viewers) await viewer.connect(pick(hubs));
  let restore: (() => void) | undefined;
  const losesEnd = seed % 2 === 0;
  for (let step = 0; step < STEPS; step++) {
    const hub = pick(hubs);
    const what = random();
    const stream = pick(STREAMS);
    if (what < 0.55) await publish(hub, `${stream}${step}`, stream);
    // With the key of one that may be there, and can't have been trimmed yet.
    else if (what < 0.65) {
      await publish(hub, `${stream}${Math.max(step - Math.ceil(random() * 15), 0)}`, stream);
    } else if (what < 0.8) await pick(viewers).connect(hub);
    else if (what < 0.85) hub.store.cut();
    else if (what < 0.9) await hub.ready();
    else if (what < 0.93) list.entries.splice(Math.floor(random() * list.entries.length), 1);
    else if (what < 0.96) restore ??= losesEnd ? list.snapshot() : undefined;
    else if (restore) {
      // A failover: all lose their connections, and the store what it had since.
      for (const { store } of hubs) store.cut();
      await new Promise((resolve) => setTimeout(resolve, 2));
      restore();
      restore = undefined;
      if (random() < 0.5) await hub.ready();
    } else if (hub.hub.isLogUp) {
      // What only one hub has had, nobody knows once that hub is gone.
      await hub.hub.close();
      await hub.start();
    }
    if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, 3));
  }
  for (const hub of hubs) await hub.ready();
  for (const viewer of viewers) await viewer.connect(pick(hubs));
  for (const stream of STREAMS) await publish(hubs[0]!, `last ${stream}`, stream);
  const names = viewers.map(({ streams }) => `last ${streams.at(-1)}`);
  await until(() => viewers.every(({ shown }, i) => shown.some(({ data }) => data === names[i])));
  for (const viewer of viewers) await viewer.leave();
  for (const { hub } of hubs) await hub.close();
  for (const viewer of viewers) check(viewer, acknowledged, { firstId, losesEnd });
}

function check(
  { streams, shown }: Viewer,
  acknowledged: ReadonlyMap<string, { id: string; stream: string }>,
  { firstId, losesEnd }: { firstId: string; losesEnd: boolean },
): void {
  const seen = shown.filter(({ type }) => type === "message").map(({ data }) => data);
  const log = shown.map(({ type, id, data }) => `${type} ${data} ${id}`).join("\n");
  // A store that has lost its end has lost the keys in it.
  assert(losesEnd || new Set(seen).size === seen.length, `shown twice:\n${log}`);
  for (const [i, { id, lastEventId }] of shown.entries()) {
    assert(compareIds(lastEventId, id) <= 0, `ids go back at ${i}:\n${log}`);
  }
  const gaps = shown.filter(({ type }) => type === "gap");
  for (const [data, { id, stream }] of acknowledged) {
    if (!streams.includes(stream) || compareIds(id, firstId) <= 0 || seen.includes(data)) continue;
    const isTold = gaps.some((gap) =>
      JSON.parse(gap.data).streams.includes(stream) && compareIds(gap.id, id) >= 0
    );
    assert(isTold, `${data} of ${stream} with ${id} is missing:\n${log}`);
  }
}

async function until(isSo: () => boolean): Promise<void> {
  await soon(
    (async () => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
    })(),
    () => `${isSo}`,
  );
}
