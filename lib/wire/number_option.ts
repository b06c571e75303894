/**
 * The check of an option that is a number, given as a value or as text.
 *
 * @module
 */

/** The range of a number. */
export interface NumberRule {
  /** The least allowed number. */
  readonly min?: number;
  /** An exclusive lower bound, in place of `min`. */
  readonly above?: number;
  /** The greatest allowed number; left out, `Infinity`. */
  readonly max?: number;
  /** Whether the number must be whole. `Infinity` counts as whole. */
  readonly isWhole?: boolean;
}

/**
 * The longest delay of a timer, in milliseconds: 24.8 days. With a longer delay, a timer fires at once.
 */
export const MAX_TIMER_MS = 2_147_483_647;

/** A number of milliseconds that a timer can count. */
export const DURATION: NumberRule = { min: 0, max: MAX_TIMER_MS };

/** A number of milliseconds that `retry:` can carry and a client's timer can count. */
export const RETRY: NumberRule = { min: 0, max: MAX_TIMER_MS, isWhole: true };

/**
 * Checks the options that `rules` names. An option that is `undefined` passes, since it has its default.
 *
 * @param action What the caller was about to do, for the error's text: "create hub".
 * @throws {RangeError} If an option is not a number or is out of range.
 */
export function checkNumbers<Rules extends Readonly<Record<string, NumberRule>>>(
  action: string,
  options: { readonly [Name in keyof Rules]?: unknown },
  rules: Rules,
): void {
  for (const [name, rule] of Object.entries(rules)) {
    const value = options[name];
    if (value === undefined || obeys(value, rule)) continue;
    const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
    throw new RangeError(`Cannot ${action}: ${name} must be ${describeRule(rule)}, got ${shown}`);
  }
}

/**
 * Parses a whole number of decimal digits.
 *
 * @returns `undefined` if the text has anything but digits, or if the number breaks the rule or is not a
 * safe integer.
 */
export function parseWhole(text: string, rule: NumberRule): number | undefined {
  const value = /^[0-9]+$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) && obeys(value, rule) ? value : undefined;
}

function obeys(value: unknown, rule: NumberRule): boolean {
  const { min = -Infinity, above = -Infinity, max = Infinity, isWhole = false } = rule;
  if (typeof value !== "number" || Number.isNaN(value)) return false;
  if (isWhole && value !== Infinity && !Number.isInteger(value)) return false;
  return value >= min && (above === -Infinity || value > above) && value <= max;
}

/** Describes a rule for an error's text, such as "a whole number from 1 to 10". */
export function describeRule({ min, above, max, isWhole }: NumberRule): string {
  const kind = isWhole ? "a whole number" : "a number";
  if (above !== undefined) {
    return `${kind} above ${above}${max === undefined ? "" : ` and at most ${max}`}`;
  }
  if (min === undefined) return kind;
  return max === undefined ? `${kind} of at least ${min}` : `${kind} from ${min} to ${max}`;
}
