/**
 * Publishes events that arrive one by one, in their order and in as large batches as have come together
 * while the batch before was on its way.
 *
 * @module
 */

import type { ServerSentEvent } from "../wire/event.ts";
import type { Published } from "./publisher.ts";

/** An event on its way to a stream. */
export interface QueuedEvent {
  /** The stream's name. */
  readonly stream: string;
  /** The event. */
  readonly event: ServerSentEvent;
  /** The line of the source that the event ends in; 0 if lines don't count. */
  readonly line: number;
}

/** Options of a {@linkcode PublishQueue}. */
export interface PublishQueueOptions {
  /** Publishes a batch, as `BroadcastHub.publish()` does. */
  readonly publish: (
    stream: string,
    events: readonly ServerSentEvent[],
  ) => Promise<Pick<Published, "id">>;
  /** Called before the first publish to a stream; a promise is awaited. What it throws ends the queue. */
  readonly onStream?: (stream: string) => void | Promise<void>;
  /** Called once, with the error that ends the queue. */
  readonly onFail: (error: unknown) => void;
}

/** Publishes one batch at a time, and bounds how much waits for it. */
export class PublishQueue {
  readonly #options: PublishQueueOptions;
  readonly #streams = new Set<string>();
  #waiting: QueuedEvent[] = [];
  #waitingCharacters = 0;
  #sending: Promise<void> | undefined;
  #hasFailed = false;
  #error: unknown;
  #added = 0;
  #events = 0;
  #id = "";
  #failedLine: number | undefined;

  /** Begins empty. */
  constructor(options: PublishQueueOptions) {
    this.#options = options;
  }

  /** How many events were added. */
  get added(): number {
    return this.#added;
  }

  /** How many events are published. */
  get events(): number {
    return this.#events;
  }

  /** The id of the last of them; `""` if there is none, or its stream is ephemeral. */
  get id(): string {
    return this.#id;
  }

  /** The line of the first event that could not be published. */
  get failedLine(): number | undefined {
    return this.#failedLine;
  }

  /** Whether as much waits as may wait: then await {@linkcode drained} before adding more. */
  get isFull(): boolean {
    return this.#waiting.length >= MAX_WAITING_EVENTS ||
      this.#waitingCharacters >= MAX_WAITING_CHARACTERS;
  }

  /** Adds an event. */
  add(stream: string, event: ServerSentEvent, line = 0): void {
    this.#added++;
    this.#waiting.push({ stream, event, line });
    this.#waitingCharacters += charactersOf(event);
    // Later in this turn, when everything that came with it has been added.
    this.#sending ??= Promise.resolve().then(() => this.#send());
  }

  /**
   * Resolves when everything is published.
   *
   * @throws {unknown} The first error of a publish; nothing is published after it.
   */
  async drained(): Promise<void> {
    await this.#sending;
    if (this.#hasFailed) throw this.#error;
  }

  async #send(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const waiting = this.#waiting;
        this.#waiting = [];
        this.#waitingCharacters = 0;
        for (let start = 0; start < waiting.length;) {
          const end = batchEnd(waiting, start);
          await this.#publishAll(waiting.slice(start, end));
          start = end;
        }
      }
      this.#sending = undefined;
    } catch (error) {
      this.#hasFailed = true;
      this.#error = error;
      this.#options.onFail(error);
    }
  }

  /** Publishes events in one turn, so that a log can keep all of them in one entry. */
  async #publishAll(queued: readonly QueuedEvent[]): Promise<void> {
    const runs = await this.#open(runsOf(queued));
    const sent: Promise<void>[] = [];
    for (const run of runs) {
      sent.push(this.#publish(run));
      // A stream that has ended refuses a publish before the log is asked.
      if (this.#failedLine !== undefined) break;
    }
    for (const result of await Promise.allSettled(sent)) {
      if (result.status === "rejected") throw result.reason;
    }
  }

  /** Asks for the streams of runs. If one is refused, the runs before it are published. */
  async #open(runs: readonly QueuedEvent[][]): Promise<readonly QueuedEvent[][]> {
    for (const [i, [first]] of runs.entries()) {
      const { stream, line } = first!;
      if (this.#streams.has(stream)) continue;
      try {
        await this.#options.onStream?.(stream);
      } catch (error) {
        if (i > 0) await this.#publishAll(runs.slice(0, i).flat());
        this.#failedLine = line;
        throw error;
      }
      if (this.#streams.size >= MAX_KNOWN_STREAMS) this.#streams.clear();
      this.#streams.add(stream);
    }
    return runs;
  }

  async #publish(run: readonly QueuedEvent[]): Promise<void> {
    const { stream, line } = run[0]!;
    try {
      const { id } = await this.#options.publish(stream, run.map(({ event }) => event));
      this.#events += run.length;
      this.#id = id;
    } catch (error) {
      if (!(error instanceof RangeError) || run.length === 1) {
        this.#failedLine ??= line;
        throw error;
      }
      // The log takes less at once.
      const half = run.length >> 1;
      await this.#publish(run.slice(0, half));
      await this.#publish(run.slice(half));
    }
  }
}

const MAX_WAITING_EVENTS = 1_000;
const MAX_WAITING_CHARACTERS = 65_536;
// Half of what the logs take at once, since JSON may double a text.
const MAX_BATCH_EVENTS = 500;
const MAX_BATCH_CHARACTERS = 32_768;
/** The characters of an event besides its data, roughly. */
const EVENT_CHARACTERS = 40;
const MAX_KNOWN_STREAMS = 1_000;

function charactersOf({ data = "", event = "", comment = "" }: ServerSentEvent): number {
  return data.length + event.length + comment.length + EVENT_CHARACTERS;
}

/** Returns the index after the last event of the batch that begins at an index. */
function batchEnd(queued: readonly QueuedEvent[], start: number): number {
  let characters = 0;
  let end = start;
  while (end < queued.length && end - start < MAX_BATCH_EVENTS) {
    characters += charactersOf(queued[end]!.event);
    if (end > start && characters > MAX_BATCH_CHARACTERS) break;
    end++;
  }
  return end;
}

/** Splits events into runs of one stream each. */
function runsOf(queued: readonly QueuedEvent[]): QueuedEvent[][] {
  const runs: QueuedEvent[][] = [];
  let run: QueuedEvent[] | undefined;
  for (const event of queued) {
    if (run && run[0]!.stream === event.stream) run.push(event);
    else runs.push(run = [event]);
  }
  return runs;
}
