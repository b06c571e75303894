/**
 * The one check of an options object: a name that is no option is refused, and so is a number out of
 * range.
 *
 * @module
 */

import { checkNumbers, type NumberRule } from "./number_option.ts";

/** The rule of an option that is no number. */
export const ANY = "any";

/** A rule for each option of a function; the compiler reports an option that is missing here. */
export type OptionRules<Options> = {
  readonly [Name in keyof Required<Options>]: NumberRule | typeof ANY;
};

/**
 * Checks the options of a function; an option that is `undefined` counts as left out, whatever its name.
 *
 * @param action What can't be done with a wrong one: "create hub".
 * @throws {TypeError} If `options` is no object, or names an option that the function does not have.
 * @throws {RangeError} If a number is out of range.
 */
export function checkOptions<Options extends object>(
  action: string,
  options: Options,
  rules: OptionRules<Options>,
): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot ${action}: the options must be an object, got ${options}`);
  }
  const names = Object.keys(rules);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(rules, name)) continue;
    throw new TypeError(`Cannot ${action}: ${describeUnknown(name, names)}`);
  }
  const numbers = Object.entries<NumberRule | typeof ANY>(rules).filter(isNumber);
  checkNumbers(action, options, Object.fromEntries(numbers));
}

/** Says that there is no such option, and which one is probably meant, or which ones there are. */
function describeUnknown(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined
    ? `the options are ${names.join(", ")}`
    : `did you mean ${nearest}?`;
  return `there is no option ${JSON.stringify(name.slice(0, 100))}; ${hint}`;
}

function isNumber(entry: [string, NumberRule | typeof ANY]): entry is [string, NumberRule] {
  return entry[1] !== ANY;
}

/**
 * Finds the name that a misspelled one is nearest to: at most a third of its characters, and one more,
 * have to be inserted, deleted or replaced, whatever their case.
 *
 * @returns `undefined` if no name is that near.
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return undefined;
  const [nearest] = names
    .map((other) => ({ other, edits: editDistance(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ edits }) => edits <= 1 + name.length / 3)
    .sort((a, b) => a.edits - b.edits);
  return nearest?.other;
}

const MAX_NAME_LENGTH = 40;

/** How many characters must be inserted, deleted or replaced (Levenshtein's distance). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + Number(from[i - 1] !== to[j - 1]);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
