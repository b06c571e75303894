/**
 * Reads an event stream for a time, and notes what arrives when.
 *
 * @module
 */

import { createEventParser } from "../../wire/event_parser.ts";
import { isEventStream } from "./findings.ts";
import type { Answer, Arrival, Watched } from "./observations.ts";

/** How to read. */
export interface WatchOptions {
  readonly headers: Headers;
  /** How long to wait for the head of the answer, in milliseconds. */
  readonly answerMs: number;
  /** How long to read after the head, in milliseconds. */
  readonly readMs: number;
  /** Called when the head has arrived. */
  readonly onHead?: () => void;
  /** Whether enough has arrived. */
  readonly isEnough?: (arrivals: readonly Arrival[]) => boolean;
}

/** Reads a stream. Never rejects. */
export async function watch(url: string, options: WatchOptions): Promise<Watched> {
  const { answerMs, readMs, onHead, headers } = options;
  const controller = new AbortController();
  const { answer, response, startMs } = await ask(
    url,
    { headers, signal: controller.signal },
    answerMs,
    controller,
  );
  if (response !== undefined) onHead?.();
  const reading = new Reading(startMs, answer);
  if (response?.body && isEventStream(answer)) {
    const timer = setTimeout(() => controller.abort(), readMs);
    await reading.read(response.body, controller, options.isEnough);
    clearTimeout(timer);
  }
  controller.abort();
  await response?.body?.cancel().catch(() => {});
  return reading.result();
}

/** Sends a request, and returns the head of its answer. Never rejects. */
export async function answerTo(
  url: string,
  init: RequestInit,
  answerMs: number,
): Promise<Answer> {
  const controller = new AbortController();
  const { answer, response } = await ask(
    url,
    { redirect: "manual", ...init, signal: controller.signal },
    answerMs,
    controller,
  );
  controller.abort();
  await response?.body?.cancel().catch(() => {});
  return answer;
}

interface Asked {
  readonly answer: Answer;
  readonly response?: Response;
  readonly startMs: number;
}

async function ask(
  url: string,
  init: RequestInit,
  answerMs: number,
  controller: AbortController,
): Promise<Asked> {
  const startMs = performance.now();
  const timer = setTimeout(() => controller.abort(), answerMs);
  try {
    const response = await fetch(url, init);
    const { status, headers } = response;
    const tookMs = performance.now() - startMs;
    return { answer: { status, headers: Object.fromEntries(headers), tookMs }, response, startMs };
  } catch (error) {
    const reason = controller.signal.aborted ? "timeout" : messageOf(error);
    const tookMs = performance.now() - startMs;
    return { answer: { status: undefined, headers: {}, tookMs, error: reason }, startMs };
  } finally {
    clearTimeout(timer);
  }
}

/** How many events and comments are enough for any judgement. */
const MAX_ARRIVALS = 20_000;
/** How much of an event's data is kept. */
const MAX_DATA = 500;

/** The reading of one stream. */
class Reading {
  readonly #startMs: number;
  readonly #answer: Answer;
  readonly #arrivals: Arrival[] = [];
  #firstByteMs: number | undefined;
  #lastByteMs: number;
  #longestSilenceMs = 0;
  #end: Watched["end"] = "open";
  #error: string | undefined;

  constructor(startMs: number, answer: Answer) {
    this.#startMs = startMs;
    this.#answer = answer;
    this.#lastByteMs = answer.tookMs;
  }

  async read(
    body: ReadableStream<Uint8Array>,
    controller: AbortController,
    isEnough: WatchOptions["isEnough"] = () => false,
  ): Promise<void> {
    const parser = createEventParser(({ event, data }, id) => {
      const kept = { atMs: this.#now(), event, data: data.slice(0, MAX_DATA) };
      this.#arrivals.push({ ...kept, ...id !== undefined && { id } });
    }, { onComment: () => this.#arrivals.push({ atMs: this.#now() }) });
    // Not a loop over the body: Safari has none.
    const reader = body.getReader();
    try {
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        this.#noteByte();
        parser.push(read.value);
        if (this.#arrivals.length >= MAX_ARRIVALS || isEnough(this.#arrivals)) return;
      }
      this.#end = "ended";
    } catch (error) {
      if (controller.signal.aborted) return;
      this.#end = "cut";
      this.#error = messageOf(error);
    } finally {
      reader.releaseLock();
    }
  }

  result(): Watched {
    const endMs = this.#now();
    const lastSilenceMs = endMs - this.#lastByteMs;
    return {
      ...this.#answer,
      ...this.#error !== undefined && { error: this.#error },
      firstByteMs: this.#firstByteMs,
      arrivals: this.#arrivals,
      longestSilenceMs: Math.max(this.#longestSilenceMs, lastSilenceMs),
      lastSilenceMs,
      end: this.#end,
      endMs,
    };
  }

  #noteByte(): void {
    const nowMs = this.#now();
    this.#firstByteMs ??= nowMs;
    this.#longestSilenceMs = Math.max(this.#longestSilenceMs, nowMs - this.#lastByteMs);
    this.#lastByteMs = nowMs;
  }

  #now(): number {
    return performance.now() - this.#startMs;
  }
}

/** The text of an error, with its causes. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return `${error}`;
  return error.cause === undefined ? error.message : `${error.message}: ${messageOf(error.cause)}`;
}
