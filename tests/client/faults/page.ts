/**
 * The tables that are written to `tests/client/README.md`.
 *
 * @module
 */

import type { Table } from "../../clients/page.ts";
import { mostIn } from "../herd.ts";
import { NAMES, RUNTIMES } from "./clients.ts";
import { type FaultKind, FAULTS, type Goal } from "./faults.ts";
import { type Rounds, rounds } from "./outcome.ts";
import { PATIENCE_SECONDS, type Seen } from "./round.ts";

/** What was seen of all clients, round by round, by the name of the fault. */
export type AllSeen = Readonly<Record<string, readonly Seen[]>>;

/**
 * The tables: what happens, what each client made of it, and when 1 000 clients try again in the minute
 * after their server has died.
 */
export function faultTables(seen: AllSeen, attempts: readonly (readonly number[])[]): Table[] {
  const all = attempts.flat();
  const lateRate = all.filter((time) => time >= 30_000).length / 30;
  return [
    [["fault", "what happens"], ...FAULTS.map(({ name, about }) => [name, about])],
    [
      ["after the fault", "in", "`subscribe()` is to need", ...NAMES.map(title)],
      ...FAULTS.flatMap((kind) =>
        (kind.runtimes ?? RUNTIMES).map((runtime, i) => [
          i === 0 ? kind.name : "",
          runtime,
          goalInWords(kind.goal(runtime)),
          ...NAMES.map((name) => {
            // The tabs that share a connection are subscribe(), each of them.
            const names = name === "subscribe()" ? [name, "shared"] : [name];
            return cell(of(seen, kind, runtime, names));
          }),
        ])
      ),
    ],
    [
      ["in the first minute", "attempts"],
      ["of a client, on average", (all.length / attempts.length).toFixed(1)],
      ["of the client with the most", `${Math.max(...attempts.map(({ length }) => length))}`],
      ["of all, in the first second", `${all.filter((time) => time < 1_000).length}`],
      [
        "of all, in the busiest second after it",
        `${mostIn(1_000, all.filter((it) => it >= 1_000))}`,
      ],
      ["of all, in a second of the last half minute", lateRate.toFixed(0)],
      ["of all, in the busiest 10 ms", `${mostIn(10, all)}`],
    ],
  ];
}

/** The goals that `subscribe()` has missed, in words. */
export function missedGoals(seen: AllSeen): string[] {
  return FAULTS.flatMap((kind) =>
    (kind.runtimes ?? RUNTIMES).flatMap((runtime) => {
      const it = of(seen, kind, runtime, ["subscribe()", "shared"]);
      return it && misses(kind.goal(runtime), it)
        ? [`${kind.name}, ${runtime}: ${cell(it)}; ${goalInWords(kind.goal(runtime))}`]
        : [];
    })
  );
}

function of(seen: AllSeen, { name }: FaultKind, runtime: string, clients: readonly string[]) {
  return rounds(
    (seen[name] ?? []).filter((it) => it.runtime === runtime && clients.includes(it.client))
      .map(({ outcome }) => outcome),
  );
}

function misses({ medianMs = Infinity, worstMs = Infinity }: Goal, it: Rounds): boolean {
  return it.lost > 0 || it.doubled > 0 || it.recovered < it.count || it.medianMs > medianMs ||
    it.worstMs > worstMs;
}

function title(name: string): string {
  return name === "subscribe()" ? "`subscribe()`" : name;
}

function goalInWords({ medianMs, worstMs }: Goal): string {
  const seconds = (ms: number) => `${ms / 1_000} s`;
  return [
    medianMs !== undefined && `${seconds(medianMs)} (median)`,
    worstMs !== undefined && `${seconds(worstMs)} (worst)`,
  ].filter(Boolean).join(", ");
}

/** What a client needed: the median and the worst round, in seconds, and what was wrong. */
export function cell(it: Rounds | undefined): string {
  if (!it) return "–";
  const { count, recovered, medianMs, worstMs, lost, doubled, told } = it;
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  if (recovered === 0) return `not within ${PATIENCE_SECONDS}`;
  return [
    `${seconds(medianMs)} / ${seconds(worstMs)}`,
    recovered < count && `not in ${count - recovered} of ${count}`,
    told && `told: ${told}`,
    lost > 0 && `${lost} lost`,
    doubled > 0 && `${doubled} twice`,
  ].filter(Boolean).join(", ");
}
