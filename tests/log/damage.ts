/**
 * Random damage to the store of a log, while hubs publish and clients come and go: lost newest entries,
 * deleted entries, total losses, broken connections, pauses and restarts. After each schedule, every
 * client must have received each acknowledged event, or a gap or reset in its place.
 *
 * As a program: `deno task damage [schedules] [first seed] [engine …]`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it reports

import { assert } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { compareIds } from "../../lib/wire/ids.ts";
import type { EventLog } from "../../lib/log/event_log.ts";
import { EventParserStream } from "../../lib/wire/parser.ts";
import { subscription } from "../client.ts";
import { until } from "../wait.ts";
import { mulberry32 } from "../random.ts";
import { damagedEngines } from "./damaged_places.ts";

/** The store that the hubs of one schedule share, and the damage that can be done to it. */
export interface DamagedPlace extends AsyncDisposable {
  /** The number of hubs that share the store. */
  readonly hubs: number;
  /** Makes the log of a hub, at each start of the hub. */
  open(hub: number): EventLog;
  /** Cuts a hub off from the store, until `join()`. */
  cut?(hub: number): void;
  /** Undoes `cut()`. */
  join?(hub: number): void;
  /** Withholds new entries from a hub, until the returned function is called. */
  pause?(hub: number): () => void;
  /** Deletes an entry, chosen by a number from 0 to 1. */
  drop?(which: number): Promise<void>;
  /** Takes a snapshot. The returned function restores the snapshot. */
  snapshot?(): Promise<() => Promise<void>>;
  /** Deletes everything. */
  flush?(): Promise<void>;
}

const STEPS = 60;
const STREAMS = ["x", "y", "z"];

/** An event that a client received, or a gap or reset. */
interface Shown {
  readonly type: string;
  readonly id: string;
  readonly data: string;
  readonly lastEventId: string;
}

/** A client of some streams that connects to one hub after the other, each time with its last id. */
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
    for await (const { event: type, data, lastEventId } of events) {
      // An event without an id leaves the client's last id as it is.
      const id = lastEventId || this.lastEventId;
      this.shown.push({ type, id, data, lastEventId: this.lastEventId });
      this.lastEventId = id;
    }
  }
}

/** A hub that can be restarted. */
class Instance {
  readonly #place: DamagedPlace;
  readonly #number: number;
  hub!: BroadcastHub;
  /**
   * Whether the hub has compared itself with its store since the last loss. Before, it may be the only
   * hub that has read a lost entry, and a restart would leave nobody to tell.
   */
  hasCompared = true;
  #resume: (() => void) | undefined;

  constructor(place: DamagedPlace, number: number) {
    this.#place = place;
    this.#number = number;
  }

  get isPaused(): boolean {
    return this.#resume !== undefined;
  }

  async start(): Promise<void> {
    const log = this.#place.open(this.#number);
    // Events that a client has missed are mostly in the log, and seldom in the history.
    this.hub = new BroadcastHub({ log, historyEvents: 4, onError: () => {} });
    await this.hub.ready;
  }

  /** Restarts the hub, unless that would leave entries that only this hub has read unknown. */
  async restart(): Promise<void> {
    this.resume();
    if (!this.hub.isLogUp || !this.hasCompared) return;
    // The hub may be cut off without having noticed.
    this.#place.join?.(this.#number);
    await this.hub.close();
    await this.start();
  }

  cut(): void {
    this.resume();
    this.#place.cut?.(this.#number);
  }

  pause(): void {
    this.#resume ??= this.#place.pause?.(this.#number);
  }

