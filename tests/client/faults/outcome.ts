/**
 * What a client made of a fault.
 *
 * @module
 */

import { median } from "../../bench/median.ts";
import type { Report } from "./prepare.ts";

/** What a client made of a fault. */
export interface Outcome {
  /** Whether it has received anything before the fault. */
  readonly hasBegun: boolean;
  /** In milliseconds; `null` if it has not come back. */
  readonly recoveryMs: number | null;
  /** Whether it has given up. */
  readonly isOver: boolean;
  /** The number of events that were acknowledged and did not come. */
  readonly lost: number;
  /** The number of events that came more than once. */
  readonly doubled: number;
  /** `gap` or `reset`, if it was told. */
  readonly told: string | null;
}

/** What is measured. */
export type Measure = "recovery" | "silence";

/** What there is to know of a fault. */
export interface Fault {
  /** When it began, and from when on the time is taken. */
  readonly begin: number;
  readonly from: number;
  /** When each number was published. */
  readonly published: ReadonlyMap<number, number>;
  /**
   * `recovery` is the time until an event comes that was published after `from`; `silence` is the longest
   * time without an event since the fault began.
   */
  readonly measure: Measure;
}

/** Judges what a client has reported. */
export function outcome(reports: readonly Report[], fault: Fault): Outcome {
  const { begin, published } = fault;
  const words = reports.filter(([, text]) => !/^\d+$/.test(text));
  const numbers = reports.filter(([, text]) => /^\d+$/.test(text))
    .map(([time, text]) => [time, Number(text)] as const);
  const first = numbers[0]?.[1] ?? Infinity;
  const counts = Map.groupBy(numbers, ([, number]) => number);
  const owed = [...published.keys()].filter((number) => number >= first);
  return {
    hasBegun: numbers.some(([time]) => time < begin),
    recoveryMs: fault.measure === "recovery" ? recovery(numbers, fault) : silence(numbers, fault),
    isOver: words.some(([, text]) => text.startsWith("over")),
    lost: owed.filter((number) => !counts.has(number)).length,
    doubled: [...counts.values()].filter(({ length }) => length > 1).length,
    told: words.find(([, text]) => text === "gap" || text === "reset")?.[1] ?? null,
  };
}

type Numbers = readonly (readonly [time: number, number: number])[];

function recovery(numbers: Numbers, { from, published }: Fault): number | null {
  const fresh = numbers.find(([, number]) => published.get(number)! > from);
  return fresh ? fresh[0] - from : null;
}

function silence(numbers: Numbers, { begin, published }: Fault): number | null {
  const times = numbers.map(([time]) => time);
  const end = Math.max(...published.values());
  if (!(times.at(-1)! > end - 1_000)) return null;
  const pauses = times.slice(1).map((time, i) => time > begin ? time - times[i]! : 0);
  return Math.max(...pauses);
}

/** The figures of several rounds. */
export interface Rounds {
  readonly count: number;
  /** The rounds after which the client has come back. */
  readonly recovered: number;
  readonly medianMs: number;
  readonly worstMs: number;
  /** Without those that a client was told of. */
  readonly lost: number;
  readonly doubled: number;
  readonly told: string | undefined;
}

/** Sums up the rounds of a client; `undefined` if it does not run there. */
export function rounds(outcomes: readonly Outcome[]): Rounds | undefined {
  const all = outcomes.filter(({ hasBegun }) => hasBegun);
  if (all.length === 0) return undefined;
  const times = all.flatMap(({ recoveryMs }) => recoveryMs ?? []);
  const told = [...new Set(all.map(({ told }) => told))];
  const back = all.filter(({ recoveryMs }) => recoveryMs !== null);
  return {
    count: all.length,
    recovered: times.length,
    medianMs: median(times),
    worstMs: Math.max(...times),
    lost: back.reduce((sum, { lost, told }) => sum + (told ? 0 : lost), 0),
    doubled: back.reduce((sum, { doubled }) => sum + doubled, 0),
    told: told.length === 1 ? told[0] ?? undefined : undefined,
  };
}
