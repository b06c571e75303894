/**
 * Random schedules for a hub: publishes, batches, duplicates, pipes, subscribes, leaves, resumes, slow readers,
 * evictions, forgotten and ended streams, streams of very different rates, restarts, and a log that is
 * trimmed at another pace than the histories. Some clients ask for all streams below a name, or for all
 * streams; some ask for some types of events only, for events as JSON, or for events with the names of
 * their streams. After each schedule, every client must have
 * seen, over all its connections, every event of its streams and types once and in the hub's order, or a
 * mark where events are missing.
 *
 * As a program: `deno task property [schedules] [seed]`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it prints

import { assert, assertEquals } from "@std/assert";
import { BroadcastHub } from "../lib/hub/hub.ts";
import type { HubError } from "../lib/hub/hub_error.ts";
import { PipeError } from "../lib/hub/pipe.ts";
import { controlEvents } from "../lib/wire/control_events.ts";
import { compareIds } from "../lib/wire/ids.ts";
import type { EventLog, LogEntry } from "../lib/log/event_log.ts";
import { MemoryLog } from "../lib/log/memory.ts";
import { coversStream, withoutCovered } from "../lib/wire/stream_name.ts";
import { slowPolicies } from "../lib/hub/stream_options.ts";
import { subscription } from "./client.ts";
import { randomPieces } from "./pieces.ts";
import { mulberry32 } from "./random.ts";

const NAMES = ["a", "f/b", "c", "f/d"];
/** The texts of a client that asks for patterns. */
const ASKED = [["*"], ["f/*"], ["a", "f/*"], ["f/*", "f/b"], ["*", "c"], ["c", "f/*", "g/*"]];
/** The types of events; the first event of each three has none. */
const TYPES = ["message", "x", "y"];

/** The log of a schedule's hubs, of which there is one at a time. */
export interface ScheduleLog {
  /** Opens the log for a hub. */
  readonly open: () => EventLog;
  /** Drops the entries beyond its bounds at a time in milliseconds. Left out, it keeps everything. */
  readonly trim?: (nowMs: number) => Promise<unknown>;
  /** Whether the log may also drop entries at any other moment. */
  readonly trimsItself?: boolean;
}

interface ModelEvent {
  readonly id: string;
  /** Its number among all entries of the log, from 1 on. */
  readonly position: number;
  readonly stream: string;
  /** `undefined` where the stream ended. */
  readonly data: string | undefined;
  readonly type: string;
}

/** The published events, in the log's order. */
class Model {
  readonly events: ModelEvent[] = [];
  /** Ephemeral events, by data. No client is owed an ephemeral event. */
  readonly ephemeral = new Map<string, { readonly stream: string; readonly type: string }>();
  /** By stream, the position the hub had reached when the stream last did not exist. */
  readonly absentThrough = new Map<string, number>();
  readonly ended = new Set<string>();
  /** Streams of which a client that falls behind is owed only the newest event. */
  readonly latest = new Set<string>();
  /** The position through which the log may have dropped everything. */
  trimmedThrough = 0;
  /** The number of all events, ephemeral ones included. */
  count = 0;

  get head(): number {
    return this.events.length;
  }

  /** Records that a hub may not have known a stream through a position. */
  noteAbsent(stream: string, through: number): void {
    this.absentThrough.set(stream, Math.max(through, this.absentThrough.get(stream) ?? -1));
  }

  /** The number of events through an id. */
  positionOf(id: string): number {
    return this.events.findLastIndex((event) => compareIds(event.id, id) <= 0) + 1;
  }

