/**
 * Another process of the bench: starts it, asks it questions, measures its CPU time and memory, ends it.
 *
 * @module
 */

import { type Line, readLines } from "./lines.ts";

/** Options of {@linkcode BenchProcess.start}. */
export interface ProcessOptions {
  /** The core it runs on, where `taskset` is installed. */
  readonly core: number;
  /** The command to run in place of `deno run` and the file. */
  readonly command?: readonly string[];
  /** Environment variables. */
  readonly env?: Record<string, string>;
}

/** A process that runs one file of the bench. */
export class BenchProcess implements AsyncDisposable {
  /** Its first line. */
  readonly first: Line;
  readonly #child: Deno.ChildProcess;
  readonly #answers: AsyncIterator<Line>;
  readonly #questions: WritableStreamDefaultWriter<Uint8Array>;

  private constructor(child: Deno.ChildProcess, answers: AsyncIterator<Line>, first: Line) {
    this.#child = child;
    this.#answers = answers;
    this.#questions = child.stdin.getWriter();
    this.first = first;
  }

  /**
   * Starts a file and waits for its first line.
   *
   * @throws {Error} If the process ends without one.
   */
  static async start(
    file: URL,
    { core, env = {}, command }: ProcessOptions,
  ): Promise<BenchProcess> {
    const path = decodeURIComponent(file.pathname);
    const run = `ulimit -n $(ulimit -Hn); exec ${await onCore(core)} "$@"`;
    const ours = [Deno.execPath(), "run", ...RUN_OPTIONS, path];
    const child = new Deno.Command("sh", {
      args: ["-c", run, "sh", ...command ?? ours],
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: Deno.env.get("BENCH_STDERR") ? "inherit" : "null",
    }).spawn();
    const answers = readLines(child.stdout);
    const { value, done } = await answers.next();
    if (!done) return new BenchProcess(child, answers, value);
    await child.status;
    throw new Error(`Cannot start ${path}: it ended at once`);
  }

  /**
   * Asks a question.
   *
   * @throws {Error} If the answer is an error, or the process ends instead.
   */
  async ask(ask: string, question: Line = {}): Promise<Line> {
    await this.#questions.write(
      new TextEncoder().encode(`${JSON.stringify({ ask, ...question })}\n`),
    );
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the process ended during "${ask}"`);
    if (value["error"]) throw new Error(value["error"]);
    return value;
  }

  /** The CPU time it has used, user and system, all threads, in microseconds. */
  async cpuUs(): Promise<number> {
    const fields = (await proc(this.#servingId, "stat")).split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_US;
  }

  /** Its resident memory in bytes. */
  async rssBytes(): Promise<number> {
    const [kilobytes] = /(?<=VmRSS:\s*)\d+/.exec(await proc(this.#servingId, "status"))!;
    return Number(kilobytes) * 1_024;
  }

  /** Ends it: politely at first, by force after two seconds. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#questions.close().catch(() => {}); // it has ended already
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    await this.#child.status;
    clearTimeout(timer);
  }

  // A server that this Deno process only starts tells its own process id.
  get #servingId(): number {
    return this.first["pid"] ?? this.#child.pid;
  }
}

const TICK_US = 10_000;
const RUN_OPTIONS = [
  "--quiet",
  "--no-check",
  "--no-lock",
  "--node-modules-dir=none",
  "--v8-flags=--expose-gc",
  "--unstable-kv",
  "--allow-net=127.0.0.1",
  "--allow-read",
  "--allow-write=/tmp",
  "--allow-env",
  "--allow-sys",
  "--allow-run=nginx,pgrep,/usr/bin/redis-server",
];

// Deno reads /proc only with all permissions.
async function proc(id: number, file: string): Promise<string> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${id}/${file}`] }).output();
  return new TextDecoder().decode(stdout);
}

async function onCore(core: number): Promise<string> {
  const command = `taskset --cpu-list ${core}`;
  const { success } = await new Deno.Command("sh", { args: ["-c", `${command} true`] }).output();
  return success ? command : "";
}
