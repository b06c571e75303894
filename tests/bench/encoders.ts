/**
 * The hub's encoder and those of other libraries, in a process of their own.
 *
 * @module
 */

import { encodeEvent } from "../../lib/wire/event.ts";
import { answerLines, type Line } from "./lines.ts";

interface Sample {
  readonly id: string;
  readonly data: string;
}

/** Encodes a sample's events `times` times; returns the number of characters. */
type Encoder = (sample: Sample, times: number) => number | Promise<number>;

const SECONDS = 0.7;
const TIMES = 1_000;

const samples: Record<string, Sample> = {
  short: { id: "controller-1", data: "price: 1.08 EUR/USD." },
  long: { id: "controller-1", data: "x".repeat(8_192) },
  "many lines": { id: "controller-1", data: Array(100).fill("y".repeat(40)).join("\n") },
};

const encoders: Record<string, () => Promise<Encoder>> = {
  hub: () => Promise.resolve(repeat(encodeEvent)),
  async better_sse() {
    const specifier = "npm:better-sse@0.16.1";
    const { createEventBuffer } = await import(specifier);
    const buffer = createEventBuffer({ serializer: (data: string) => data });
    return repeat(({ id, data }) => {
      buffer.clear();
      return buffer.push(data, "message", id).read();
    });
  },
  async hono() {
    const specifier = "npm:hono@4.10.6/streaming";
    const { SSEStreamingApi } = await import(specifier);
    const { readable, writable } = new TransformStream();
    const stream = new SSEStreamingApi(writable, readable);
    let text = "";
    stream.write = (written: string) => void (text = written);
    return async (sample, times) => {
      let length = 0;
      for (let i = 0; i < times; i++) {
        await stream.writeSSE(sample);
        length += flat(text);
      }
      return length;
    };
  },
};

function repeat(encode: (sample: Sample) => string): Encoder {
  return (sample, times) => {
    let length = 0;
    for (let i = 0; i < times; i++) length += flat(encode(sample));
    return length;
  };
}

/** Makes the engine build the text, which it otherwise keeps as a list of parts. */
function flat(text: string): number {
  return text.charCodeAt(text.length - 1);
}

await answerLines({}, {
  async encode({ server, kind }: Line): Promise<Line> {
    const encoder = await encoders[server]!();
    const sample = samples[kind]!;
    await encoder(sample, 2_000);
    const startMs = performance.now();
    let events = 0;
    while (performance.now() - startMs < SECONDS * 1_000) {
      await encoder(sample, TIMES);
      events += TIMES;
    }
    return { events, tookMs: performance.now() - startMs };
  },
});