  /** Records every entry that a log delivers. An entry delivered again must be the same. */
  watch(log: EventLog): EventLog {
    let previous = 0;
    // By stream, the id of the newest entry that was not delivered.
    const passedIds = new Map<string, string>();
    const note = ({ id, stream, event, isFirst, leftOut }: LogEntry) => {
      const newest = this.events.at(-1);
      const isNew = !newest || compareIds(id, newest.id) > 0;
      const position = isNew ? this.head + 1 : this.positionOf(id);
      const noted = { id, position, stream, data: event?.data, type: event?.event ?? TYPES[0]! };
      if (isNew) this.events.push(noted);
      assertEquals(noted, this.events[position - 1]);
      for (const passed of this.events.slice(previous, position - 1)) {
        passedIds.set(passed.stream, passed.id);
      }
      for (const { stream, throughId } of leftOut ?? []) {
        assertEquals(throughId, passedIds.get(stream));
        passedIds.delete(stream);
      }
      const passedId = passedIds.get(stream);
      // The log reports dropped entries before it delivers any.
      const isDropped = passedId === undefined || compareIds(passedId, log.startId) <= 0;
      // An end or a first event may have others around it that are left out.
      assert(isDropped || isFirst || !event, "an entry is left out in silence");
      previous = position;
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

/** A hub that may be restarted, and what was published to it. */
interface World {
  readonly model: Model;
  /** Lets pending reads and publishes go on. */
  readonly pause: () => Promise<void>;
  /** How many events of each stream a newcomer gets by default. */
  readonly replayEvents: number;
  hub: BroadcastHub;
}

/**
 * Runs the schedule of a seed. Throws if a client has not seen what it must.
 *
 * @param log The log of the schedule's hubs; left out, the log is in memory and there is one hub.
 */
export async function runSchedule(seed: number, log?: ScheduleLog): Promise<void> {
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
    slowSubscriber: slowPolicies[below(3)]!,
    replayEvents: random() < 0.2 ? 2 : 0,
  };
  const isEphemeral = random() < 0.3;
  const isLatest = random() < 0.3;
  const rates = random() < 0.5 ? EVEN_RATES : UNEVEN_RATES;
  const model = new Model();
  if (log?.trimsItself) model.trimmedThrough = Infinity;
  if (isLatest) model.latest.add("c");
  if (options.slowSubscriber === "latest") NAMES.forEach((name) => model.latest.add(name));
  const start = async () => {
    const hub = new BroadcastHub({ ...options, log: model.watch(log?.open() ?? new MemoryLog()) });
    // The hub's timer may forget a stream that is created anew within the same step.
    const expire = hub.expire.bind(hub);
    hub.expire = () => {
      expire();
      // An end may be on its way, so a stream that is forgotten now may yet have ended.
      for (const name of NAMES) if (!hub.hasStream(name)) model.noteAbsent(name, model.head);
    };
    const isLasting = model.events.some(({ stream }) => stream === "f/d");
    if (isEphemeral && !isLasting) hub.createStream("f/d", { ephemeral: true });
    await hub.ready;
    if (isLatest && !hub.stream("c")?.isEnded) hub.createStream("c", { slowSubscriber: "latest" });
    return hub;
  };
  const pause = log ? () => new Promise<void>((resolve) => setTimeout(resolve, 1)) : macrotask;
  const { replayEvents } = options;
  const world: World = { model, pause, replayEvents, hub: await start() };
  const clients = Array.from({ length: 1 + below(4) }, () => {
    const streams = NAMES.filter(() => random() < 0.5);
    const mode = {
      types: random() < 0.3 ? TYPES.filter(() => random() < 0.5) : [],
      isJson: random() < 0.2,
      isLabelled: random() < 0.2,
    };
    const asked = random() < 0.4 ? ASKED[below(ASKED.length)]! : streams;
    return new View(world, asked.length > 0 ? asked : ["a"], mode);
  });
  const steps = 10 + below(random() < 0.2 ? 300 : 70);
  const publish = () => publishTo(world, rates[below(rates.length)]!, below);
  const piping: Promise<unknown>[] = [];
  for (let step = 0; step < steps; step++) {
    const client = clients[below(clients.length)]!;
    const chance = random();
    let done: unknown;
    if (chance < 0.32) done = publish();
    else if (chance < 0.35) {
      const pipe = pipeTo(world, rates[below(rates.length)]!, random);
      piping.push(pipe);
      done = pipe;
    } else if (chance < 0.6) client.read();
    else if (chance < 0.7) client.connect(random() < 0.3 ? below(5) : undefined);
    else if (chance < 0.76) await client.leave();
    else if (chance < 0.8) nowMs += below(1_500);
    else if (chance < 0.83) world.hub.expire();
    else if (chance < 0.84) world.hub.removeStream(NAMES[below(4)]!);
    else if (chance < 0.85) done = end(world, NAMES[below(4)]!);
    else if (chance < 0.86 && log) {
      await world.hub.close();
      world.hub = await start();
      // The hub can't tell which streams the events had that the log has dropped.
      for (const name of NAMES) {
        model.noteAbsent(name, Math.min(model.trimmedThrough, model.head));
      }
      // The hub may know streams again that it had forgotten.
      for (const { name, isEnded } of world.hub.streams()) if (isEnded) model.ended.add(name);
    } else if (chance < 0.88 && log?.trim) {
      model.trimmedThrough = Math.max(model.trimmedThrough, model.head);
      await log.trim(nowMs);
    } else if (chance < 0.93) await Promise.resolve();
    else await pause();
    // A log in memory has delivered already, and awaiting would end the turn.
    if (log) await done;
    noteAbsent(world);
  }
  await Promise.all(piping);
  await macrotask();
  noteAbsent(world);
  for (const stream of NAMES) if (!model.ended.has(stream)) await publishOne(world, stream, 1);
  for (const client of clients) await client.finish();
  await checkReadBack(world, below);
  await world.hub.close();
}

const EVEN_RATES = NAMES;
/** The first stream gets 40 times as many events as the last ones. */
const UNEVEN_RATES = [...Array<string>(40).fill("a"), ...Array<string>(6).fill("f/b"), "c", "f/d"];

function publishTo(
  world: World,
  stream: string,
  below: (limit: number) => number,
): Promise<unknown> | undefined {
  if (world.model.ended.has(stream)) return;
  return publishOne(world, stream, below(10) === 0 ? 1 + below(30) : 1, below(5) === 0);
}

/** Publishes a batch, and sometimes its last event once more, which must not be sent twice. */
function publishOne(
  { hub, model }: World,
  stream: string,
  count: number,
  isDoubled = false,
): Promise<unknown> {
  const isEphemeral = hub.stream(stream)?.isEphemeral ?? false;
  const batch = Array.from({ length: count }, () => {
    const number = ++model.count;
    const type = TYPES[number % TYPES.length]!;
    const event = type === TYPES[0] ? {} : { event: type };
    return { data: `${stream}${number}`, id: `key${number}`, ...event };
  });
  // A hub that starts before the publish is acknowledged may create the stream as an ephemeral one.
  if (isEphemeral || stream === "f/d") {
    for (const { data, event: type = TYPES[0]! } of batch) {
      model.ephemeral.set(data, { stream, type });
    }
  }
  const published = hub.publish(stream, batch);
  if (!isDoubled || isEphemeral) return published;
  const double = { ...batch.at(-1)!, data: "double" };
  return Promise.all([published, hub.publish(stream, double)]);
}

/** Pipes up to 30 events into a stream, in random pieces. The stream may end meanwhile. */
async function pipeTo({ hub, model }: World, stream: string, random: () => number): Promise<void> {
  let text = "";
  for (let left = Math.floor(random() * 31); left > 0; left--) {
    const number = ++model.count;
    model.ephemeral.set(`${stream}${number}`, { stream, type: TYPES[0]! });
    text += `id: key${number}\ndata: ${stream}${number}\n\n`;
  }
  try {
    await hub.pipe(stream, ReadableStream.from(randomPieces(text, random)));
  } catch (error) {
    const isEnded = error instanceof PipeError && (error.cause as HubError).code === "ended";
    if (!isEnded) throw error;
  }
}

function end({ hub, model }: World, stream: string): Promise<unknown> | undefined {
  if (!hub.hasStream(stream)) return;
  model.ended.add(stream);
  return hub.end(stream);
}

/** Reads all streams back from a random id on: each event once and in order, or a gap. */
async function checkReadBack(
  { hub, model }: World,
  below: (limit: number) => number,
): Promise<void> {
  const known = model.events.filter(({ id }) => id.startsWith(hub.position("a").split("-")[0]!));
  const first = known[below(known.length + 1)];
  let cursor = first?.position ?? model.head;
  let after = first?.id ?? hub.position(NAMES);
  const names = NAMES.slice(below(4));
  let missing: ModelEvent[] = [];
  for (let page = 0;; page++) {
    assert(page < 1_000, `reading back never gets beyond ${cursor}`);
    const { events, next, more, gap, reset } = await hub.read(names, {
      after,
      limit: 1 + below(5),
    });
    assert(!reset, `${after} means nothing`);
    const through = model.positionOf(next);
    const owed = model.events.filter(({ stream, position, data }) =>
      data !== undefined && names.includes(stream) && position > cursor && position <= through
    );
    for (const { id, stream, data } of events) {
      assert(
        owed.some((event) => event.id === id && event.stream === stream && event.data === data),
      );
    }
    const isSeen = ({ id }: ModelEvent) => events.some((event) => event.id === id);
    // A gap stands where the last event that it is for would be.
    missing = [...missing, ...owed.filter((event) => !isSeen(event))]
      .filter(({ stream }) => !gap.includes(stream) && !model.latest.has(stream));
    assertEquals(events.map(({ id }) => id), events.map(({ id }) => id).sort(compareIds));
    if (!more) break;
    after = next;
    cursor = through;
  }
  assertEquals(missing, []);
}

function noteAbsent({ hub, model }: World): void {
  for (const stream of NAMES) {
    if (hub.hasStream(stream)) continue;
    model.noteAbsent(stream, model.head);
    model.ended.delete(stream);
  }
}

/** What a client asks for. */
interface ViewMode {
  /** Its types of events; empty for all types. */
  readonly types: readonly string[];
  readonly isJson: boolean;
  readonly isLabelled: boolean;
}

/** A client over all its connections; checks what it sees as it arrives. */
class View {
  readonly #world: World;
  readonly #model: Model;
  /** The names and patterns that it asks for. */
  readonly #asked: readonly string[];
  /** The streams that these cover. */
  readonly #streams: readonly string[];
  readonly #mode: ViewMode;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #pending: Promise<void> | undefined;
  #lastEventId: string | undefined;
  #cursor = 0;
  // It sent no id for its present connection.
  #isNewcomer = false;
  // It was told that all its streams have ended; events that follow, after a removal, are not for it.
  #isFinished = false;
  // By stream, the position before which nothing is owed.
  readonly #owedAfter = new Map<string, number>();
  // By stream, the position through which a gap in a pattern excuses events.
  readonly #excusedThrough = new Map<string, number>();
  readonly #seen = new Set<string>();
  readonly #failures: unknown[] = [];

  constructor(world: World, asked: readonly string[], mode: ViewMode) {
    this.#mode = mode;
    this.#world = world;
    this.#model = world.model;
    this.#asked = withoutCovered(asked);
    this.#streams = NAMES.filter((name) => asked.some((text) => coversStream(text, name)));
  }

  /** Connects, as a newcomer for the newest `since` events of each stream. */
  connect(since?: number): void {
    if (this.#reader || this.#isFinished) return;
    const names = this.#asked.map((stream) => `stream=${stream}`).join("&");
    const { types, isJson, isLabelled } = this.#mode;
    const parameters = [names, ...types.map((type) => `event=${type}`)];
    if (since !== undefined) parameters.push(`since=${since}`);
    if (isJson) parameters.push("format=json");
    if (isLabelled) parameters.push("label=stream");
    const query = parameters.join("&");
    const request = subscription(query, this.#lastEventId);
    const response = this.#world.hub.subscribe(request, { patterns: true });
    this.#isNewcomer = this.#lastEventId === undefined;
    if (this.#isNewcomer) {
      for (const name of this.#streams) this.#owedAfter.set(name, this.#newest(name, since));
    }
    if (response.status === 204) {
      this.#checkOwed(this.#streams, Infinity);
      this.#isFinished = true;
      return;
    }
    this.#reader = response.body!.getReader();
  }

  /** Takes the next chunk when it arrives, unless it waits for one already. */
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

  /** Reads and reconnects until it has everything it is owed. */
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
      // Without heartbeats, the cursor comes after events left out only when the client resumes.
      if (this.#mode.types.length > 0 && tries % 20 === 19) await this.leave();
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
      const type = fields.get("event");
      const isControl = controlEvents.some((control) => control === type);
      const { data, ...published } = isControl || !this.#mode.isJson
        ? { stream: fields.get("stream"), event: type ?? TYPES[0]!, data: fields.get("data")! }
        : this.#parse(type, fields.get("data")!);
      if (!isControl && this.#mode.isLabelled) assert(fields.has("stream"), "a label is missing");
      else assertEquals(fields.get("stream"), undefined);
      if (type === "hello") this.#takeHello(id!, position);
      else if (type === "gap") {
        this.#takeGap(id === undefined ? this.#cursor : position, JSON.parse(data).streams);
      } else if (type === "ended") this.#takeEnded(position, JSON.parse(data).streams);
      else if (type === "cursor") this.#takeCursor(position);
      else if (type === "goaway") assertEquals(id, undefined);
      else this.#takeEvent(published, id === undefined ? undefined : position, data);
      if (id !== undefined) this.#lastEventId = id;
    }
  }

  #takeHello(id: string, position: number): void {
    if (this.#lastEventId !== undefined) {
      assertEquals(id, this.#lastEventId, "it goes on elsewhere");
    }
    this.#cursor = position;
  }

  /** At a gap, events of its streams are missing, unless the streams did not exist for a while. */
  #takeGap(position: number, names: string[]): void {
    assertEquals(withoutCovered(names), names);
    for (const name of names) {
      // A gap in a pattern is one of any of its streams.
      const streams = this.#streams.filter((stream) => coversStream(name, stream));
      assert(
        this.#streams.includes(name) || this.#asked.includes(name),
        `a gap in ${name}, which is not its`,
      );
      // The hub does not know whether a pattern covers the streams that it has forgotten.
      const suspects = name.endsWith("*") ? NAMES : streams;
      assert(
        suspects.some((stream) => this.#canLack(stream, position)),
        `a gap in ${name} at ${position} where nothing is missing`,
      );
      for (const stream of streams) {
        if (this.#streams.includes(name)) this.#owedAfter.set(stream, position);
        // The gap of a pattern comes before all later events, whenever the streams were forgotten.
        const forgotten = this.#model.absentThrough.get(stream) ?? -1;
        this.#excusedThrough.set(stream, Math.max(position, forgotten));
      }
    }
    assert(position >= this.#cursor, "a gap goes back");
    this.#cursor = position;
  }

  #canLack(stream: string, position: number): boolean {
    const after = Math.min(this.#owedAfter.get(stream) ?? Infinity, this.#cursor);
    const isMissing = this.#unseen(stream, after, position).length > 0;
    const wasAbsent = (this.#model.absentThrough.get(stream) ?? -1) >= after;
    // Where the log knows only how far it was trimmed, the hub can't tell which streams are affected.
    const isCautious = position <= this.#model.trimmedThrough &&
      this.#unseen(stream, after, Infinity).length > 0;
    return isMissing || wasAbsent || isCautious;
  }

  /** At `ended`, the client has every event, and the id does not go back. */
  #takeEnded(position: number, streams: string[]): void {
    assertEquals(streams, this.#asked.toSorted());
    assert(position >= this.#cursor, "an end goes back");
    this.#checkOwed(streams, position);
    this.#cursor = position;
  }

  #parse(type: string | undefined, data: string): { stream: string; event: string; data: string } {
    assertEquals(type, undefined);
    return JSON.parse(data);
  }

  /** At a cursor, the client has every event of its types. */
  #takeCursor(position: number): void {
    assert(this.#mode.types.length > 0, "a cursor without types");
    assert(position > this.#cursor, "a cursor does not go on");
    const lasting = this.#streams.filter((stream) => !this.#model.latest.has(stream));
    this.#checkOwed(lasting, position);
    this.#cursor = position;
  }

  #takeEvent(
    published: { readonly stream: string | undefined; readonly event: string },
    position: number | undefined,
    data: string,
  ): void {
    const event = this.#model.events.find((event) => event.data === data);
    const { stream, type } = event ?? this.#model.ephemeral.get(data) ?? {};
    assert(type && this.#wants(type), `a type nobody asked for: ${data}`);
    assertEquals(published, { stream: published.stream && stream, event: type });
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
    assert(!isReplayed || !this.#isNewcomer, `${data} is older than what a newcomer wants`);
    if (isReplayed) this.#owedAfter.set(stream, position - 1);
    if (!this.#model.latest.has(stream)) this.#checkOwed([stream], position - 1);
    this.#seen.add(data);
    this.#cursor = position;
  }

  #checkOwed(streams: readonly string[], through: number): void {
    for (const stream of streams) {
      const owedAfter = Math.max(
        this.#owedAfter.get(stream) ?? Infinity,
        this.#excusedThrough.get(stream) ?? -1,
      );
      const isLatest = this.#model.latest.has(stream);
      const newest = this.#model.events.findLast((event) =>
        event.stream === stream && event.data !== undefined
      );
      const after = isLatest ? Math.max(owedAfter, (newest?.position ?? 0) - 1) : owedAfter;
      const [missing] = this.#unseen(stream, after, through).filter(({ type }) =>
        this.#wants(type)
      );
      assert(!missing, `${missing?.data} is missing at ${through}`);
    }
  }

  /** The position after which a newcomer is owed a stream's events: before the newest that are kept. */
  #newest(stream: string, since = this.#world.replayEvents): number {
    const { model, hub } = this.#world;
    const kept = Math.min(since, hub.stream(stream)?.events ?? 0);
    const events = model.events.filter((event) =>
      event.stream === stream && event.data !== undefined
    );
    const first = kept > 0 ? events.at(-kept) : undefined;
    return first ? first.position - 1 : model.head;
  }

  #wants(type: string): boolean {
    const { types } = this.#mode;
    return types.length === 0 || types.includes(type);
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

/** Runs schedules one after the other; an error names the one that failed. */
export async function runSchedules(first: number, schedules: number): Promise<void> {
  for (let seed = first; seed < first + schedules; seed++) {
    await runSchedule(seed).catch((cause) => {
      throw new Error(`Schedule ${seed} failed: run deno task property 1 ${seed}`, { cause });
    });
  }
}

if (import.meta.main) {
  const [schedules = 1_000_000, first = Date.now() % 1e9] = Deno.args.map(Number);
  for (let done = 0; done < schedules; done += 10_000) {
    await runSchedules(first + done, Math.min(10_000, schedules - done));
    console.log(`${done} of ${schedules} schedules from seed ${first}`);
  }
  console.log(`${schedules} schedules from seed ${first} passed`);
}
