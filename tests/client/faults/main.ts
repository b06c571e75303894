/**
 * What clients do when something fails, in Chromium, Deno and Node: how long each needs, what it has
 * missed and had twice. It fails if `subscribe()` misses a goal.
 *
 *     deno task client:faults [rounds] [fault …] [--keep <file>]
 *
 * With `--keep`, the rounds are added to those in a file, so that they can be run in pieces. Once every
 * fault has rounds, `tests/client/README.md` is written. Needs Chromium, Node and Linux.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it is a program

import { withTables } from "../../clients/page.ts";
import { firstMinuteOf } from "../herd.ts";
import { Chromium } from "./chromium.ts";
import { type FaultKind, FAULTS } from "./faults.ts";
import { type AllSeen, cell, faultTables, missedGoals } from "./page.ts";
import { rounds } from "./outcome.ts";
import { prepare } from "./prepare.ts";
import { runRound, type Seen } from "./round.ts";

const README = new URL("../README.md", import.meta.url);

const words = [...Deno.args];
const keep = words.indexOf("--keep");
const [, file] = keep < 0 ? [] : words.splice(keep, 2);
const [count = "5", ...only] = words;

const seen: Record<string, Seen[]> = file === undefined ? {} : await readKept(file);
const folder = await prepare();
const chromium = await Chromium.start();
for (const kind of FAULTS.filter(({ name }) => only.length === 0 || only.includes(name))) {
  const before = seen[kind.name] ?? [];
  const now: Seen[] = [];
  for (let round = 0; round < Number(count); round++) {
    now.push(...await runRound(kind, folder, chromium));
    seen[kind.name] = [...before, ...now];
    if (file !== undefined) await Deno.writeTextFile(file, JSON.stringify(seen));
  }
  print(kind, now);
}
await chromium[Symbol.asyncDispose]();
await Deno.remove(folder, { recursive: true });

if (FAULTS.every(({ name }) => name in seen)) {
  const text = await Deno.readTextFile(README);
  await Deno.writeTextFile(README, withTables(text, faultTables(seen, await firstMinuteOf(1_000))));
}
const missed = missedGoals(seen);
for (const text of missed) console.log(`Missed: ${text}`);
Deno.exit(missed.length === 0 ? 0 : 1);

function print({ name }: FaultKind, all: readonly Seen[]): void {
  console.log(`\n${name}`);
  const groups = Map.groupBy(all, ({ runtime, client }) => `${runtime} ${client}`);
  for (const [client, group] of groups) {
    const text = cell(rounds(group.map(({ outcome }) => outcome)));
    console.log(`  ${client.padEnd(30)} ${text}`);
  }
}

async function readKept(file: string): Promise<Record<string, Seen[]>> {
  try {
    return JSON.parse(await Deno.readTextFile(file)) as Record<string, Seen[]> & AllSeen;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {}; // These are the first rounds.
    throw error;
  }
}
