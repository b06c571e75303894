/**
 * Named streams; what is published to one reaches every subscriber of it, in one order: the broadcast
 * shape.
 *
 * @module
 */

import { Audiences } from "./audiences.ts";
import { startBackgroundTimer } from "../wire/background_timer.ts";
import { ANY, checkOptions } from "../wire/check_options.ts";
import { Counters } from "./counters.ts";
import type { ServerSentEvent } from "../wire/event.ts";
import { eventStreamHeaders, retryLater } from "../wire/event_response.ts";
import { HubError } from "./hub_error.ts";
import { LogDelivery } from "./log_delivery.ts";
import { LogProgress } from "./log_progress.ts";
import { LogReader } from "./log_reader.ts";
import {
  checkSubscribeOptions,
  type HubOptions,
  type HubSettings,
  hubSettings,
  type SubscribeOptions,
} from "./options.ts";
import { type Published, Publisher } from "./publisher.ts";
import { guard } from "../wire/report.ts";
import { Sequencer } from "./sequencer.ts";
import { stagger } from "../wire/stagger.ts";
import {
  type HubStats,
  hubStats,
  type StreamInfo,
  streamInfo,
  type StreamListOptions,
  type SubscriberInfo,
  subscriberInfo,
  type SubscriberListOptions,
} from "./stats.ts";
import { checkStreamOptions, type StreamOptions } from "./stream.ts";
import { Streams } from "./streams.ts";
import { parseSubscribeRequest } from "./subscribe_request.ts";
import { Subscriptions } from "./subscriptions.ts";

/**
 * A hub: streams by name, and the subscribers of each.
 *
 * An event is encoded once. All that a turn publishes goes to all subscribers that keep up as one
 * shared chunk; one that doesn't keep up costs a number until it does, or until what it missed is no
 * longer kept and its stream's {@linkcode SlowPolicy} decides.
 *
 * A hub does not keep a process alive, whatever it keeps; an open subscription does, until it ends.
 *
 * @example
 * ```ts
 * import { BroadcastHub } from "@sse/hub";
 * import { assertEquals, assertMatch } from "@std/assert";
 *
 * await using hub = new BroadcastHub();
 * const response = hub.subscribe(new Request("http://localhost/sse?stream=news"));
 * const { id, subscribers } = await hub.publish("news", { data: "hello" });
 * assertMatch(id, /^[0-9a-z]+-1$/);
 * assertEquals(subscribers, 1);
 * await response.body!.cancel();
 * ```
 */
export class BroadcastHub implements AsyncDisposable {
  readonly #settings: HubSettings;
  readonly #streams: Streams;
  readonly #audiences: Audiences;
  readonly #sequencer: Sequencer;
  readonly #progress: LogProgress;
  readonly #publisher: Publisher;
  readonly #subscriptions: Subscriptions;
  readonly #reader: LogReader | undefined;
  readonly #counters = new Counters();
  readonly #ready: Promise<void>;
  #isReady = false;
  #endTicks: (() => void) | undefined;
  #isDraining = false;
  #closing: Promise<void> | undefined;

