/**
 * Pipes a language model's answer into a stream of an sse-hub server. The answer survives reloads of its
 * viewers, and a restart of the server: each block gets a number as its key, and after a broken connection
 * all blocks are sent again, of which the server drops those that it has.
 *
 * Runs in Deno, in Node from version 22 on, and in Bun.
 *
 * @module
 */

/** Options of {@linkcode produce}. */
export interface ProduceOptions {
  /** The URL of the stream: `http://localhost:8080/sse?stream=answers/1`. */
  readonly url: string;
  /** The token that may publish to the stream. */
  readonly token: string;
  /** Stops the model. What it has said until then stays, and the stream ends. */
  readonly signal?: AbortSignal;
}

/**
 * Sends an event stream, such as the body of a model's response, to the server.
 *
 * @returns When the server has the whole answer.
 * @throws {Error} If the server refuses the answer.
 */
export async function produce(
  answer: ReadableStream<Uint8Array>,
  { url, token, signal }: ProduceOptions,
): Promise<void> {
  const blocks = new Blocks();
  const reading = blocks.readFrom(answer, signal);
  for (let attempt = 0;; attempt++) {
    try {
      const response = await fetch(`${url}&end=true&abort=keep`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "text/event-stream" },
        body: blocks.stream(),
        duplex: "half",
      } as RequestInit);
      if (response.ok || response.status === 409) break; // 409: it has ended, and so is whole.
      const detail = await response.text();
      if (response.status !== 503) throw new Error(`Cannot publish answer: ${detail}`);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // The connection broke: send all again.
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** attempt, 5_000)));
  }
  await reading;
}

/** The blocks of an event stream, each with its number as its id. */
class Blocks {
  readonly #blocks: string[] = [];
  #isWhole = false;
  #wake = Promise.withResolvers<void>();

  async readFrom(source: ReadableStream<Uint8Array>, signal: AbortSignal | undefined) {
    let rest = "";
    try {
      for await (
        const text of source.pipeThrough(new TextDecoderStream(), signal ? { signal } : {})
      ) {
        const blocks = (rest + text).replaceAll("\r\n", "\n").split("\n\n");
        rest = blocks.pop()!;
        for (const block of blocks) this.#add(`${block}\nid: ${this.#blocks.length}\n\n`);
      }
    } catch (error) {
      if (!signal?.aborted) {
        this.#add(`event: failed\ndata: ${error instanceof Error}\nid: failed\n\n`);
      }
    }
    this.#isWhole = true;
    this.#wake.resolve();
  }

  /** All blocks so far, and those that follow. */
  stream(): ReadableStream<Uint8Array> {
    let next = 0;
    return new ReadableStream<string>({
      pull: async (controller) => {
        while (next === this.#blocks.length && !this.#isWhole) await this.#wake.promise;
        const block = this.#blocks[next++];
        if (block === undefined) controller.close();
        else controller.enqueue(block);
      },
    }, { highWaterMark: 0 }).pipeThrough(new TextEncoderStream());
  }

  #add(block: string): void {
    this.#blocks.push(block);
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}
