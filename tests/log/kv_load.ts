/**
 * Several processes that publish through one KV file as fast as they are told, while each of them trims:
 * nothing may be refused, lost or out of order.
 *
 * As a program: `deno task load [seconds] [processes] [publishes a second, of all]`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- as a program it reports

import { assertEquals } from "@std/assert";
import { cpuUsage } from "node:process";
import { openKvLog } from "../../lib/log/kv.ts";
import type { LogEntry, LogReceiver } from "../../lib/log/event_log.ts";
import { Lines, readLines } from "../program.ts";

const MAX_ENTRIES = 100;

/** What all processes have to do. */
export interface Load {
  readonly processes: number;
  /** Publishes a second, of all processes together. */
  readonly rate: number;
  readonly seconds: number;
}

/** What one process saw. */
export interface MemberReport {
  readonly published: number;
  /** How many publishes were refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** How often the log was away or back. */
  readonly changes: number;
  /** How often it said that it could not trim. */
  readonly failedTrims: number;
  /** How often it said that entries were lost. */
  readonly lost: number;
  readonly delivered: number;
  /** A digest of all that was delivered, in order. */
  readonly order: string;
  /** From publish to delivery in another process, in milliseconds: median and 99th percentile. */
  readonly latencyMs: readonly [median: number, late: number];
  /** The slowest publish, in milliseconds. */
  readonly slowestMs: number;
  /** How long the processor worked for it, in milliseconds. */
  readonly cpuMs: number;
}

/** Runs the processes on a file, which is made if there is none. */
export async function loadKv(path: string, load: Load): Promise<MemberReport[]> {
  await using stack = new AsyncDisposableStack();
  const members = Array.from(
    { length: load.processes },
    (_, number) => stack.use(new Member(path, number, load)),
  );
  const say = (text: string) => Promise.all(members.map((member) => member.say(text)));
  await Promise.all(members.map(({ stdout }) => stdout.line("open")));
  await say("publish");
  const counts = await Promise.all(members.map(({ stdout }) => stdout.line("published ")));
  // What each of them is to see in the end.
  await say(`all ${counts.reduce((sum, line) => sum + Number(line.split(" ")[1]), 0)}`);
  return await Promise.all(
    members.map(async ({ stdout }) => JSON.parse(await stdout.line("{")) as MemberReport),
  );
}

/** Checks that nobody was refused anything, and that all saw the same. */
export function checkLoad(reports: readonly MemberReport[]): void {
  const published = reports.reduce((sum, report) => sum + report.published, 0);
  for (const { refused, changes, failedTrims, lost, delivered, order } of reports) {
    assertEquals([refused, changes, failedTrims, lost], [{}, 0, 0, 0]);
    assertEquals([delivered, order], [published, reports[0]!.order]);
  }
}

/** One of the processes. */
class Member implements AsyncDisposable {
  readonly stdout: Lines = new Lines();
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;

  constructor(path: string, number: number, { processes, rate, seconds }: Load) {
    const args = [path, `${number}`, `${rate / processes}`, `${seconds}`];
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "-A", import.meta.filename!, "member", ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#reading = readLines(this.#child.stdout, this.stdout.print);
    this.#stdin = this.#child.stdin.getWriter();
  }

  async say(text: string): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(`${text}\n`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The end of its input is the end of it.
    await this.#stdin.close();
    await this.#child.status;
    await this.#reading;
  }
}

/** What a process does. */
async function runMember([path, number, rate, seconds]: readonly string[]): Promise<void> {
  const input = new Lines();
  const reading = readLines(Deno.stdin.readable, input.print);
  // Waiting for the others takes longer than a test would wait for a line.
  const ticking = setInterval(() => console.log("running"), 1_000);
  const seen = new Seen(number!);
  const log = openKvLog({ path: path!, maxEntries: MAX_ENTRIES });
  await log.open(seen);
  console.log("open");
  await input.line("publish");
  const cpuMs = processorMs();
  const refused: Record<string, number> = {};
  let published = 0;
  let slowestMs = 0;
  const publish = async () => {
    const startMs = performance.now();
    try {
      await log.append("x", [{ data: `${performance.timeOrigin + startMs}`, event: number! }]);
      published++;
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
    } catch (error) {
      refused[`${error}`] = (refused[`${error}`] ?? 0) + 1;
    }
  };
  const publishing: Promise<void>[] = [];
  const startMs = performance.now();
  for (let elapsedMs = 0; elapsedMs < Number(seconds) * 1_000;) {
    while (publishing.length < elapsedMs / 1_000 * Number(rate)) publishing.push(publish());
    await new Promise((resolve) => setTimeout(resolve, 2));
    elapsedMs = performance.now() - startMs;
  }
  await Promise.all(publishing);
  const own = { published, refused, slowestMs, cpuMs: processorMs() - cpuMs };
  console.log(`published ${published}`);
  const all = Number((await input.line("all ")).slice(4));
  await seen.until(all);
  clearInterval(ticking);
  console.log(JSON.stringify({ ...own, ...seen.report() }));
  await reading;
  await log.close();
}

/** What a process is told by its log. */
class Seen implements LogReceiver {
  readonly #number: string;
  readonly #latencies: number[] = [];
  #digest = 0;
  #delivered = 0;
  #changes = 0;
  #failedTrims = 0;
  #lost = 0;

  constructor(number: string) {
    this.#number = number;
  }

  readonly deliver = (entries: readonly LogEntry[]): void => {
    const nowMs = performance.timeOrigin + performance.now();
    for (const { id, event } of entries) {
      this.#delivered++;
      for (const character of id) this.#digest = (this.#digest * 31 + character.charCodeAt(0)) | 0;
      if (event!.event !== this.#number) this.#latencies.push(nowMs - Number(event!.data));
    }
  };

  readonly lost = (): void => void this.#lost++;
  readonly reset = (): void => void this.#lost++;
  readonly changed = (): void => void this.#changes++;
  readonly trimFailed = (): void => void this.#failedTrims++;

  /** Waits until so many entries are there, though not for ever. */
  async until(count: number): Promise<void> {
    for (let tries = 0; this.#delivered < count && tries < 500; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  report(): Partial<MemberReport> {
    const sorted = this.#latencies.sort((a, b) => a - b);
    return {
      delivered: this.#delivered,
      order: `${this.#digest}`,
      changes: this.#changes,
      failedTrims: this.#failedTrims,
      lost: this.#lost,
      latencyMs: [at(sorted, 0.5), at(sorted, 0.99)],
    };
  }
}

function at(sorted: readonly number[], part: number): number {
  return sorted[Math.floor(sorted.length * part)] ?? NaN;
}

function processorMs(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}

if (import.meta.main) {
  const [first, ...rest] = Deno.args;
  if (first === "member") await runMember(rest);
  else {
    const [seconds = 60, processes = 4, rate = 300] = Deno.args.map(Number);
    const folder = await Deno.makeTempDir();
    try {
      const reports = await loadKv(`${folder}/hub.sqlite`, { processes, rate, seconds });
      for (const report of reports) console.log(report);
      checkLoad(reports);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
}
