/**
 * The check of an options object: unknown options and numbers out of range are refused.
 *
 * @module
 */

import { checkNumbers, type NumberRule } from "./number_option.ts";

/** The rule for an option that is not a number. */
export const ANY = "any";

/** A rule for each option of a function. The compiler reports an option without a rule. */
export type OptionRules<Options> = {
  readonly [Name in keyof Required<Options>]: NumberRule | typeof ANY;
};

/**
 * Checks the options of a function. An option that is `undefined` counts as left out, even if unknown.
 *
 * @param action What the caller was about to do, for the error's text: "create hub".
 * @throws {TypeError} If `options` is not an object, or an option is unknown.
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
  checkNames(action, options, Object.keys(rules));
  const numbers = Object.entries<NumberRule | typeof ANY>(rules).filter(isNumber);
  checkNumbers(action, options, Object.fromEntries(numbers));
}

/**
 * Checks that an object has no other options than those with `names`, unless they are `undefined`.
 *
 * @param action What the caller was about to do, for the error's text.
 * @throws {TypeError} If an option is unknown.
 */
export function checkNames(action: string, options: object, names: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || names.includes(name)) continue;
    throw new TypeError(`Cannot ${action}: ${describeUnknown(name, names)}`);
  }
}

/** Describes an unknown option, with the nearest known option, or else with all known options. */
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
 * Finds the name nearest to a misspelled name, ignoring case. The two may differ by at most 1 plus a
 * third of the misspelled name's length, counted in characters inserted, deleted or replaced.
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

/** Counts the characters to insert, delete or replace (Levenshtein distance). */
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
