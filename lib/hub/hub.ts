/**
 * The broadcast shape: named streams, whose events reach every subscriber in one order.
 *
 * @module
 */

import { Audiences } from "./audiences.ts";
import { startBackgroundTimer } from "../wire/background_timer.ts";
import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";
import { Counters } from "./counters.ts";
import { checkDisconnect, type DisconnectOptions, Disconnects } from "./disconnects.ts";
import {
  type ClientExplanation,
  explain,
  explainClient,
  type ExplainSource,
  type Explanation,
} from "./explain.ts";
import type { ServerSentEvent } from "../wire/event.ts";
import { eventStreamHeaders } from "../wire/event_response.ts";
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
import { type Piped, type PipeOptions, Pipes } from "./pipe.ts";
import { type Published, Publisher } from "./publisher.ts";
import { guard } from "../wire/report.ts";
import { listStreams, listSubscribers } from "./lists.ts";
import { type EventPage, ReadBack, type ReadBackOptions } from "./read_back.ts";
import { Sequencer } from "./sequencer.ts";
import { stagger } from "../wire/stagger.ts";
import {
  type HubStats,
  hubStats,
  type StreamDetails,
  streamDetails,
  type StreamInfo,
  type StreamListOptions,
  type SubscriberInfo,
  type SubscriberListOptions,
} from "./stats.ts";
import { checkStreamOptions, type StreamOptions } from "./stream_options.ts";
import { Streams } from "./streams.ts";
import { checkStreamName } from "../wire/stream_name.ts";
import { checkStreamNames, parseSubscribeRequest } from "./subscribe_request.ts";
import { checkFilter, type ClientIdentity, type SubscriberFilter } from "./subscriber_filter.ts";
import { Subscribers } from "./subscribers.ts";
import type { Trace } from "./trace.ts";
import { Traces } from "./traces.ts";
import { problem } from "../wire/problem.ts";
import { Subscriptions } from "./subscriptions.ts";

