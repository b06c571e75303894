/**
 * A subscription, as the application sees it: what arrives, for a loop and for listeners.
 *
 * @module
 */

import type { ParsedEvent } from "../wire/event_parser.ts";
import { connect } from "./connection.ts";
import type { ControlData } from "./control_message.ts";
import type { Failure } from "./failure.ts";
import { thisHost } from "./host.ts";
import type { StoredId } from "./id_store.ts";
import { keepConnected, type Link } from "./keep_connected.ts";
import type { Events, ListenerEvent, Message } from "./message.ts";
import { type MessageQueue, messageQueue } from "./message_queue.ts";
import type { SubscriptionOptions } from "./options.ts";
import type { State } from "./state.ts";

/**
 * A subscription to an event stream, which {@linkcode subscribe} opens. It reconnects by itself until the
 * stream ends, the server refuses for good, or the application closes it.
 *
 * A loop over it gets the application's events, `gap` and `reset`, in order. Leaving the loop closes the
 * subscription. Besides, each event is dispatched by its type, as an `EventSource` does; and
 * `statechange` when {@linkcode Subscription.state} or {@linkcode Subscription.isOffline} has changed.
 * Where an application uses the types `statechange` and `invalid` itself, only its own events are a
 * `MessageEvent`.
 */
export class Subscription<Map extends Events> extends EventTarget
  implements AsyncIterableIterator<Message<Map>, undefined> {
  readonly #options: SubscriptionOptions<Map>;
  readonly #link: Link;
  readonly #stored: StoredId | undefined;
  /** The types that somebody has listened to. */
  readonly #heard = new Set<string>();
  #queue: MessageQueue<Message<Map>> | undefined;
  #state: State = { name: "connecting" };
  #lastEventId: string;
  /** Lets it connect: no event is to come before somebody listens. */
  #listen!: () => void;

  /** Use {@linkcode subscribe}. */
  constructor(url: URL, options: SubscriptionOptions<Map>) {
    super();
    const { host = thisHost, share, store, signal, page } = options;
    this.#options = options;
    this.#lastEventId = options.lastEventId ?? "";
    this.#stored = store?.(url.href, host);
    const shared = share?.join(connect, options);
    this.#link = keepConnected(url, {
      host,
      options,
      fixedMs: options.silenceMs,
      transport: shared?.run ?? connect,
      ready: this.#prepare(),
      lastEventId: () => this.#lastEventId,
      leave: () => this.#stored?.flush(),
      take: (event, control, signal) => this.#take(event, control, signal),
      show: (state = this.#state) => {
        this.#state = state;
        shared?.tell(state);
        this.#dispatch(new Event("statechange"));
        this.#endQueue();
      },
    });
    page?.(this.#link, options);
    if (signal?.aborted) this.close();
    // The link has a signal too: it takes the listener back at the end.
    signal?.addEventListener("abort", () => this.close(), this.#link);
  }

  /** What the subscription does, and why. */
  get state(): State {
    return this.#state;
  }

  /** The id of the last event that has arrived; `""` before the first. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** Whether the browser knows that it is offline. The connection stays open, and is tried all the same. */
  get isOffline(): boolean {
    return !!this.#link.isOffline;
  }

  /** Returns the next message: an event, or a `gap` or `reset`. Rejects once if the server has refused. */
  next(): Promise<IteratorResult<Message<Map>, undefined>> {
    return this[Symbol.asyncIterator]().#queue!.next();
  }

  /** Closes the subscription; a loop does so when it is left. */
  return(): Promise<IteratorResult<Message<Map>, undefined>> {
    this[Symbol.asyncIterator]().#queue!.end(true);
    const last = this.next();
    this.close();
    return last;
  }

  /** Returns itself. There is one queue of messages, however many loops there are. */
  [Symbol.asyncIterator](): this {
    if (!this.#queue) {
      const { maxMessages = 1_000 } = this.#options;
      this.#queue = messageQueue(maxMessages, (id) => this.#stored?.write(id));
      this.#endQueue();
      this.#listen();
    }
    return this;
  }

  /** Listens to events of a type. */
  override addEventListener<Type extends string>(
    type: Type,
    listener:
      | ((event: ListenerEvent<Map, Type>) => unknown)
      | { handleEvent(event: Event): void }
      | null,
    options?: Parameters<EventTarget["addEventListener"]>[2],
  ): void {
    super.addEventListener(type, listener as EventListener, options);
    this.#heard.add(type);
    if (type !== "statechange") this.#listen();
  }

  /**
   * Subscribes to other streams instead, without missing an event or getting one twice: the connection
   * is replaced once the next one is open, and goes on after the same id.
   *
   * @returns A promise of the moment when the next connection is open. It rejects if the server refuses
   * the streams; then the subscription stays as it was.
   */
  setStreams(streams: readonly string[]): Promise<void> {
    return this.#options.setStreams!(this.#link, streams);
  }

  /** Closes the connection for good. May be called twice. The stream itself goes on. */
  close(): void {
    this.#link.end({ name: "closed" });
  }

  async #prepare(): Promise<void> {
    await new Promise<void>((resolve) => this.#listen = resolve);
    this.#lastEventId ||= await this.#stored?.read() ?? "";
  }

  #take(
    event: ParsedEvent,
    control: ControlData | undefined,
    signal: AbortSignal,
  ): void | Promise<void> {
    const isParsed = !control && event.event && this.#options.parse;
    return isParsed ? this.#parse(event, signal) : this.#deliver(event, event.data, control);
  }

  async #parse(event: ParsedEvent, signal: AbortSignal): Promise<void> {
    let data: unknown;
    try {
      data = await this.#options.parse!(event.data, event.event);
    } catch (error) {
      if (!signal.aborted) this.#dispatch(Object.assign(new Event("invalid"), { ...event, error }));
    }
    if (!signal.aborted) await this.#deliver(event, data);
  }

  /** Hands an event to the loop and the listeners; without data, only its id counts. */
  #deliver(
    { event, lastEventId }: ParsedEvent,
    data: unknown,
    control?: ControlData,
  ): void | Promise<void> {
    this.#lastEventId = lastEventId;
    const isLoss = control && /gap|reset/.test(event);
    const streams = control && { streams: control.streams ?? [] };
    const message = { event, data, lastEventId, ...streams };
    if (isLoss && !this.#queue && !this.#heard.has(event)) this.#options.onUnheardLoss?.(event);
    const isEvent = event && data !== undefined;
    if (isEvent) this.#dispatch(Object.assign(new MessageEvent(event, message), streams));
    if (!this.#queue) return this.#stored?.write(lastEventId);
    const isForLoop = isEvent && (!control || isLoss || this.#options.control);
    return this.#queue.push(isForLoop ? message as Message<Map> : undefined, lastEventId);
  }

  #dispatch(event: Event): void {
    if (this.#heard.has(event.type)) this.dispatchEvent(event);
  }

  /** Ends the queue if the subscription is over. */
  #endQueue(): void {
    const { name, error } = this.#state as { name: State["name"]; error?: Failure };
    if (this.#link.signal.aborted) this.#queue?.end(name === "closed", error);
  }
}

/** Stops listening takes the same listeners. */
export interface Subscription<Map extends Events> {
  /** Stops listening to events of a type. */
  removeEventListener<Type extends string>(
    type: Type,
    listener:
      | ((event: ListenerEvent<Map, Type>) => unknown)
      | { handleEvent(event: Event): void }
      | null,
    options?: boolean | EventListenerOptions,
  ): void;
}
