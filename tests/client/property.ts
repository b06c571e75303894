/**
 * Random faults on a random hub, and what the application of a client sees: the hub's order without a
 * loss or a double, or a `gap` or `reset`. The hub forgets streams meanwhile, and some clients subscribe to
 * patterns. With several tabs, these share a connection, and whoever leads
 * dies at random.
 *
 * As a program: `deno run tests/client/property.ts [schedules] [first seed] [tabs]`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it prints

import { assert } from "@std/assert";
import { sharing, subscribe, type Subscription } from "../../lib/client/mod.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { compareIds } from "../../lib/wire/ids.ts";
import { coversStream } from "../../lib/wire/stream_name.ts";
import { mulberry32 } from "../random.ts";
import { microtasks, ScriptedHost } from "./scripted_host.ts";
import { TabWorld } from "./tab_world.ts";

const STREAMS = ["a", "f/b", "f/c", "d"];
/** What the tabs of a schedule subscribe to. */
const ASKED = [["a"], ["a", "f/b"], ["f/*"], ["a", "f/*"], ["*"]];

/** A published event. */
interface Published {
  readonly id: string;
  readonly stream: string;
}

/** A hub that is started anew now and then, behind a network that fails. */
class World {
  readonly random: () => number;
  readonly host = new ScriptedHost(microtasks);
  readonly published: Published[] = [];
  hub = this.#start();
  faults = 0;

  constructor(seed: number) {
    this.random = mulberry32(seed);
    this.host.chance = this.random();
  }

  #start(): BroadcastHub {
    return new BroadcastHub({ historyEvents: 12, heartbeatMs: 0, slowSubscriber: "skip" });
  }

  pick(count: number): number {
    return Math.floor(this.random() * count);
  }

  async publish(stream = STREAMS[this.pick(STREAMS.length)]!): Promise<void> {
    const { id } = await this.hub.publish(stream, `${this.published.length}`);
    this.published.push({ id, stream });
  }

  async restart(): Promise<void> {
    const old = this.hub;
    this.hub = this.#start();
    await old.close();
  }

  /** What a client uses as `fetch()`. */
  readonly fetch = async (url: URL, init: RequestInit): Promise<Response> => {
    await microtasks();
    const fault = this.pick(12);
    if (fault < 3) this.faults++;
    if (fault === 0) throw new TypeError("unreachable");
    if (fault === 1) return new Response(null, { status: 503 });
    if (fault === 2) return new Response(null, { status: 429, headers: { "retry-after": "3" } });
    const response = this.hub.subscribe(new Request(url, init), { patterns: true });
    if (fault > 7 || !response.body) return response;
    this.faults++;
    return new Response(cutAfter(response.body, this.pick(1_500)), response);
  };
}

/** A body that is cut off after a number of bytes. */
function cutAfter(body: ReadableStream<Uint8Array>, bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        if (chunk.length <= left) controller.enqueue(chunk);
        else {
          controller.enqueue(chunk.subarray(0, left));
          controller.error(new TypeError("cut off"));
        }
        left -= chunk.length;
      },
    }),
  );
}

/** A tab: its application, and what that has seen. */
class Tab {
  readonly events: Subscription<Record<string, string>>;
  readonly seen: string[] = [];
  /** The number of the last event; -1 before. */
  last = -1;
  isDead = false;
  /** What it has found wrong. */
  error: Error | undefined;
  readonly #lasts = new Map<string, number>();

  constructor(readonly world: World, streams: readonly string[], tabs: TabWorld | undefined) {
    const url = `http://hub.example/sse?${streams.map((stream) => `stream=${stream}`).join("&")}`;
    this.events = subscribe(url, {
      host: world.host,
      page: world.host.page,
      fetch: world.fetch,
      maxMessages: 1 + world.pick(6),
      control: true,
      ...tabs && { share: sharing(tabs.optionsOf(this)) },
    });
    this.#read().catch((error) => this.error = error);
  }