  resume(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  async ready(): Promise<void> {
    this.resume();
    this.#place.join?.(this.#number);
    await until(() => this.hub.isLogUp, () => `hub ${this.#number} to reach its log`);
  }
}

/** Runs the schedule of a seed. An error lists the steps, since a real engine never repeats them exactly. */
export async function runDamage(seed: number, place: DamagedPlace): Promise<void> {
  const history: string[] = [];
  try {
    await runSteps(seed, place, history);
  } catch (cause) {
    throw new Error(`Schedule ${seed} failed, after\n${history.join("\n")}`, { cause });
  }
}

/** Runs one schedule, and then checks the events that every client received. */
async function runSteps(seed: number, place: DamagedPlace, history: string[]): Promise<void> {
  const random = mulberry32(seed);
  // With random numbers of its own, and not for every seed: seeds that failed once keep their steps.
  const more = seed % 3 === 1 ? () => 1 : mulberry32(~seed);
  const pick = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)]!;
  const hubs = Array.from({ length: place.hubs }, (_, number) => new Instance(place, number));
  for (const hub of hubs) await hub.start();
  const acknowledged = new Map<string, { id: string; stream: string }>();
  const attempted = new Set<string>();
  let losses = 0;
  const noteLoss = () => {
    losses++;
    for (const hub of hubs) hub.hasCompared = false;
  };
  const publish = async (hub: Instance, data: string, stream: string) => {
    const lossesBefore = losses;
    const isNew = !attempted.has(data);
    attempted.add(data);
    try {
      const { id } = await hub.hub.publish(stream, { id: data, data });
      // The hub has read an entry that stands behind the loss.
      if (isNew && lossesBefore === losses) hub.hasCompared = true;
      acknowledged.set(data, { id, stream });
      history.push(`${hubs.indexOf(hub)} has published ${data} as ${id}`);
    } catch (error) {
      // The event may be in the log or not.
      history.push(`${hubs.indexOf(hub)} has not published ${data}: ${error}`);
    }
  };
  const pending: Promise<void>[] = [];
  const note = <T>(hub: Instance, what: string, act: () => T): T => {
    const state = hubs.map(({ isPaused, hub }) =>
      isPaused ? "paused" : hub.isLogUp ? "up" : "down"
    );
    history.push(`${hubs.indexOf(hub)} of ${state}: ${what}`);
    return act();
  };
  const begin = async (hub: Instance, data: string, stream: string) => {
    const publishing = note(hub, `publish ${data}`, () => publish(hub, data, stream));
    // A paused hub answers later.
    if (hub.isPaused) pending.push(publishing);
    else await publishing;
  };
  await publish(hubs[0]!, "first", "x");
  const { id: firstId } = acknowledged.get("first")!;
  const viewers = [["x"], ["y"], ["x", "z"], STREAMS].map((names) => new Viewer(names, firstId));
  for (const viewer of viewers) await viewer.connect(pick(hubs));
  let restore: (() => Promise<void>) | undefined;
  const losesEnd = seed % 2 === 0;
  let hasLostKeys = losesEnd || !place.snapshot;
  for (let step = 0; step < STEPS; step++) {
    const hub = pick(hubs);
    const what = random();
    const stream = pick(STREAMS);
    const extra = more();
    if (extra < 0.04) note(hub, "pause", () => hub.pause());
    else if (extra < 0.08) note(hub, "resume", () => hub.resume());
    else if (extra < 0.084 && place.flush) {
      await note(hub, "flush", () => place.flush!());
      noteLoss();
      restore = undefined;
      hasLostKeys = true;
    }
    if (what < 0.55) await begin(hub, `${stream}${step}`, stream);
    // With the key of an event that may be in the log and can't have been trimmed yet.
    else if (what < 0.65) {
      await begin(hub, `${stream}${Math.max(step - Math.ceil(random() * 15), 0)}`, stream);
    } else if (what < 0.8) {
      const viewer = pick(viewers);
      await note(
        hub,
        `viewer of ${viewer.streams} after ${viewer.lastEventId}`,
        () => viewer.connect(hub),
      );
    } else if (what < 0.85) note(hub, "cut", () => hub.cut());
    else if (what < 0.9) await note(hub, "ready", () => hub.ready());
    else if (what < 0.93) {
      const which = random();
      await note(hub, "drop", () => place.drop?.(which));
    } else if (what < 0.96) {
      if (losesEnd && !restore) restore = await note(hub, "snapshot", () => place.snapshot?.());
    } else if (restore) {
      // A failover: all hubs lose their connections, and the store loses its newest entries.
      for (const hub of hubs) hub.cut();
      await new Promise((resolve) => setTimeout(resolve, 2));
      await note(hub, "restore", restore);
      noteLoss();
      restore = undefined;
      if (random() < 0.5) await hub.ready();
    } else await note(hub, "restart", () => hub.restart());
    if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, 3));
  }
  for (const hub of hubs) await hub.ready();
  await Promise.all(pending);
  for (const viewer of viewers) {
    const hub = pick(hubs);
    await note(
      hub,
      `viewer of ${viewer.streams} after ${viewer.lastEventId}`,
      () => viewer.connect(hub),
    );
  }
  const publishAll = async (hub: Instance, what: string) => {
    for (const stream of STREAMS) {
      const data = `${what} ${stream}`;
      await publish(hub, data, stream);
      while (!acknowledged.has(data)) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await publish(hub, data, stream);
      }
    }
  };
  // A hub that acknowledges an event has compared itself with its store, and has recorded the losses that
  // only it knows of. So the last events come after all gaps.
  for (const [i, hub] of hubs.entries()) await publishAll(hub, `last of ${i}:`);
  await publishAll(hubs[0]!, "last");
  const lacking = () =>
    viewers.filter(({ streams, shown }) =>
      !shown.some(({ data }) => data === `last ${streams.at(-1)}`)
    );
  await until(
    () => lacking().length === 0,
    () => `${JSON.stringify(lacking())} to be complete with ${JSON.stringify([...acknowledged])}`,
  );
  for (const viewer of viewers) await viewer.leave();
  for (const { hub } of hubs) await hub.close();
  for (const viewer of viewers) check(viewer, acknowledged, hasLostKeys);
}

