/**
 * What all servers of the bench share: a port, and events that are published when the bench asks for them.
 *
 * @module
 */

import { eventData } from "../data.ts";
import { answerLines, type Line } from "../lines.ts";

/** A server to be compared. */
export interface BenchServer {
  /** Answers `/sse?stream=<name>` with a subscription, and `/own` with a stream for this client alone. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Publishes an event with this data. */
  readonly publish: (stream: string, data: string) => void;
  /** Answers to questions that only this server understands. */
  readonly answers?: Record<string, () => Line>;
}

/** Serves until stdin ends, and publishes when asked to. */
export async function serve({ fetch, publish, answers }: BenchServer): Promise<void> {
  const listening = Promise.withResolvers<number>();
  const onListen = ({ port = 0 }) => listening.resolve(port);
  Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, fetch);
  const publishTurn = (events: readonly StreamData[]) => {
    for (const { stream, data } of events) publish(stream, data);
  };
  await answerPublishing({ port: await listening.promise }, publishTurn, answers);
}

/** An event's data and its stream. */
export interface StreamData {
  /** The stream's name. */
  readonly stream: string;
  /** The data. */
  readonly data: string;
}

/** Answers the questions of the bench; `publishTurn` publishes the events of one turn. */
export function answerPublishing(
  first: Line,
  publishTurn: (events: readonly StreamData[]) => void,
  answers: Record<string, () => Line> = {},
): Promise<void> {
  const counts: number[] = [];
  return answerLines(first, {
    publish: (question) => publishPaced(question, counts, publishTurn),
    collectGarbage() {
      (globalThis as { gc?: () => void }).gc?.();
      return {};
    },
    ...answers,
  });
}

/**
 * Publishes `events` events to `streams` streams by turns, `perTurn` in a turn of the event loop, the turns
 * `turnMs` apart, or as fast as possible for a `turnMs` of 0. With `catchUp`, a late turn publishes all
 * events that are due by then, as if they came from outside. Stops when the time for all of them is over.
 */
async function publishPaced(
  { events, perTurn, turnMs, streams = 1, dataBytes, catchUp = false }: Line,
  counts: number[],
  publishTurn: (events: readonly StreamData[]) => void,
): Promise<Line> {
  const startMs = performance.now();
  const endMs = turnMs > 0 ? startMs + turnMs * (events / perTurn) + GRACE_MS : Infinity;
  let published = 0;
  while (published < events && performance.now() < endMs) {
    const waitMs = startMs + published / perTurn * turnMs - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(waitMs, 0)));
    const lateMs = performance.now() - startMs - published / perTurn * turnMs;
    const lateTurns = catchUp ? Math.max(Math.floor(lateMs / turnMs), 0) : 0;
    const size = Math.min(perTurn * (1 + lateTurns), events - published);
    const batch = Array.from({ length: size }, () => {
      const index = published++ % streams;
      const sequence = counts[index] ?? 0;
      counts[index] = sequence + 1;
      return { stream: `s${index}`, data: eventData(sequence, dataBytes) };
    });
    publishTurn(batch);
  }
  return { published, tookMs: performance.now() - startMs };
}

const GRACE_MS = 50;
