/**
 * The memory and the file descriptors of a server process, and whether they grow over time.
 *
 * @module
 */

import type { Program } from "../program.ts";
import { fitLine } from "./line.ts";

/** The arguments of `deno run` that a {@linkcode UsageProbe} needs. */
export const INSPECTED: readonly string[] = ["--inspect=127.0.0.1:0"];

/** The memory and files of a process. */
export interface Usage {
  /** The time of the sample, in hours since the start. */
  readonly hours: number;
  /** JavaScript's heap, and the memory outside of it that belongs to JavaScript objects. */
  readonly heapMegabytes: number;
  /** Its resident memory. */
  readonly megabytes: number;
  /** Open file descriptors. */
  readonly files: number;
}

/** Measures a process that was started with {@linkcode INSPECTED}. Linux only. */
export class UsageProbe implements Disposable {
  readonly #process: Program;
  readonly #inspector: WebSocket;
  readonly #startMs = performance.now();

  private constructor(process: Program, inspector: WebSocket) {
    this.#process = process;
    this.#inspector = inspector;
  }

  /** Connects to the inspector of a process. */
  static async open(process: Program): Promise<UsageProbe> {
    const line = await process.stderr.line("Debugger listening on ");
    const inspector = new WebSocket(line.slice("Debugger listening on ".length));
    await new Promise((resolve) => inspector.onopen = resolve);
    return new UsageProbe(process, inspector);
  }

  /** Its memory and files after a garbage collection, since garbage is no leak. */
  async sample(): Promise<Usage> {
    await this.#ask("HeapProfiler.collectGarbage");
    const expression = "const { heapUsed, external } = Deno.memoryUsage(); heapUsed + external";
    const { result } = await this.#ask("Runtime.evaluate", { expression: `{${expression}}` });
    // Deno reads /proc only with all permissions.
    const proc = `/proc/${this.#process.pid}`;
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `grep VmRSS ${proc}/status && ls ${proc}/fd | wc -l`],
    }).output();
    const [kilobytes, files] = new TextDecoder().decode(stdout).match(/\d+/g)!.map(Number);
    return {
      hours: (performance.now() - this.#startMs) / 3_600_000,
      heapMegabytes: result.value / 1_048_576,
      megabytes: kilobytes! / 1_024,
      files: files!,
    };
  }

  /** Asks the inspector one thing at a time. */
  async #ask(method: string, params = {}) {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#inspector.onmessage = ({ data }) => resolve(data);
    this.#inspector.onclose = () => reject(new Error("The process has ended"));
    this.#inspector.send(JSON.stringify({ id: 1, method, params }));
    return JSON.parse(await promise).result;
  }

  [Symbol.dispose](): void {
    this.#inspector.close();
  }
}

/** The time in which the memory of a new process creeps up by itself, ever more slowly. */
export const WARM_UP_MINUTES = 5;

/** Limits of {@linkcode measureGrowth}, each for an hour. */
export interface GrowthLimits {
  readonly heapMegabytes: number;
  readonly megabytes: number;
  readonly files: number;
}

/** The growth of a process after the warm-up. */
export interface Growth {
  /** Whether a figure surely rises by more than its limit. */
  readonly isTooMuch: boolean;
  /** The slope of each figure, one line each. */
  readonly report: string;
}

/** Fits a line to the samples of each figure, without those of the warm-up. */
export function measureGrowth(samples: readonly Usage[], limits: GrowthLimits): Growth {
  const warm = samples.filter(({ hours }) => hours > WARM_UP_MINUTES / 60);
  const figures = FIGURES.map(([name, title]) => {
    const values = warm.map((sample) => sample[name]);
    const { slope, error } = fitLine(warm.map((sample) => [sample.hours, sample[name]]));
    const [first, last, least, most] = [
      values[0]!,
      values.at(-1)!,
      Math.min(...values),
      Math.max(...values),
    ].map((value) => value.toFixed(1));
    const line = `${title}: ${first} at first, ${last} at last, from ${least} to ${most}; ` +
      `slope ${slope.toFixed(1)} ± ${(SURE * error).toFixed(1)} an hour, at most ${limits[name]}`;
    return { line, isTooMuch: slope - SURE * error > limits[name] };
  });
  return {
    isTooMuch: figures.some(({ isTooMuch }) => isTooMuch),
    report: figures.map(({ line }) => line).join("\n"),
  };
}

const FIGURES = [
  ["heapMegabytes", "heap in MB"],
  ["megabytes", "memory in MB"],
  ["files", "file descriptors"],
] as const;
// How many standard errors a slope must exceed its limit by.
const SURE = 3;
