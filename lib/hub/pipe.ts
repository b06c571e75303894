/**
 * Piping an event stream into a stream of a hub, and what becomes of the stream when its source ends.
 *
 * @module
 */

import { ANY, checkOptions, type OptionRules } from "../wire/check_options.ts";
import { DURATION } from "../wire/number_option.ts";
import { EventStreamDecoder } from "./event_stream_decoder.ts";
import { Ingest } from "./ingest.ts";
import { checkPublishable, type Published } from "./publisher.ts";
import type { ServerSentEvent } from "../wire/event.ts";

/** Options of `BroadcastHub.pipe()`. */
export interface PipeOptions {
  /**
   * Whether the stream ends when its source ends.
   *
   * @default {false}
   */
  readonly end?: boolean;
  /**
   * What happens to the stream if its source breaks off: if the source fails, is silent for too long or
   * sends something that can't be published, or if `signal` is aborted. `"keep"`: nothing happens.
   * `"end"`: the stream ends. Any other text: an event of this type with the data `{}` is published, and
   * the stream ends. By default `"end"` with the option `end`, else `"keep"`.
   */
  readonly abort?: string;
  /**
   * The most bytes of one event. A source that sends a longer event breaks off.
   *
   * @default {16_777_216}
   */
  readonly maxEventBytes?: number;
  /**
   * The longest silence between two events, in milliseconds. Any byte counts, such as a comment. 0 is
   * off.
   *
   * @default {0}
   */
  readonly idleMs?: number;
  /**
   * The longest silence within an event, in milliseconds. 0 is off.
   *
   * @default {0}
   */
  readonly stallMs?: number;
  /** Breaks the source off when the signal is aborted. */
  readonly signal?: AbortSignal;
}

/** The result of a pipe. */
export interface Piped {
  /** The id of the last event; `""` if there was no event, or the stream is ephemeral. */
  readonly id: string;
  /** How many events were published. */
  readonly events: number;
}

/** Thrown when a pipe breaks off. `cause` is the error that broke it off. */
export class PipeError extends Error implements Piped {
  /** Always `PipeError`. */
  override readonly name = "PipeError";
  /** The id of the last event that was published; `""` if there was no event. */
  readonly id: string;
  /** How many events were published. */
  readonly events: number;

  /** Makes the error of a pipe into a stream. */
  constructor(stream: string, { id, events }: Piped, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : `${cause}`;
    super(`Cannot pipe into stream "${stream}": ${reason}`, { cause });
    this.id = id;
    this.events = events;
  }
}

/** The part of a hub that a pipe uses. */
export interface PipeTarget {
  /** Publishes a batch, as `BroadcastHub.publish()` does. */
  readonly publish: (name: string, events: readonly ServerSentEvent[]) => Promise<Published>;
  /** Ends a stream, as `BroadcastHub.end()` does. */
  readonly end: (name: string) => Promise<boolean>;
}

/** What becomes of a stream when its source ends: see {@linkcode PipeOptions}. */
export type SourceEnd = Pick<PipeOptions, "end" | "abort">;

const RULES: OptionRules<PipeOptions> = {
  end: ANY,
  abort: ANY,
  maxEventBytes: { above: 0 },
  idleMs: DURATION,
  stallMs: DURATION,
  signal: ANY,
};

/** The pipes of a hub. */
export class Pipes {
  readonly #hub: PipeTarget;
  readonly #open = new Set<Ingest>();

  /** Begins without pipes. */
  constructor(hub: PipeTarget) {
    this.#hub = hub;
  }

  /** Pipes a source into a stream. Throws and rejects as `BroadcastHub.pipe()` does. */
  pipe(name: string, source: ReadableStream<Uint8Array>, options: PipeOptions): Promise<Piped> {
    checkOptions("pipe", options, RULES);
    checkAbort(options.abort);
    const { maxEventBytes = 16_777_216, idleMs = 0, stallMs = 0 } = options;
    const ingest = new Ingest(source, {
      publish: this.#hub.publish,
      decode: (queue) => new EventStreamDecoder(queue, name, maxEventBytes),
      idleMs,
      stallMs,
    });
    return this.#run(name, ingest, options);
  }

  /** Breaks all pipes off, and changes nothing about their streams. */
  close(error: unknown): void {
    for (const ingest of this.#open) ingest.stop(error);
  }

  async #run(name: string, ingest: Ingest, options: PipeOptions): Promise<Piped> {
    const { queue, reader } = ingest;
    const { signal } = options;
    const stop = () => ingest.stop(signal!.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    this.#open.add(ingest);
    try {
      await ingest.run();
      if (options.end) await this.#hub.end(name);
    } catch (error) {
      await reader.cancel(error);
      await breakOff(this.#hub, name, options);
      throw new PipeError(name, queue, error);
    } finally {
      this.#open.delete(ingest);
      signal?.removeEventListener("abort", stop);
    }
    return { id: queue.id, events: queue.events };
  }
}

/**
 * Checks what is to happen if a source breaks off.
 *
 * @throws {TypeError} If `abort` is neither `end`, `keep` nor a type that can be published.
 */
export function checkAbort(abort: string | undefined): void {
  if (abort === undefined) return;
  if (abort === "") throw new TypeError('Cannot pipe: abort must be "end", "keep" or a type');
  checkPublishable({ event: abort, data: "{}" });
}

/** Does to a stream what is to happen if its source breaks off. */
export async function breakOff(
  hub: PipeTarget,
  name: string,
  { end, abort = end ? "end" : "keep" }: SourceEnd,
): Promise<void> {
  if (abort === "keep") return;
  try {
    if (abort !== "end") await hub.publish(name, [{ event: abort, data: "{}" }]);
    await hub.end(name);
  } catch {
    // The caller reports why the source broke off; whoever publishes to the stream next gets this error.
  }
}