/**
 * A hub: named streams and their subscribers.
 *
 * The hub encodes an event once. All events of a turn go out as one chunk, which all current subscribers
 * share. A subscriber that falls behind costs one number, its cursor, until it has caught up. If events
 * that it still needs are evicted, the stream's {@linkcode SlowPolicy} decides.
 *
 * A hub does not keep a process alive. An open subscription does, until it ends.
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
  readonly #readBack: ReadBack;
  readonly #closed = new AbortController();
  readonly #counters = new Counters();
  readonly #pipes = new Pipes({
    publish: (name, events) => this.publish(name, events),
    end: (name) => this.end(name),
  });
  readonly #subscribers = new Subscribers();
  readonly #traces = new Traces((subscriber) => this.#subscribers.idOf(subscriber));
  readonly #disconnects: Disconnects;
  readonly #ready: Promise<void>;
  #isReady = false;
  #endTicks: (() => void) | undefined;
  #isDraining = false;
  #closing: Promise<void> | undefined;

  /**
   * Makes a hub without streams.
   *
   * @throws {TypeError} If an option is unknown.
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
    const source = {
      sequencer: this.#sequencer,
      progress: this.#progress,
      counters: this.#counters,
      subscribers: this.#subscribers,
      traces: this.#traces,
      reader: this.#reader,
      now,
      maxAudiences: this.#settings.maxAudiences,
    };
    this.#audiences = new Audiences(this.#streams, source);
    this.#readBack = new ReadBack({ ...source, streams: this.#streams, settings: this.#settings });
    this.#subscriptions = new Subscriptions(
      this.#settings,
      this.#progress,
      this.#audiences,
      this.#counters,
      this.#subscribers,
    );
    const { onDisconnect } = this.#settings;
    this.#disconnects = new Disconnects({
      subscribers: this.#subscribers,
      log,
      report,
      onDisconnect,
    });
    this.#ready = this.#open();
    // Callers that await it get the error; a hub whose `ready` nobody awaits must not end the process.
    this.#ready.catch(() => {});
  }

  /**
   * Resolves when the log is open and has delivered its entries; at once with a log in memory. Until
   * then, clients are asked to reconnect later, and publishing is refused.
   *
   * @throws {unknown} The log's error, if the log can't be opened and retrying would not help.
   */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** The id of this hub: random, and what the ids of its connections begin with. */
  get id(): string {
    return this.#subscribers.prefix;
  }

  /** Whether events can be published now, judging by the log's last contact with its store. */
  get isLogUp(): boolean {
    return this.#settings.log.isUp;
  }

  /**
   * Creates a stream before its first publish, or sets options of an existing stream. The hub does not
   * forget such a stream, even without publishes, until the stream is ended or removed.
   *
   * @throws {TypeError} If the name can't be a stream's name, if an option is unknown, or if `ephemeral`
   * would change although the stream has had events.
   * @throws {RangeError} If an option is out of range.
   * @throws {HubError} Code `full` if there are too many streams, `ended` if the stream has ended,
   * `closed` if the hub is closed.
   */
  createStream(name: string, options: StreamOptions = {}): void {
    checkStreamOptions(options);
    this.#checkOpen("create stream");
    const stream = this.#publisher.open(name, `create stream "${name}"`);
    stream.declare(options);
    this.#startTimer();
  }

  /** Whether a stream with this name exists. A name that has only subscribers is not a stream yet. */
  hasStream(name: string): boolean {
    return this.#streams.get(name) !== undefined;
  }

  /** Describes a stream, with its options; `undefined` if no stream has this name. */
  stream(name: string): StreamDetails | undefined {
    const stream = this.#streams.get(name);
    return stream && streamDetails(stream);
  }

  /**
   * Lists the streams, sorted by name: all of them, or one page. The cost is proportional to the length
   * of the list, or with `search` or `sort` to the number of streams.
   *
   * @throws {TypeError} If an option is unknown.
   * @throws {RangeError} If `limit` or `offset` is not a number of at least 0, or there is no order `sort`.
   */
  streams(options: StreamListOptions = {}): StreamInfo[] {
    return listStreams(this.#streams, options);
  }

  /**
   * Lists the subscribers of this instance in the order in which they connected: all of them, those that
   * a filter means, or a page of them. {@linkcode stats} counts them. A page costs 10 ns for each
   * connection before it.
   *
   * @throws {TypeError} If an option is unknown.
   * @throws {RangeError} If `limit` or `offset` is not a number of at least 0, or there is no order `sort`.
   */
  subscribers(options: SubscriberListOptions = {}): SubscriberInfo[] {
    return listSubscribers(this.#subscribers, this.#sequencer.head, options);
  }

  /**
   * Disconnects clients, here at once and on every other instance of a shared log within a second. Each
   * gets a `goaway`. Without `denyUntil` they may reconnect. With it, clients with this address, subject
   * or token get a 403 until then, on every instance, also on one that starts later. A denial holds on
   * the instances that know of it; the newest 10 000 are kept.
   *
   * @returns How many connections of this instance were ended, once the log's store has the order.
   * Rejects with code `unreachable` if the store can't be reached: then the order is carried out here
   * alone.
   * @throws {TypeError} If the filter is empty or has an unknown member; if there is a `denyUntil`, and
   * the filter is not one `address`, `subject` or `tokenId`.
   * @throws {RangeError} If `denyUntil` is not a number, or more than 30 days from now.
   * @throws {HubError} Code `closed`, if the hub is closed.
   */
  disconnect(filter: SubscriberFilter, options: DisconnectOptions = {}): Promise<number> {
    checkDisconnect(filter, options);
    this.#checkOpen("disconnect clients");
    return this.#disconnects.disconnect(filter, options);
  }

  /**
   * Returns until when a client may not subscribe, in milliseconds since 1970; `undefined` if it may.
   * {@linkcode subscribe} asks this itself.
   */
  deniedUntil(client: ClientIdentity): number | undefined {
    return this.#disconnects.deniedUntil(client);
  }

  /**
   * Returns what was decided about a connection of this instance: while it is open, and for an hour after
   * its end, as long as 15 MiB suffice for all. `undefined` for any other id.
   */
  trace(id: string): Trace | undefined {
    const subscriber = this.#subscribers.get(id);
    return subscriber ? this.#traces.of(subscriber) : this.#traces.get(id);
  }

  /**
   * Explains why a connection of this instance did or did not get an event: see {@linkcode Outcome}.
   *
   * @param id The id of the connection, open or ended within the last hour.
   * @param eventId The id of the event, as `publish()` returned it, or the key that its publisher gave it.
   * @returns `undefined` if the connection is not known here.
   */
  explain(id: string, eventId: string): Promise<Explanation | undefined> {
    return explain(id, eventId, this.#explainSource());
  }

  /**
   * Explains why a client did or did not get an event, for each connection of this instance that a filter
   * means: the open ones, and those that ended within the last hour.
   *
   * @param filter The client: its address, subject or token; also a stream or the id of one connection.
   * @param eventId The id of the event, as `publish()` returned it, or the key that its publisher gave it.
   * @returns The newest 20 connections, open ones first.
   * @throws {TypeError} If the filter is empty or has an unknown member.
   */
  explainClient(filter: SubscriberFilter, eventId: string): Promise<ClientExplanation> {
    checkFilter("explain an event", filter);
    return explainClient(filter, eventId, this.#explainSource());
  }

  /**
   * Removes a stream and its history from this hub. Connections that subscribe to this stream only end,
   * reason `closed`. The entries of the stream stay in a shared log.
   *
   * @returns Whether the stream existed.
   */
  removeStream(name: string): boolean {
    const stream = this.#streams.get(name);
    if (!stream) return false;
    this.#sequencer.flush();
    for (const audience of stream.audiences) {
      if (audience.names.length === 1) audience.close("removed");
    }
    this.#streams.remove(stream);
    return true;
  }

  /**
   * Ends a stream. Its subscribers get every event of it; then their responses end, unless they also
   * subscribe to a stream that goes on. For as long as the history would keep an event, publishing to the
   * stream is refused, and a client that has every event gets an event `ended` or a 204: see
   * {@linkcode subscribe}.
   *
   * @returns Whether the stream existed, once the log has the end. Rejects as {@linkcode publish} does.
   * @throws {HubError} Code `closed`, if the hub is closed.
   */
  end(name: string): Promise<boolean> {
    this.#checkOpen("end stream");
    return this.#publisher.end(name);
  }

  /**
   * Publishes an event or a batch of events. A batch is accepted as a whole or refused as a whole. A
   * string is an event's `data`. The stream is created if it does not exist.
   *
   * The `id` of an event is the publisher's key: while the key is known, a second event with this key on
   * the same stream is not sent, and its publisher gets the id of the first event. A shared log knows a
   * key, for all hubs, for as long as its retention keeps an entry; a log in memory knows a key while the
   * history keeps the event. The id on the wire is always the hub's. Publishing never waits for a
   * subscriber and never fails because of a subscriber.
   *
   * @returns The id of the event, once the log has kept and delivered the event. Bad input throws at
   * once.
   * @throws {TypeError} If the name can't be a stream's name; if an event can't be encoded, has neither
   * `data`, `comment` nor `retry`, or has a reserved type (`hello`, `gap`, `reset`, `ended`, `goaway`,
   * `expired`, `cursor`, `heartbeat`, `open`, `error`); if the batch is empty.
   * @throws {RangeError} If an event's `retry` is out of range, or the batch is too large for the log.
   * @throws {HubError} Code `ended` if the stream has ended, `closed` if the hub is closed, `full` if
   * there are too many streams. Rejects with code `unreachable` if the log is unreachable, and with
   * `lost` if the log has lost the event: give an event a key if you will publish it again in these
   * cases.
   */
  publish(
    name: string,
    event: ServerSentEvent | string | readonly (ServerSentEvent | string)[],
  ): Promise<Published> {
    this.#checkOpen("publish");
    this.#startTimer();
    const batch = Array.isArray(event) ? event.map(toEvent) : [toEvent(event as ServerSentEvent)];
    return this.#publisher.publish(name, batch);
  }

  /**
   * Publishes the events of an event stream, such as the body of a response, as they arrive. Reads on only
   * when the log has kept what came before; a source that is faster waits.
   *
   * Types and data arrive as they are, except that a reserved type becomes `app:<type>`. An `id` becomes
   * the key of its event, if it can be one (at most 128 characters of printable ASCII). `retry` and
   * comments are dropped, and so is an event that is unfinished when the source ends.
   *
   * Whoever subscribes to the stream watches the source: from the start with `?since=earliest`, and across
   * reconnects and reloads. A viewer who leaves does not stop the source.
   *
   * @param source Bytes of `text/event-stream`. The hub locks it, and cancels it if the pipe breaks off.
   * @returns How much was published, once the source has ended and the log has everything. A wrong argument
   * throws at once.
   * @throws {TypeError} If the name can't be a stream's name, an option is unknown, `abort` can't be a type,
   * or the source is locked.
   * @throws {RangeError} If an option is out of range.
   * @throws {HubError} Code `closed`, if the hub is closed. Rejects with a {@linkcode PipeError} if the pipe
   * breaks off: if the source fails or is silent for too long, if the signal is aborted, or if
   * {@linkcode publish} fails.
   *
   * @example
   * ```ts
   * import { BroadcastHub } from "@sse/hub";
   * import { assertEquals } from "@std/assert";
   *
   * await using hub = new BroadcastHub();
   * const answer = new Response("data: Hello\n\ndata: [DONE]\n\n");
   * const { events } = await hub.pipe("answers/1", answer.body!, { end: true });
   * assertEquals([events, hub.stream("answers/1")?.isEnded], [2, true]);
   * ```
   */
  pipe(
    name: string,
    source: ReadableStream<Uint8Array>,
    options: PipeOptions = {},
  ): Promise<Piped> {
    this.#checkOpen("pipe");
    checkStreamName(name);
    return this.#pipes.pipe(name, source, options);
  }

  /**
   * Subscribes a client to the streams that its request names (`?stream=`, up to 32 times).
   *
   * The first event is `hello`, whose id is where the client starts. A newcomer, a client without an id,
   * gets events published from now on; before them, `?since=earliest`, `?since=<n>` or the stream's
   * `replayEvents` add kept events. A client with an id, in the header `Last-Event-ID` or as
   * `?lastEventId=`, gets exactly the events after this id. It gets an event `gap` where some of these
   * events are gone. If its id means nothing to this hub, it gets an event `reset` before `hello`.
   *
   * {@linkcode ModeOptions} describes the modes, which change this: `control`, `heartbeat`, `label`,
   * `format` and `event`.
   *
   * @returns The open response, or one of these: 400 or 405 with problem details (RFC 9457), if the
   * request can never work; the response of {@linkcode retryLater}, if the hub is not ready, draining or
   * closed, or if a stream has too many audiences. If all streams have ended and the client has every
   * event, a request with an id and exactly `Accept: text/event-stream` and `Cache-Control: no-cache` gets
   * a 204, which stops an `EventSource`; any other request gets a 200 with an event `ended`, because a 204
   * makes other clients reconnect.
   * @throws {TypeError} If an option is unknown, `options.streams` has a text that can't be a stream's
   * name, `options.event` one that can't be a type's, or `options.headers` a name or value that can't be a
   * header's.
   * @throws {RangeError} If `options.expiresInMs` is not a number, or a mode is unknown.
   * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header}
   */
  subscribe(request: Request, options: SubscribeOptions = {}): Response {
    checkSubscribeOptions(options);
    const wanted = parseSubscribeRequest(request, options);
    if (wanted instanceof Response) return wanted;
    if (this.#closing || this.#isDraining) {
      return this.#subscriptions.refuse(request, "draining", wanted.mode, options);
    }
    if (!this.#isReady) {
      return this.#subscriptions.refuse(request, "unavailable", wanted.mode, options);
    }
    const deniedMs = options.client && this.deniedUntil(options.client);
    if (deniedMs !== undefined) return refuseDenied(deniedMs);
    if (request.method === "HEAD") return new Response(null, { headers: eventStreamHeaders });
    this.#startTimer();
    return this.#subscriptions.open(request, wanted, options);
  }

  /**
   * Returns the id of the newest event of the hub's log. A page that is made now, and whose client then
   * subscribes to these streams with this id, gets exactly the events that the page does not show. Take the
   * position before you read what the page shows.
   *
   * @param names The streams that the client will subscribe to: one, or up to 32.
   * @throws {TypeError} If there is no name, there are too many, or one can't be a stream's name.
   * @throws {HubError} Code `closed` if the hub is closed, `unreachable` if it is not {@linkcode ready}.
   */
  position(names: string | readonly string[]): string {
    this.#checkReadable("tell position");
    checkStreamNames("tell position", names);
    return this.#progress.headId;
  }

  /**
   * Reads events back, from the histories and from the log: the events that a subscriber with the id `after`
   * would get, as one page. With `since`, the page begins as for a newcomer with this `since`. Ephemeral
   * streams have none.
   *
   * @param names The streams: one, or up to 32.
   * @returns The page. Rejects with the signal's reason if the signal is aborted, and with a
   * {@linkcode HubError} of code `unreachable` if too many reads of the log wait. While the log is
   * unreachable, the promise waits: give it a signal. Wrong arguments throw at once.
   * @throws {TypeError} If a name can't be a stream's name, or an option is unknown.
   * @throws {RangeError} If `limit` is not a whole number from 1 to 1 000, or `since` not a number of at least 0.
   * @throws {HubError} Code `closed` if the hub is closed, `unreachable` if it is not {@linkcode ready}.
   *
   * @example
   * ```ts
   * import { BroadcastHub } from "@sse/hub";
   * import { assertEquals } from "@std/assert";
   *
   * await using hub = new BroadcastHub();
   * const { id } = await hub.publish("news", ["one", "two", "three"]);
   * const { events, next, more } = await hub.read("news", { limit: 2 });
   * assertEquals([events.map(({ data }) => data), more], [["one", "two"], true]);
   * const last = await hub.read("news", { after: next });
   * assertEquals([last.events[0]?.data, last.next, last.more], ["three", id, false]);
   * ```
   */
  read(names: string | readonly string[], options: ReadBackOptions = {}): Promise<EventPage> {
    checkOptions("read events", options, READ_RULES);
    this.#checkReadable("read events");
    const streams = checkStreamNames("read events", names);
    this.#startTimer();
    const { after = "", since, limit = 100 } = options;
    const { log } = this.#settings;
    const isKnown = after !== "" && this.#progress.knows(after, log);
    const closed = this.#closed.signal;
    const signal = options.signal ? AbortSignal.any([options.signal, closed]) : closed;
    const start = { afterId: isKnown ? after : undefined, since, limit, signal };
    return this.#readBack.page(streams, start)
      .then((page) => ({ ...page, reset: after !== "" && !isKnown }));
  }

  /**
   * Evicts events that are too old, and forgets streams that nobody needs: those without events and
   * subscribers that were not created, published to or ended within `historyMs`. The hub does this every
   * second.
   */
  expire(): void {
    this.#sequencer.flush();
    this.#streams.expire(this.#settings.now());
    this.#disconnects.expire();
    this.#traces.expire(Date.now());
  }

  /** Returns the stats of this instance. */
  stats(): HubStats {
    return hubStats({
      counters: this.#counters,
      sequencer: this.#sequencer,
      streams: this.#streams,
      open: this.#subscribers.values(),
      log: this.#settings.log.stats?.(),
    });
  }

  /**
   * Ends all subscribers, each at a random moment within `withinMs` milliseconds, and asks each client to
   * reconnect in 5 to 15 seconds. With a shared log, another instance can serve the client, so the time is
   * 0.1 to 1 second. New clients are asked to reconnect later. Events published meanwhile reach the
   * subscribers that are still connected. Close the hub afterwards.
   *
   * @returns A promise that resolves when the last subscriber has ended.
   */
  async drain(withinMs: number): Promise<void> {
    this.#isDraining = true;
    const subscribers = [...this.#audiences].flatMap((audience) => [...audience.subscribers]);
    await stagger(subscribers, withinMs, ({ response }) => response.goAway("draining"));
  }

  /**
   * Ends all subscribers, reason `closed`, refuses publishers, and asks new clients to reconnect later.
   * May be called twice.
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

  #explainSource(): ExplainSource {
    const { log, now } = this.#settings;
    this.#sequencer.flush();
    return {
      streams: this.#streams,
      subscribers: this.#subscribers,
      traces: this.#traces,
      progress: this.#progress,
      log,
      now,
    };
  }

  async #close(): Promise<void> {
    this.#sequencer.flush();
    this.#stopTimer();
    this.#pipes.close(new HubError("closed", "Cannot pipe: the hub is closed"));
    this.#closed.abort(new HubError("closed", "Cannot read events: the hub is closed"));
    for (const audience of this.#audiences) audience.close("draining");
    await this.#disconnects.close();
    try {
      await this.#settings.log.close();
    } finally {
      // The log has kept these events, so their publishers must not get an error.
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
    if (log.notes) await this.#disconnects.open();
    this.#isReady = true;
  }

  #checkReadable(action: string): void {
    this.#checkOpen(action);
    if (this.#isReady) return;
    throw new HubError("unreachable", `Cannot ${action}: the event log is not open yet`);
  }

  #checkOpen(action: string): void {
    if (this.#closing) throw new HubError("closed", `Cannot ${action}: the hub is closed`);
  }

  // The timer runs while there are streams or audiences.
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
    this.#streams.measure(performance.now());
    this.expire();
    if (this.#audiences.size === 0 && this.#streams.size === 0) this.#stopTimer();
  }
}

const TICK_MS = 1_000;
const READ_RULES: OptionRules<ReadBackOptions> = {
  after: ANY,
  since: { min: 0 },
  limit: { min: 1, max: 1_000, isWhole: true },
  signal: ANY,
};

/** Refuses a client that is denied. An `EventSource` does not reconnect after a 403. */
function refuseDenied(untilMs: number): Response {
  return problem(403, `This client may not subscribe until ${new Date(untilMs).toISOString()}`);
}

function toEvent(event: ServerSentEvent | string): ServerSentEvent {
  return typeof event === "string" ? { data: event } : event;
}
