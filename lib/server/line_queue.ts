/**
 * A queue of lines for an output that may block, such as standard output on a full disk or a pipe that
 * nobody reads. Printing never waits and never throws.
 *
 * @module
 */

/** An output, such as `Deno.stdout`. */
export interface LineWriter {
  /** Writes some or all of the bytes. Resolves with the number of bytes written. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Options of {@linkcode LineQueue}. */
export interface LineQueueOptions {
  /**
   * The most characters that may wait. A line that would exceed this number is dropped, and so are the
   * lines after it until half as many characters wait.
   *
   * @default {1_048_576}
   */
  readonly maxCharacters?: number;
  /**
   * Called with the number of dropped lines when new lines are accepted again. A line that it prints
   * takes the place of the dropped ones.
   */
  readonly onDropped?: (lines: number) => void;
}

/**
 * Writes lines in order, one write at a time. A failed write is tried again when the next line is
 * printed, from the byte at which it stopped, so that no line is cut in two.
 */
export class LineQueue {
  readonly #writer: LineWriter;
  readonly #maxCharacters: number;
  readonly #onDropped: (lines: number) => void;
  #waiting: string[] = [];
  #characters = 0;
  // Lines that were taken from the waiting ones, and are not written yet.
  #chunk: Uint8Array = new Uint8Array();
  #writing: Promise<void> | undefined;
  #dropped = 0;
  #untold = 0;

  /** Begins empty. */
  constructor(writer: LineWriter, options: LineQueueOptions = {}) {
    const { maxCharacters = 1_048_576, onDropped = () => {} } = options;
    this.#writer = writer;
    this.#maxCharacters = maxCharacters;
    this.#onDropped = onDropped;
  }

  /** The number of lines dropped since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Queues a line, or drops the line if too many characters wait. A line break is added. */
  print(line: string): void {
    const characters = this.#characters + line.length + 1;
    // A line is never dropped while no other waits: nothing would end the dropping then.
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

  /**
   * Resolves when all lines are written, a write has failed, or `withinMs` milliseconds have passed.
   */
  async flush(withinMs: number): Promise<void> {
    this.#writing ??= this.#write();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const time = new Promise<void>((resolve) => timer = setTimeout(resolve, withinMs));
    await Promise.race([this.#writing, time]);
    clearTimeout(timer);
  }

  async #write(): Promise<void> {
    // So the lines that the rest of this turn prints go into the same write.
    await Promise.resolve();
    try {
      while (this.#chunk.length > 0 || this.#waiting.length > 0) {
        if (this.#chunk.length === 0) this.#take();
        const written = await this.#writer.write(this.#chunk);
        if (!(written > 0)) break;
        this.#chunk = this.#chunk.subarray(written);
      }
    } catch {
      // Nothing is lost: the next line tries this chunk again.
    }
    this.#writing = undefined;
  }

  /** Takes as many lines as a pipe accepts in one piece. */
  #take(): void {
    let characters = 0;
    const count = this.#waiting.findIndex((line) => {
      characters += line.length + 1;
      return characters > MAX_CHUNK_CHARACTERS;
    });
    // At least one line is taken, however long.
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

// POSIX, write(): a pipe keeps up to PIPE_BUF bytes, 4 096 on Linux, in one piece. So no line of
// standard error appears inside a line of standard output.
const MAX_CHUNK_CHARACTERS = 4_096;
const encoder = new TextEncoder();
