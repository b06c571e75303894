/**
 * Random schedules against a hub: publishes, batches, doubles, subscribes, leaves, resumes, slow
 * readers, evictions, forgotten and ended streams. After each, what every client saw over all its
 * connections must be the hub's order of its streams, whole and once, or be marked where it is not.
 *
 * As a program: `deno task property [schedules] [seed]`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it reports

import { assert, assertEquals } from "@std/assert";
import { BroadcastHub } from "../lib/hub.ts";
import { compareIds, type EventLog, type LogEntry } from "../lib/log/log.ts";
import { MemoryLog } from "../lib/log/memory.ts";
import { subscription } from "./client.ts";
import { mulberry32 } from "./random.ts";

const NAMES = ["a", "b", "c", "d"];

interface ModelEvent {
  readonly id: string;
  /** Which one it is of all that the log has, from 1 on. */
  readonly position: number;
  readonly stream: string;
  /** `undefined` where the stream ended. */
  readonly data: string | undefined;
}

/** What was published, in the log's order. */
class Model {
  readonly events: ModelEvent[] = [];
  /** Events of the moment, which nobody is owed: data to stream. */
  readonly ephemeral = new Map<string, string>();
  /** By stream, the position the hub had reached when the stream was last not there. */
  readonly absentThrough = new Map<string, number>();
  readonly ended = new Set<string>();
  /** How many events there have been, of the moment or not. */
  count = 0;

  get head(): number {
    return this.events.length;
  }

  /** How many events do not come after an id. */
  positionOf(id: string): number {
    return this.events.findLastIndex((event) => compareIds(event.id, id) <= 0) + 1;
  }

