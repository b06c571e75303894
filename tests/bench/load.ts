/**
 * The load process: opens connections, reads from them as fast as it can, checks and times every event.
 *
 * @module
 */

import { CheckedStream, type Tally } from "./checked_stream.ts";
import { Histogram } from "./histogram.ts";
import { answerLines, type Line } from "./lines.ts";
import { connectFor, openConnections, postFor, postPaced } from "./load_http.ts";

const tally: Tally = {
  received: 0,
  misplaced: 0,
  broken: 0,
  lastMs: 0,
  latencies: new Histogram(),
};
let startMs = performance.now();
let ended = 0;

await answerLines({}, {
  open,
  reset() {
    Object.assign(tally, { received: 0, misplaced: 0, broken: 0, lastMs: 0 });
    tally.latencies = new Histogram();
    startMs = performance.now();
    return {};
  },
  expect,
  connect: connectFor,
  post: postFor,
  postPaced,
  lastId,
});

/** Opens `connections` connections, and from then on reads from all but the first `stalled`. */
async function open(question: Line): Promise<Line> {
  const { stalled = 0, dataBytes = 100, bufferBytes = 65_536 } = question;
  await openConnections(question, ({ connection, isChunked, rest }, index) => {
    if (index < stalled) return;
    const stream = new CheckedStream(bufferBytes, dataBytes, isChunked, tally);
    stream.space.set(rest);
    stream.take(rest.length);
    void pump(connection, stream);
  });
  return {};
}

async function pump(connection: Deno.Conn, stream: CheckedStream): Promise<void> {
  try {
    for (;;) {
      const bytes = await connection.read(stream.space);
      if (bytes === null) break;
      stream.take(bytes);
    }
  } catch {
    // The connection was cut, which counts like any end.
  }
  ended++;
}

/** Waits for `events` events, or until `withinMs` after the reset; returns what arrived. */
async function expect({ events, withinMs }: Line): Promise<Line> {
  const endMs = startMs + withinMs;
  while (tally.received < events && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { received, misplaced, broken, lastMs, latencies } = tally;
  return {
    received,
    misplaced,
    broken,
    ended,
    tookMs: lastMs - startMs,
    p50Ms: latencies.quantile(0.5) / 1_000,
    p99Ms: latencies.quantile(0.99) / 1_000,
    p999Ms: latencies.quantile(0.999) / 1_000,
  };
}

/** The id that a response begins with, if it comes with the head. */
async function lastId(question: Line): Promise<Line> {
  let text = "";
  await openConnections({ ...question, connections: 1 }, ({ rest }) => {
    text = new TextDecoder().decode(rest);
  });
  return { id: /^id: (.+)$/m.exec(text)?.[1] };
}
