/**
 * What is seen of a client after an ending, in words that are the same in every run.
 *
 * @module
 */

import type { Kind, Part, Stand } from "./stand.ts";

/** What is seen of a client. */
export interface Verdict {
  /** The words of the table. */
  readonly words: string;
  /** What happened when, for whoever looks for the reason. */
  readonly detail: string;
}

/** Looks at a client after an ending. */
export function judge(stand: Stand, part: Part, id: string): Verdict {
  const requests = stand.requestsOf(id)
    .filter(({ atMs }) => atMs >= part.atMs && atMs < part.endMs);
  const shown = stand.eventsOf(id);
  const hasThrown = stand.reports.some(({ client, kind, atMs }) =>
    client === id && kind === "thrown" && atMs < part.endMs
  );
  const asked = requests.map(({ atMs, status }) => ({ waitMs: atMs - part.atMs, status }));
  const words = [WORDS[part.kind](asked)];
  if (!words.includes("gone") && (part.kind === "return" || part.kind === "wait")) {
    if (requests.filter(({ status }) => status).length > MANY) words.push("loops");
    if (part.sent.some((n) => !shown.includes(n))) words.push("loses events");
    const isTold = requests.some(({ control }) => control.includes(part.told ?? "hello"));
    if (!isTold) words.push("is not told");
  }
  if (shown.some((n, at) => shown.indexOf(n) !== at)) words.push("doubles events");
  if (hasThrown) words.push("throws");
  const lines = requests.slice(0, 12).map(({ atMs, status, control }) =>
    `${((atMs - part.atMs) / 1_000).toFixed(1)} s: ${status ?? "no answer"} ${control.join(" ")}`
  );
  const reports = stand.reports.filter(({ client }) => client === id)
    .map(({ kind, text }) => `${kind} ${text.slice(0, 60)}`);
  return { words: words.join(", "), detail: [...lines, ...reports.slice(0, 40)].join("\n") };
}

/** More answers than this in the time of an ending are a loop. */
const MANY = 6;

/** A request after an ending. */
interface Asked {
  /** How long after it. */
  readonly waitMs: number;
  /** The status of the answer, if there was one. */
  readonly status: number | undefined;
}

const WORDS: { readonly [kind in Kind]: (asked: readonly Asked[]) => string } = {
  return: ([first]) => {
    if (first === undefined) return "gone";
    return first.waitMs < 4_000 ? "back at once" : "back in seconds";
  },
  wait: ([first, ...others]) => {
    if (others.length === 0) return "gone";
    return shortestMs(others, first!.waitMs) > 4_500 ? "back in seconds" : "asks on";
  },
  over: (asked) => askedAgain(asked, 0),
  never: ([first, ...others]) => askedAgain(others, first?.waitMs ?? 0),
  // A token may be good for one more connection, of less than a second.
  refused: (asked) =>
    asked.filter(({ status }) => status !== 200).length > 1 ? "asks on" : "gives up",
};

/** How a client asks that has been told that nothing more comes. A 204 is what stops it. */
function askedAgain(asked: readonly Asked[], fromMs: number): string {
  if (asked.length === 0) return "asks no more";
  if (shortestMs(asked, fromMs) < 40_000) return "asks on";
  return asked.at(-1)!.status === 204 ? "asks once more" : "asks every minute";
}

/** The shortest time between two requests, the first of them at `fromMs`. */
function shortestMs(asked: readonly Asked[], fromMs: number): number {
  return Math.min(...asked.map(({ waitMs }, at) => waitMs - (asked[at - 1]?.waitMs ?? fromMs)));
}