function check(
  { streams, shown }: Viewer,
  acknowledged: ReadonlyMap<string, { id: string; stream: string }>,
  hasLostKeys: boolean,
): void {
  const seen = shown.filter(({ type }) => type === "message").map(({ data }) => data);
  const log = shown.map(({ type, id, data }) => `${type} ${data} ${id}`).join("\n");
  // A store that has lost entries has also lost their keys.
  assert(hasLostKeys || new Set(seen).size === seen.length, `shown twice:\n${log}`);
  for (const [i, { type, id, lastEventId }] of shown.entries()) {
    if (type === "reset" || epochOf(id) !== epochOf(lastEventId)) continue;
    assert(compareIds(lastEventId, id) <= 0, `ids go back at ${i}:\n${log}`);
  }
  const lastEpoch = epochOf(shown.at(-1)!.id);
  for (const [data, { id, stream }] of acknowledged) {
    if (data === "first" || !streams.includes(stream) || seen.includes(data)) continue;
    const isTold = shown.some((mark, i) => {
      if (mark.type !== "gap" && mark.type !== "reset") return false;
      if (!JSON.parse(mark.data).streams.includes(stream)) return false;
      // A reset before a hello has no id; the hello has it.
      const to = shown.slice(i).find(({ id }) => id !== mark.lastEventId)?.id ?? mark.id;
      if (epochOf(id) !== lastEpoch) return mark.type === "reset";
      return epochOf(to) === epochOf(id) && compareIds(to, id) >= 0;
    });
    assert(isTold, `${data} of ${stream} with ${id} is missing:\n${log}`);
  }
}

function epochOf(id: string): string {
  return id.split("-", 1)[0]!;
}

/** An engine, which makes places. */
export interface DamagedEngine extends AsyncDisposable {
  /** Makes the place for the schedule of a seed. */
  place(seed: number): Promise<DamagedPlace>;
  /** How many schedules to run at a time; most of them wait for their logs. */
  readonly atATime: number;
}

/** Runs the schedules of many seeds. Throws with the seed of a schedule that failed. */
export async function runDamages(seeds: Iterable<number>, engine: DamagedEngine): Promise<void> {
  const rest = seeds[Symbol.iterator]();
  const run = async () => {
    for (let next = rest.next(); !next.done; next = rest.next()) {
      const seed = next.value;
      await using place = await engine.place(seed);
      await runDamage(seed, place);
    }
  };
  await Promise.all(Array.from({ length: engine.atATime }, run));
}

if (import.meta.main) {
  const [schedules = "1000", first = `${Date.now() % 1e9}`, ...names] = Deno.args;
  for (const { name, ignore, start } of damagedEngines) {
    if (names.length > 0 && !names.includes(name)) continue;
    if (ignore) {
      console.log(`${name}: not available here`);
      continue;
    }
    await using engine = await start();
    const began = performance.now();
    await runDamages(Array.from({ length: +schedules }, (_, i) => +first + i), engine);
    const seconds = Math.round((performance.now() - began) / 1_000);
    console.log(`${name}: ${schedules} schedules from seed ${first} passed in ${seconds} s`);
  }
}
