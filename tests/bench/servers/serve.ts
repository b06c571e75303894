/**
 * What all servers of the bench have in common: a port, and events published when the bench says so.
 *
 * @module
 */

import { eventData } from "../data.ts";
import { answerLines, type Line } from "../lines.ts";

/** A server to be compared. */
export interface BenchServer {
  /** Answers `/sse?stream=<name>` with a subscription, `/own` with a stream of its own. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Publishes an event with this data. */
  readonly publish: (stream: string, data: string) => void;
  /** Answers to what only this server can be asked. */
  readonly answers?: Record<string, () => Line>;
}

/** Serves until stdin ends; publishes when told to. */
export async function serve({ fetch, publish, answers }: BenchServer): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, fetch);
  const publishTurn = (events: readonly StreamData[]) => {
    for (const { stream, data } of events) publish(stream, data);
  };
  await answerPublishing({ port: server.addr.port }, publishTurn, answers);
}

/** An event's data and where it goes. */
export interface StreamData {
  /** The stream's name. */
  readonly stream: string;
  /** The data. */
  readonly data: string;
}

/** Answers the bench's questions; `publishTurn` publishes what belongs in one turn. */
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
 * Publishes `events` events, `perTurn` in a turn, the turns `turnMs` apart, to `streams` streams in
 * turn; as fast as can be for `turnMs` 0. With `catchUp`, a turn that comes late publishes all that is due
 * by then, as it would be if the events came from outside. Stops when the time for all of them is over.
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
