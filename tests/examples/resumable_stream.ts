/**
 * The interface of the package `resumable-stream`, on a hub: `resumableStream`, `resumeExistingStream`
 * and `hasExistingStream`. A stream of texts is produced once; everybody who asks for its id gets all of
 * it, from the start or after a number of characters.
 *
 * Give the hub `historyEvents: Infinity`, and a log in KV or Redis for several instances.
 *
 * @module
 */

import { type BroadcastHub, EventParserStream, type ParsedEvent } from "@sse/hub";

/** Keeps the process alive until a promise settles, such as `after` of Next.js. */
export type WaitUntil = (promise: Promise<unknown>) => void;

/** Makes the functions of `resumable-stream` for a hub. */
export function createResumableStreamContext(hub: BroadcastHub, waitUntil: WaitUntil = () => {}) {
  const nameOf = (id: string) => `resumable/${id}`;

  function read(id: string, skipCharacters: number): ReadableStream<string> {
    const url = `http://localhost/?stream=${encodeURIComponent(nameOf(id))}&since=earliest`;
    let skipped = 0;
    return hub.subscribe(new Request(url)).body!
      .pipeThrough(new EventParserStream())
      .pipeThrough(
        new TransformStream<ParsedEvent, string>({
          transform({ event, data }, controller) {
            if (event === "gap" || event === "goaway") {
              throw new Error(`Cannot read stream: ${event}`);
            }
            if (event !== "message") return;
            const text: string = JSON.parse(data);
            const rest = text.slice(Math.max(0, skipCharacters - skipped));
            skipped += text.length;
            if (rest !== "") controller.enqueue(rest);
          },
        }),
      );
  }

  async function produce(name: string, source: ReadableStream<string>): Promise<void> {
    try {
      for await (const text of source) await hub.publish(name, JSON.stringify(text));
    } finally {
      await hub.end(name);
    }
  }

  function stateOf(id: string): null | true | "DONE" {
    const stream = hub.stream(nameOf(id));
    return stream === undefined ? null : stream.isEnded ? "DONE" : true;
  }

  /** `null` if there is no stream with an id, `"DONE"` if it has ended, else `true`. */
  async function hasExistingStream(id: string): Promise<null | true | "DONE"> {
    await hub.ready;
    return stateOf(id);
  }

  /** Resumes a stream: `undefined` if there is none, `null` if it has ended. */
  async function resumeExistingStream(id: string, skipCharacters = 0) {
    const state = await hasExistingStream(id);
    if (state === null) return undefined;
    return state === "DONE" ? null : read(id, skipCharacters);
  }

  /** Resumes a stream, or begins it if there is none: `null` if it has ended. */
  async function resumableStream(
    id: string,
    makeStream: () => ReadableStream<string>,
    skipCharacters = 0,
  ): Promise<ReadableStream<string> | null> {
    await hub.ready;
    const state = stateOf(id);
    if (state === "DONE") return null;
    if (state === null) {
      hub.createStream(nameOf(id));
      waitUntil(produce(nameOf(id), makeStream()));
    }
    return read(id, skipCharacters);
  }

  return { hasExistingStream, resumeExistingStream, resumableStream };
}