  /**
   * Makes a hub without streams.
   *
   * @throws {TypeError} If there is no such option.
   * @throws {RangeError} If an option is out of range.
   */
  constructor(options: HubOptions = {}) {
    this.#settings = hubSettings(options);
    const { log, now, report } = this.#settings;
    const startId = () => log.startId;
    this.#streams = new Streams(this.#settings, startId);
    this.#progress = new LogProgress(startId);
    this.#sequencer = new Sequencer(this.#streams, now, report);
    this.#publisher = new Publisher(this.#streams, this.#sequencer, this.#progress, this.#settings);
    this.#reader = log.read ? new LogReader(log, this.#progress) : undefined;
    this.#audiences = new Audiences(this.#streams, {
      sequencer: this.#sequencer,
      progress: this.#progress,
      counters: this.#counters,
      reader: this.#reader,
      now,
    });
    this.#subscriptions = new Subscriptions(
      this.#settings,
      this.#progress,
      this.#audiences,
      this.#counters,
    );
    this.#ready = this.#open();
    // Whoever waits for it learns of it; nobody has to.
    this.#ready.catch(() => {});
  }

  /**
   * Resolves when the log is open and all it had has been delivered; until then, clients are told to
   * come back, and publishing is refused. At once with a log in memory.
   *
   * @throws {unknown} What the log says, if it can't be opened and trying again would not help.
   */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Whether events can be published now, as far as the log knows. */
  get isLogUp(): boolean {
    return this.#settings.log.isUp;
  }

  /**
   * Creates a stream ahead of its first publish, or sets options of the one there is. Until it is ended
   * or removed, the hub doesn't forget it, however long nothing is published to it.
   *
   * @throws {TypeError} If the name can't be a stream's, if there is no such option, or if a stream that
   * has had events would become ephemeral or cease to be.
   * @throws {RangeError} If an option is out of range.
   * @throws {HubError} Code `full` if there are too many streams, `ended` if this one has ended,
   * `closed` if the hub is closed.
   */
  createStream(name: string, options: StreamOptions = {}): void {
    checkStreamOptions(options);
    this.#checkOpen("create stream");
    const stream = this.#publisher.open(name, `create stream "${name}"`);
    stream.configure(options);
    stream.isDeclared = true;
    this.#startTimer();
  }

  /** Whether there is a stream of this name; one that has nothing but subscribers is none yet. */
  hasStream(name: string): boolean {
    return this.#streams.get(name) !== undefined;
  }

  /** A stream, or `undefined` if there is none of this name. */
  stream(name: string): StreamInfo | undefined {
    const stream = this.#streams.get(name);
    return stream && streamInfo(stream);
  }

  /**
   * The streams, sorted by name: all of them, or a page. Costs in proportion to what it returns.
   *
   * @throws {TypeError} If there is no such option.
   * @throws {RangeError} If `limit` is no number from 0 on.
   */
  streams(options: StreamListOptions = {}): StreamInfo[] {
    checkOptions("list streams", options, { after: ANY, limit: { min: 0 } });
    const { after = "", limit = Infinity } = options;
    return this.#streams.after(after).take(limit).map(streamInfo).toArray();
  }

  /**
   * The subscribers of this instance: all of them, or the first `limit`. {@linkcode stats} says how
   * many there are.
   *
   * @throws {TypeError} If there is no such option.
   * @throws {RangeError} If `limit` is no number from 0 on.
   */
  subscribers(options: SubscriberListOptions = {}): SubscriberInfo[] {
    checkOptions("list subscribers", options, { limit: { min: 0 } });
    const { limit = Infinity } = options;
    const { head } = this.#sequencer;
    const infos: SubscriberInfo[] = [];
    for (const audience of this.#audiences) {
      for (const subscriber of audience.subscribers) {
        if (infos.length >= limit) return infos;
        infos.push(subscriberInfo(subscriber, audience, head));
      }
    }
    return infos;
  }

  /**
   * Removes a stream with all that this hub keeps of it; connections to it alone end, reason `closed`.
   * What a log keeps that others share stays there.
   *
   * @returns Whether there was one.
   */
  removeStream(name: string): boolean {
    const stream = this.#streams.get(name);
    if (!stream) return false;
    this.#sequencer.flush();
    for (const audience of stream.audiences) {
      if (audience.streams.length === 1) audience.close("closed");
    }
    this.#streams.remove(stream);
    return true;
  }

  /**
   * Ends a stream: its subscribers get all of it, then their responses end, unless they have other
   * streams that go on. For as long as its history would be kept, publishing to it is refused and a
   * client that has all of it is answered 204, upon which an `EventSource` stays away.
   *
   * @returns Whether there was one, once the log has its end. Rejects as {@linkcode publish} does.
   * @throws {HubError} Code `closed`, if the hub is closed.
   */
  end(name: string): Promise<boolean> {
    this.#checkOpen("end stream");
    return this.#publisher.end(name);
  }

  /**
   * Publishes an event, or a batch, of which all are accepted or none. A string is an event's `data`.
   * Creates the stream if there is none.
   *
   * The `id` of an event is the publisher's key against doubles: while the key is known, a second event
   * with it to the same stream is not sent, and answered with the first one's result. A log that several
   * hubs share knows a key for as long as it keeps an entry by age, for all of them; a log in memory
   * while the event is in the history. On the wire the id is always the hub's. Never waits for a
   * subscriber, and never fails because of one.
   *
   * @returns What became of it, once the log has it. Bad input throws at once.
   * @throws {TypeError} If the name can't be a stream's; if an event can't be encoded, has neither
   * `data`, `comment` nor `retry`, or a type that is the hub's own (`hello`, `gap`, `reset`, `expired`,
   * `open`, `error`); if a batch is empty.
   * @throws {RangeError} If an event's `retry` is out of range, or the batch is more than the log takes.
   * @throws {HubError} Code `ended` if the stream has ended, `closed` if the hub is closed, `full` if there
   * are too many streams. Rejects with code `unreachable` while the log can't be reached, and with `lost`
   * if the log lost the event: give an event that you will send again a key.
   */
  publish(
    name: string,
    event: ServerSentEvent | string | readonly (ServerSentEvent | string)[],
  ): Promise<Published> {
    this.#checkOpen("publish");
    this.#startTimer();
    const batch: readonly (ServerSentEvent | string)[] = Array.isArray(event) ? event : [event];
    return this.#publisher.publish(name, batch.map(toEvent));
  }

  /**
   * Subscribes a client to the streams its request names (`?stream=`, up to 32 times).
   *
   * It gets an event `hello` first, whose id is where it stands. A newcomer gets what is published
   * from now on, or before that what `?since=earliest`, `?since=<n>` or the stream's `replayEvents`
   * say. A client that brings an id, in the header `Last-Event-ID` or as `?lastEventId=`, gets exactly
   * what came after it; an event `gap` stands where some of that is no longer kept, and an event
   * `reset`, before `hello`, where the id means nothing here.
   *
   * @returns The open response; or 400 or 405 with problem details where the request can never work,
   * 204 where all its streams have ended and it has everything, and a 200 that ends at once and asks
   * to come back later where the hub is closed.
   * @throws {TypeError} If there is no such option, `options.streams` has what can't be a stream's name,
   * or `options.headers` what can't stand in a header.
   * @throws {RangeError} If `options.expiresInMs` is no number.
   */
  subscribe(request: Request, options: SubscribeOptions = {}): Response {
    checkSubscribeOptions(options);
    const wanted = parseSubscribeRequest(request, options.streams);
    if (wanted instanceof Response) return wanted;
    if (!this.#isReady || this.#closing || this.#isDraining) return retryLater();
    if (request.method === "HEAD") return new Response(null, { headers: eventStreamHeaders });
    this.#startTimer();
    return this.#subscriptions.open(request, wanted, options);
  }

  /**
   * Drops what is too old, and forgets streams that keep nothing, have no subscriber, and were neither
   * created, published to nor ended for as long as they would keep an event. The hub does so by itself
   * every second.
   */
  expire(): void {
    this.#sequencer.flush();
    this.#streams.expire(this.#settings.now());
  }

  /** Stats of this instance. */
  stats(): HubStats {
    return hubStats({
      counters: this.#counters,
      sequencer: this.#sequencer,
      streams: this.#streams,
      audiences: this.#audiences,
      log: this.#settings.log.stats?.(),
    });
  }

  /**
   * Sends all subscribers away, each at a random moment within `withinMs` milliseconds and for 5 to 15
   * seconds, and has new ones come back later. What is published meanwhile reaches those that are
   * still there. Close the hub when it is done.
   *
   * @returns A promise that resolves when all have been sent away.
   */
  async drain(withinMs: number): Promise<void> {
    this.#isDraining = true;
    const subscribers = [...this.#audiences].flatMap((audience) => [...audience.subscribers]);
    await stagger(subscribers, withinMs, ({ response }) => response.sendAway());
  }

  /**
   * Ends all subscribers, reason `closed`, and refuses what comes from now on. May be called twice.
   *
   * @returns A promise that resolves when the log is closed.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Closes the hub, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#sequencer.flush();
    this.#stopTimer();
    for (const audience of this.#audiences) audience.close("closed");
    try {
      await this.#settings.log.close();
    } finally {
      // What was kept and is not delivered any more was published all the same.
      this.#progress.release();
    }
  }

  async #open(): Promise<void> {
    const { log, now, report, onLogChange } = this.#settings;
    const delivery = new LogDelivery({
      streams: this.#streams,
      sequencer: this.#sequencer,
      progress: this.#progress,
      audiences: this.#audiences,
      counters: this.#counters,
      now,
      report,
    });
    const onChange = (isUp: boolean, reason?: unknown) => onLogChange?.(isUp, reason);
    const opening = log.open(delivery.receiver(() => this.#startTimer(), onChange));
    if (opening) await opening;
    this.#isReady = true;
  }

  #checkOpen(action: string): void {
    if (this.#closing) throw new HubError("closed", `Cannot ${action}: the hub is closed`);
  }

  // Runs while there is anything that can grow old.
  #startTimer(): void {
    if (this.#endTicks || this.#closing) return;
    const { report } = this.#settings;
    this.#endTicks = startBackgroundTimer(TICK_MS, () => guard(report, () => this.#tick()));
  }

  #stopTimer(): void {
    this.#endTicks?.();
    this.#endTicks = undefined;
  }

  #tick(): void {
    this.#reader?.retry();
    this.expire();
    if (this.#audiences.size === 0 && this.#streams.size === 0) this.#stopTimer();
  }
}

const TICK_MS = 1_000;

function toEvent(event: ServerSentEvent | string): ServerSentEvent {
  return typeof event === "string" ? { data: event } : event;
}
