/**
 * Several processes that publish through one KV file at a given rate, while each of them trims. No event
 * may be refused, lost or out of order.
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

/** The load. */
export interface Load {
  readonly processes: number;
  /** Publishes a second, all processes together. */
  readonly rate: number;
  readonly seconds: number;
}

/** The results of one process. */
export interface MemberReport {
  readonly published: number;
  /** How many publishes were refused, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** How often the log went down or up. */
  readonly changes: number;
  /** How often the log reported failed trims. */
  readonly failedTrims: number;
  /** How often the log reported lost entries. */
  readonly lost: number;
  readonly delivered: number;
  /** A digest of all delivered events, in order. */
  readonly order: string;
  /** From publish to delivery in another process, in milliseconds: median and 99th percentile. */
  readonly latencyMs: readonly [median: number, late: number];
  /** The slowest publish, in milliseconds. */
  readonly slowestMs: number;
  /** The CPU time of the process, in milliseconds. */
  readonly cpuMs: number;
}

/** Runs the processes on a file, which is created if it is missing. */
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
  // The number of events that each process must deliver.
  await say(`all ${counts.reduce((sum, line) => sum + Number(line.split(" ")[1]), 0)}`);
  return await Promise.all(
    members.map(async ({ stdout }) => JSON.parse(await stdout.line("{")) as MemberReport),
  );
}

/** Checks that no publish was refused, and that all processes delivered the same events. */
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
    // The process ends when its input ends.
    await this.#stdin.close();
    await this.#child.status;
    await this.#reading;
  }
}

/** Runs one process. */
async function runMember([path, number, rate, seconds]: readonly string[]): Promise<void> {
  const input = new Lines();
  const reading = readLines(Deno.stdin.readable, input.print);
  // Waiting for the other processes takes longer than the timeout of a line.
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

/** The receiver of a process's log. */
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

  /** Waits until a number of entries was delivered, or until it is too late. */
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
