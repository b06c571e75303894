/**
 * Random faults on a random hub, and what the application of a client sees: the hub's order without a
 * loss or a double, or a `gap` or `reset`. The hub forgets streams meanwhile, and some clients subscribe to
 * patterns. With several tabs, these share a connection, and whoever leads dies or is frozen at random, or
 * has an application that takes no events for some time.
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
  /** Chance for what tabs do, apart from the network and the hub. */
  readonly #whims: () => number;
  /** Sends a heartbeat, for each body that waits for an event. */
  readonly #beats = new Set<() => void>();

  constructor(seed: number) {
    this.random = mulberry32(seed);
    this.#whims = mulberry32(~seed);
    this.host.chance = this.random();
  }

  /** Whether something is to happen that does so with a probability. */
  happens(probability: number): boolean {
    return this.#whims() < probability;
  }

  /** Sends a heartbeat to each client for which nothing waits. */
  async beat(): Promise<void> {
    for (const beat of [...this.#beats]) beat();
    await microtasks();
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
    if (!response.body) return response;
    const body = withHeartbeats(response.body, this.#beats);
    if (fault > 7) return new Response(body, response);
    this.faults++;
    return new Response(cutAfter(body, this.pick(1_500)), response);
  };
}

/** A body with heartbeats while nothing waits in it. */
function withHeartbeats(
  body: ReadableStream<Uint8Array>,
  beats: Set<() => void>,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const beat = () => controller.enqueue(HEARTBEAT);
      beats.add(beat);
      const { done, value } = await reader.read().finally(() => beats.delete(beat));
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

const HEARTBEAT = new TextEncoder().encode(":\n");

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
  /** Ends the tab's requests, as a browser does when it closes a tab. */
  readonly end = new AbortController();
  /** Pending while the application takes no events. */
  stuck: PromiseWithResolvers<void> | undefined;
  /** What it has found wrong. */
  error: Error | undefined;
  readonly #lasts = new Map<string, number>();

  constructor(readonly world: World, streams: readonly string[], tabs: TabWorld | undefined) {
    const { host } = world;
    // Frozen, a tab has no timers and reads nothing.
    const run = (callback: () => void) => tabs ? tabs.run(this, callback) : callback();
    const url = `http://hub.example/sse?${streams.map((stream) => `stream=${stream}`).join("&")}`;
    this.events = subscribe(url, {
      host: {
        ...host,
        setTimer(ms, callback) {
          let isStopped = false;
          const stop = host.setTimer(ms, () => run(() => isStopped || callback()));
          return () => {
            isStopped = true;
            stop();
          };
        },
      },
      page: host.page,
      fetch: async (url, init) => {
        const response = await world.fetch(url, init);
        await new Promise<void>((resolve) => {
          this.end.signal.addEventListener("abort", () => resolve());
          if (this.isDead) resolve();
          else run(resolve);
        });
        if (this.isDead) await response.body?.cancel();
        return response;
      },
      maxMessages: 1 + world.pick(6),
      control: true,
      ...tabs && { silenceMs: 20_000 },
      ...world.happens(0.3) && { parse: (data: string) => this.#parse(data) },
      ...tabs && { share: sharing(tabs.optionsOf(this)) },
    });
    this.#read().catch((error) => this.error = error);
  }

  async #parse(data: string): Promise<string> {
    for (let i = 0; this.world.happens(0.5) && i < 20; i++) await microtasks();
    return data;
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
      await this.stuck?.promise;
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
        dying.end.abort();
      }
      world.host.chance = world.random();
      await microtasks();
      if (shared) await disturb(world, tabs, shared);
      for (const { error } of tabs) if (error) throw error;
    }
    for (const tab of tabs) {
      shared?.thaw(tab);
      tab.stuck?.resolve();
    }
    // In the end all tabs share a connection, and get an event as soon as it is published.
    const isThere = (tab: Tab) => tab.last === world.published.length - 1;
    const isWell = () => tabs.every(isThere) && world.hub.stats().subscribers === 1;
    for (let i = 0; i < 60 && (i === 0 || !isWell()); i++) {
      await world.host.pass(5_000);
      await world.beat();
      await world.publish(own);
      // As long as it may take tabs to parse an event.
      for (let i = 0; i < 25 && !isWell(); i++) await microtasks();
      for (const { error } of tabs) if (error) throw error;
    }
    for (const tab of tabs) {
      const { events: { state }, seen } = tab;
      assert(isThere(tab), `nothing comes any more: ${state.name}: ${seen.join(", ")}`);
    }
    assert(isWell(), `${world.hub.stats().subscribers} connections`);
    return world.faults;
  } finally {
    for (const tab of tabs) tab.events.close();
    await world.hub.close();
    await microtasks();
  }
}

/** Lets tabs stand still or go on, and applications take no events or take them again. */
async function disturb(world: World, tabs: readonly Tab[], shared: TabWorld): Promise<void> {
  if (world.happens(0.2)) await world.beat();
  for (const tab of tabs) {
    if (world.happens(0.02)) {
      world.faults++;
      shared.freeze(tab);
      // Long enough for the others to notice, and to take the lock away.
      for (let i = 0; i < 10 && world.happens(0.8); i++) {
        await world.host.pass(5_000);
        await world.publish();
      }
    } else if (world.happens(0.3)) shared.thaw(tab);
    if (tab.stuck) {
      if (!world.happens(0.2)) continue;
      tab.stuck.resolve();
      tab.stuck = undefined;
    } else if (world.happens(0.03)) {
      world.faults++;
      tab.stuck = Promise.withResolvers();
    }
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
