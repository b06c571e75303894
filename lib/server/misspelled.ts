/**
 * Finds environment variables that were probably meant to be options of the server.
 *
 * @module
 */

import { OPTION_NAMES, type OptionName } from "./options.ts";
import { Settings } from "./settings.ts";

/**
 * Names each variable that is not an option but nearly one, such as `HISTORY_EVENT`.
 *
 * A variable may belong to another program, so a warning needs all of this:
 *
 * - The option's name has 9 characters or more. `PORTS` or `JWT_KEYS` is left alone.
 * - The variable differs from it in one character (added, left out, changed, or swapped with its
 *   neighbour), from a name of 13 characters or more in at most two. Case does not count.
 * - The option itself is not set, and the variable is.
 * - An option for Redis counts only with `EVENT_LOG=redis`.
 *
 * @param names The names of all variables.
 * @param get Returns the text of a variable.
 */
export function findMisspelled(
  names: readonly string[],
  get: (name: string) => string | undefined,
): readonly string[] {
  const settings = new Settings(get);
  const options = OPTION_NAMES.filter((name) => mayBeMeant(name, settings));
  return names.flatMap((name) => {
    if ((OPTION_NAMES as readonly string[]).includes(name) || !get(name)) return [];
    const meant = options.find((option) => isNear(name.toUpperCase(), option));
    return meant ? [`${name} is not an option of the server; did you mean ${meant}?`] : [];
  });
}

function mayBeMeant(name: OptionName, settings: Settings): boolean {
  if (name.length < MIN_CHARACTERS || settings.has(name)) return false;
  return !name.startsWith("REDIS_") || settings.read("EVENT_LOG") === "redis";
}

const MIN_CHARACTERS = 9;
/** From this length on a name may differ in two characters. */
const LONG_CHARACTERS = 13;

function isNear(name: string, option: string): boolean {
  const most = option.length >= LONG_CHARACTERS ? 2 : 1;
  return Math.abs(name.length - option.length) <= most && distance(name, option) <= most;
}

/** The optimal string alignment distance: edits of one character, and swaps of two neighbours. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        last[j]! + 1,
        row[j - 1]! + 1,
        last[j - 1]! + (isSame ? 0 : 1),
        isSwap ? beforeLast[j - 2]! + 1 : Infinity,
      );
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