  async #read(): Promise<void> {
    const { published, random } = this.world;
    // The streams of which events may be missing before the next one.
    const excused = new Set<string>();
    let before: number | undefined;
    for await (const { event, data, lastEventId, streams = [] } of this.events) {
      if (this.isDead) return;
      this.seen.push(event === "message" ? data : `${event} ${streams} ${lastEventId}`);
      if (event === "gap" || event === "reset") {
        const isCovered = (name: string) => streams.some((asked) => coversStream(asked, name));
        STREAMS.filter(isCovered).forEach((name) => excused.add(name));
      }
      // What was published before it came is none of its business.
      if (event === "hello") {
        before ??= published.findLastIndex(({ id }) => !isAfter(id, lastEventId));
      }
      if (event === "message") this.#check(Number(data), before!, excused);
      if (random() < 0.2) await microtasks();
    }
  }

  #check(number: number, before: number, excused: Set<string>): void {
    const { published } = this.world;
    const { stream } = published[number]!;
    const said = () => this.seen.join(", ");
    assert(number > this.last, `${number} came after ${this.last}: ${said()}`);
    const from = Math.max(this.#lasts.get(stream) ?? -1, before) + 1;
    const missing = published.slice(from, number).filter((other) => other.stream === stream);
    const isSaid = missing.length === 0 || excused.has(stream);
    assert(isSaid, `${missing.length} events of ${stream} are missing before ${number}: ${said()}`);
    excused.delete(stream);
    this.#lasts.set(stream, number);
    this.last = number;
  }
}

/** Whether an event is of the same hub as an id, and later. */
function isAfter(id: string, other: string): boolean {
  const epoch = (id: string) => id.slice(0, id.indexOf("-"));
  return epoch(id) === epoch(other) && compareIds(id, other) > 0;
}

/** Runs one schedule. Returns how many faults there were. */
export async function runSchedule(seed: number, tabCount: number): Promise<number> {
  const world = new World(seed);
  const streams = ASKED[world.pick(ASKED.length)]!;
  const own = STREAMS.find((name) => coversStream(streams[0]!, name))!;
  const shared = tabCount > 1 ? new TabWorld() : undefined;
  const open = () => new Tab(world, streams, shared);
  const tabs = [open()];
  try {
    for (let step = 0; step < 60; step++) {
      const act = world.pick(20);
      if (act < 9) { for (let i = world.pick(6); i >= 0; i--) await world.publish(); }
      else if (act < 14) await world.host.pass(world.pick(3_000));
      else if (act === 14) await world.host.fire("online");
      else if (act === 15) world.host.sleep(world.pick(90_000));
      else if (act === 16 && world.pick(4) === 0) await world.restart();
      else if (act === 16) world.hub.removeStream(STREAMS[world.pick(STREAMS.length)]!);
      else if (act === 17 && tabs.length < tabCount) tabs.push(open());
      else if (act > 17 && shared && tabs.length > 1) {
        const leader = shared.holder;
        const [dead] = tabs.splice(world.pick(tabs.length), 1);
        const dying = act === 18 ? tabs.find((tab) => tab === leader) ?? dead! : dead!;
        if (dying !== dead) tabs.splice(tabs.indexOf(dying), 1, dead!);
        dying.isDead = true;
        if (world.pick(2) === 0) shared.kill(dying);
        dying.events.close();
      }
      world.host.chance = world.random();
      await microtasks();
      for (const { error } of tabs) if (error) throw error;
    }
    // In the end every tab gets an event as soon as it is published.
    const isThere = (tab: Tab) => tab.last === world.published.length - 1;
    for (let i = 0; i < 60 && (i === 0 || !tabs.every(isThere)); i++) {
      await world.host.pass(5_000);
      await world.publish(own);
      await microtasks();
      for (const { error } of tabs) if (error) throw error;
    }
    for (const tab of tabs) {
      const { events: { state }, seen } = tab;
      assert(isThere(tab), `nothing comes any more: ${state.name}: ${seen.join(", ")}`);
    }
    return world.faults;
  } finally {
    for (const tab of tabs) tab.events.close();
    await world.hub.close();
    await microtasks();
  }
}

/** Runs schedules. An error names the seed. */
export async function runSchedules(first: number, count: number, tabs: number): Promise<number> {
  let faults = 0;
  for (let seed = first; seed < first + count; seed++) {
    try {
      faults += await runSchedule(seed, tabs);
    } catch (error) {
      throw new Error(`schedule ${seed} with ${tabs} tabs: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  return faults;
}

if (import.meta.main) {
  const [count = 1_000, seed = 1, tabs = 5] = Deno.args.map(Number);
  console.log(`${await runSchedules(seed, count, tabs)} faults in ${count} schedules`);
}
