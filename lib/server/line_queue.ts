/**
 * Lines on their way to an output that may stand still, such as a full disk or a pipe that nobody
 * reads. Printing never waits and never throws.
 *
 * @module
 */

/** An output, such as `Deno.stdout`. */
export interface LineWriter {
  /** Writes some or all of the bytes. Returns how many it has written. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Options of {@linkcode LineQueue}. */
export interface LineQueueOptions {
  /**
   * The most characters that wait. A line that would exceed it is dropped, and so are those after it
   * until half as many wait.
   *
   * @default {1_048_576}
   */
  readonly maxCharacters?: number;
  /** Called when lines were dropped and new ones are taken again. What it prints takes their place. */
  readonly onDropped?: (lines: number) => void;
}

/**
 * Writes lines in order, one write at a time. A write that fails is tried again with the next line, from
 * the byte at which it stopped, so that no line is cut in two.
 */
export class LineQueue {
  readonly #writer: LineWriter;
  readonly #maxCharacters: number;
  readonly #onDropped: (lines: number) => void;
  #waiting: string[] = [];
  #characters = 0;
  // Taken from those that wait, and not written yet.
  #chunk: Uint8Array = new Uint8Array();
  #writing: Promise<void> | undefined;
  #dropped = 0;
  #untold = 0;

  /** Begins with no line. */
  constructor(writer: LineWriter, options: LineQueueOptions = {}) {
    const { maxCharacters = 1_048_576, onDropped = () => {} } = options;
    this.#writer = writer;
    this.#maxCharacters = maxCharacters;
    this.#onDropped = onDropped;
  }

  /** How many lines were dropped, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Has a line written, or drops it where too much waits. A line break is added. */
  print(line: string): void {
    const characters = this.#characters + line.length + 1;
    // The first that waits is never dropped: with none waiting, nothing would end the dropping.
    const isTooMuch = this.#waiting.length > 0 && characters > this.#maxCharacters;
    if (this.#untold > 0 || isTooMuch) {
      this.#dropped++;
      this.#untold++;
    } else {
      this.#waiting.push(line);
      this.#characters = characters;
    }
    this.#writing ??= this.#write();
  }

  /** Resolves when all lines are written, a write has failed, or `withinMs` milliseconds have passed. */
  async flush(withinMs: number): Promise<void> {
    this.#writing ??= this.#write();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const time = new Promise<void>((resolve) => timer = setTimeout(resolve, withinMs));
    await Promise.race([this.#writing, time]);
    clearTimeout(timer);
  }

  async #write(): Promise<void> {
    // What the rest of this turn prints goes along.
    await Promise.resolve();
    try {
      while (this.#chunk.length > 0 || this.#waiting.length > 0) {
        if (this.#chunk.length === 0) this.#take();
        const written = await this.#writer.write(this.#chunk);
        if (!(written > 0)) break;
        this.#chunk = this.#chunk.subarray(written);
      }
    } catch {
      // Nothing is lost: the chunk is tried again with the next line.
    }
    this.#writing = undefined;
  }

  /** Takes as many lines as a pipe takes as a whole. */
  #take(): void {
    let characters = 0;
    const count = this.#waiting.findIndex((line) => {
      characters += line.length + 1;
      return characters > MAX_CHUNK_CHARACTERS;
    });
    // One line goes in any case.
    const lines = this.#waiting.splice(0, count < 0 ? Infinity : Math.max(count, 1));
    this.#chunk = encoder.encode(lines.map((line) => `${line}\n`).join(""));
    this.#characters -= lines.reduce((sum, line) => sum + line.length + 1, 0);
    if (this.#untold > 0 && this.#characters <= this.#maxCharacters / 2) this.#tell();
  }

  #tell(): void {
    const lines = this.#untold;
    this.#untold = 0;
    this.#onDropped(lines);
  }
}

// POSIX, write(): a pipe takes up to PIPE_BUF bytes, 4 096 on Linux, without anything in between. So a
// line of standard error can't come to stand within one of standard output.
const MAX_CHUNK_CHARACTERS = 4_096;
const encoder = new TextEncoder();