  /** Has a log tell of all that it delivers; what it delivers again must be what it was. */
  watch(log: EventLog): EventLog {
    let delivered = 0;
    const note = ({ id, stream, event }: LogEntry) => {
      const known = this.events[delivered++];
      if (known) assertEquals([id, stream, event?.data], [known.id, known.stream, known.data]);
      else this.events.push({ id, position: delivered, stream, data: event?.data });
    };
    const open: EventLog["open"] = (receiver) =>
      log.open({
        ...receiver,
        deliver(entries) {
          entries.forEach(note);
          receiver.deliver(entries);
        },
      });
    return new Proxy(log, {
      get(target, name) {
        if (name === "open") return open;
        const value = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }
}

/** A hub that may be started again, and what was published to it. */
interface World {
  readonly model: Model;
  /** Lets go on what a read or a publish waits for. */
  readonly pause: () => Promise<void>;
  hub: BroadcastHub;
}

/**
 * Runs the schedule of a seed. Throws if a client's view is not what it must be.
 *
 * @param openLog Opens the log that the schedule's hubs share, one after the other; left out, the log
 * is in memory and there is one hub.
 */
export async function runSchedule(seed: number, openLog?: () => EventLog): Promise<void> {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  let nowMs = 0;
  const options = {
    now: () => nowMs,
    heartbeatMs: 0,
    historyEvents: 1 + below(8),
    historyBytes: random() < 0.2 ? 200 : 1_000_000,
    historyTotalBytes: random() < 0.2 ? 600 : 1_000_000,
    historyMs: 1_000,
    slowSubscriber: random() < 0.5 ? "skip" as const : "disconnect" as const,
    replayEvents: random() < 0.2 ? 2 : 0,
  };
  const isEphemeral = random() < 0.3;
  const model = new Model();
  const start = async () => {
    const hub = new BroadcastHub({ ...options, log: model.watch(openLog?.() ?? new MemoryLog()) });
    const isLasting = model.events.some(({ stream }) => stream === "d");
    if (isEphemeral && !isLasting) hub.createStream("d", { ephemeral: true });
    await hub.ready;
    return hub;
  };
  const pause = openLog ? () => new Promise<void>((resolve) => setTimeout(resolve, 1)) : macrotask;
  const world: World = { model, pause, hub: await start() };
  const clients = Array.from({ length: 1 + below(4) }, () => {
    const streams = NAMES.filter(() => random() < 0.5);
    return new View(world, streams.length > 0 ? streams : ["a"]);
  });
  const steps = 10 + below(70);
  for (let step = 0; step < steps; step++) {
    const client = clients[below(clients.length)]!;
    const chance = random();
    let done: unknown;
    if (chance < 0.35) done = publish(world, below);
    else if (chance < 0.6) client.read();
    else if (chance < 0.7) client.connect(random() < 0.3 ? `&since=${below(5)}` : "");
    else if (chance < 0.76) await client.leave();
    else if (chance < 0.8) nowMs += below(1_500);
    else if (chance < 0.83) world.hub.expire();
    else if (chance < 0.84) world.hub.removeStream(NAMES[below(4)]!);
    else if (chance < 0.85) done = end(world, NAMES[below(4)]!);
    else if (chance < 0.87 && openLog) {
      await world.hub.close();
      world.hub = await start();
      // What it had forgotten it may know again.
      for (const { name, isEnded } of world.hub.streams()) if (isEnded) model.ended.add(name);
    } else if (chance < 0.93) await Promise.resolve();
    else await pause();
    // In memory it is done by now, and who waits for it would see nothing of the turn.
    if (openLog) await done;
    noteAbsent(world);
  }
  await macrotask();
  noteAbsent(world);
  for (const stream of NAMES) if (!model.ended.has(stream)) await publishOne(world, stream, 1);
  for (const client of clients) await client.finish();
  await world.hub.close();
}

function publish(world: World, below: (limit: number) => number): Promise<unknown> | undefined {
  const stream = NAMES[below(4)]!;
  if (world.model.ended.has(stream)) return;
  return publishOne(world, stream, below(10) === 0 ? 1 + below(30) : 1, below(5) === 0);
}

/** Publishes a batch, and sometimes a double of its last event, which must not be sent. */
function publishOne(
  { hub, model }: World,
  stream: string,
  count: number,
  isDoubled = false,
): Promise<unknown> {
  const isEphemeral = hub.stream(stream)?.isEphemeral ?? false;
  const batch = Array.from({ length: count }, () => {
    const number = ++model.count;
    return { data: `${stream}${number}`, id: `key${number}` };
  });
  if (isEphemeral) { for (const { data } of batch) model.ephemeral.set(data, stream); }
  const published = hub.publish(stream, batch);
  if (!isDoubled || isEphemeral) return published;
  const double = { ...batch.at(-1)!, data: "double" };
  return Promise.all([published, hub.publish(stream, double)]);
}

function end({ hub, model }: World, stream: string): Promise<unknown> | undefined {
  if (!hub.hasStream(stream)) return;
  model.ended.add(stream);
  return hub.end(stream);
}

function noteAbsent({ hub, model }: World): void {
  for (const stream of NAMES) {
    if (hub.hasStream(stream)) continue;
    model.absentThrough.set(stream, model.head);
    model.ended.delete(stream);
  }
}

/** A client over all its connections: what it saw, checked as it comes. */
class View {
  readonly #world: World;
  readonly #model: Model;
  readonly #streams: readonly string[];
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #pending: Promise<void> | undefined;
  #lastEventId: string | undefined;
  #cursor = 0;
  // It was told that nothing will come; what comes all the same, after a removal, is not for it.
  #isFinished = false;
  // By stream, the position before which nothing is owed.
  readonly #owedAfter = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly #failures: unknown[] = [];

  constructor(world: World, streams: readonly string[]) {
    this.#world = world;
    this.#model = world.model;
    this.#streams = streams;
  }

  connect(since = ""): void {
    if (this.#reader || this.#isFinished) return;
    const query = this.#streams.map((stream) => `stream=${stream}`).join("&") + since;
    const response = this.#world.hub.subscribe(subscription(query, this.#lastEventId));
    if (this.#lastEventId === undefined) {
      for (const stream of this.#streams) this.#owedAfter.set(stream, this.#model.head);
    }
    if (response.status === 204) {
      this.#checkOwed(this.#streams, Infinity);
      this.#isFinished = true;
      return;
    }
    this.#reader = response.body!.getReader();
  }

  /** Takes the next chunk when it comes, unless one is awaited already. */
  read(): void {
    if (!this.#reader || this.#pending) return;
    const reader = this.#reader;
    this.#pending = reader.read().then(({ done, value }) => {
      this.#pending = undefined;
      if (done) this.#reader = undefined;
      else this.#take(new TextDecoder().decode(value));
    }).catch((error) => void this.#failures.push(error));
  }

  async leave(): Promise<void> {
    const reader = this.#reader;
    await reader?.cancel();
    await this.#pending;
    this.#reader = undefined;
  }

  /** Reads and comes back until everything owed is there. */
  async finish(): Promise<void> {
    const last = this.#model.events.findLast(({ stream, position, data }) =>
      data !== undefined && position > (this.#owedAfter.get(stream) ?? Infinity)
    );
    for (let tries = 0; !this.#isFinished && this.#cursor < (last?.position ?? 0); tries++) {
      assert(tries < 1_000, `it never gets beyond ${this.#cursor}`);
      this.connect();
      this.read();
      await Promise.race([this.#pending, this.#world.pause()]);
      if (this.#failures.length > 0) throw this.#failures[0];
    }
    if (!this.#isFinished) this.#checkOwed(this.#streams, Infinity);
    await this.leave();
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  #take(text: string): void {
    assert(text.endsWith("\n\n"), "a chunk holds whole events");
    for (const block of text.slice(0, -2).split("\n\n")) {
      const fields = new Map(
        block.split("\n").map((line) => {
          const colon = line.indexOf(": ");
          return [line.slice(0, colon), line.slice(colon + 2)];
        }),
      );
      const id = fields.get("id");
      const position = id === undefined ? NaN : this.#model.positionOf(id);
      const data = fields.get("data")!;
      const type = fields.get("event");
      if (type === "hello") this.#takeHello(id!, position);
      else if (type === "gap") this.#takeGap(position, JSON.parse(data).streams);
      else this.#takeEvent(type, id === undefined ? undefined : position, data);
      if (id !== undefined) this.#lastEventId = id;
    }
  }

  #takeHello(id: string, position: number): void {
    if (this.#lastEventId !== undefined) {
      assertEquals(id, this.#lastEventId, "it goes on elsewhere");
    }
    this.#cursor = position;
  }

  /** Where a gap stands something of its streams is missing, unless they were not there for a time. */
  #takeGap(position: number, streams: string[]): void {
    for (const stream of streams) {
      assert(this.#streams.includes(stream), `a gap in ${stream}, which is not its`);
      const after = Math.min(this.#owedAfter.get(stream)!, this.#cursor);
      const isMissing = this.#unseen(stream, after, position).length > 0;
      const wasAbsent = (this.#model.absentThrough.get(stream) ?? -1) >= after;
      assert(isMissing || wasAbsent, `a gap in ${stream} at ${position} where nothing is missing`);
      this.#owedAfter.set(stream, position);
    }
    assert(position >= this.#cursor, "a gap goes back");
    this.#cursor = position;
  }

  #takeEvent(type: string | undefined, position: number | undefined, data: string): void {
    assertEquals(type, undefined);
    const event = this.#model.events.find((event) => event.data === data);
    const stream = event?.stream ?? this.#model.ephemeral.get(data);
    assert(stream && this.#streams.includes(stream), `what nobody published to it: ${data}`);
    assert(!this.#seen.has(data), `${data} came twice`);
    if (!event) {
      assertEquals(position, undefined);
      this.#seen.add(data);
      return;
    }
    assert(position === event.position, `${data} has another id`);
    assert(position > this.#cursor, `${data} comes after ${this.#cursor}`);
    const isReplayed = position <= this.#owedAfter.get(stream)!;
    if (isReplayed) this.#owedAfter.set(stream, position - 1);
    this.#checkOwed([stream], position - 1);
    this.#seen.add(data);
    this.#cursor = position;
  }

  #checkOwed(streams: readonly string[], through: number): void {
    for (const stream of streams) {
      const owedAfter = this.#owedAfter.get(stream) ?? Infinity;
      const [missing] = this.#unseen(stream, owedAfter, through);
      assert(!missing, `${missing?.data} is missing at ${through}`);
    }
  }

  #unseen(stream: string, after: number, through: number): ModelEvent[] {
    return this.#model.events.filter((event) =>
      event.data !== undefined && event.stream === stream && event.position > after &&
      event.position <= through && !this.#seen.has(event.data)
    );
  }
}

function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

if (import.meta.main) {
  const [schedules = 1_000_000, first = Date.now() % 1e9] = Deno.args.map(Number);
  for (let done = 0; done < schedules; done++) {
    await runSchedule(first + done).catch((cause) => {
      throw new Error(`Schedule ${first + done} failed`, { cause });
    });
    if (done % 10_000 === 0) console.log(`${done} of ${schedules} schedules from seed ${first}`);
  }
  console.log(`${schedules} schedules from seed ${first} passed`);
}
