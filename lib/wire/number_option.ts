/**
 * The one check of an option that is a number, as a value or as text.
 *
 * @module
 */

/** Which numbers an option takes. */
export interface NumberRule {
  /** The least that it may be. */
  readonly min?: number;
  /** What it must be above, in place of `min`. */
  readonly above?: number;
  /** The most that it may be; `Infinity` if left out. */
  readonly max?: number;
  /** Whether it must be whole; `Infinity` passes where `max` allows it. */
  readonly isWhole?: boolean;
}

/** The longest that a timer can be set to, in milliseconds: 24.8 days. Set to more, it goes off at once. */
export const MAX_TIMER_MS = 2_147_483_647;

/** Milliseconds that a timer can count. */
export const DURATION: NumberRule = { min: 0, max: MAX_TIMER_MS };

/** Milliseconds that `retry:` can carry and a client's timer can count. */
export const RETRY: NumberRule = { ...DURATION, isWhole: true };

/**
 * Checks the options that `rules` names; an option that is `undefined` has its default, and passes.
 *
 * @param action What can't be done with a wrong one: "create hub".
 * @throws {RangeError} If one is out of range or is no number.
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
 * Reads a whole number from decimal digits.
 *
 * @returns `undefined` if the text is anything else, or its number breaks the rule or is no safe integer.
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

/** Describes a rule in words for messages, such as "a whole number from 1 to 10". */
export function describeRule({ min, above, max, isWhole }: NumberRule): string {
  const kind = isWhole ? "a whole number" : "a number";
  if (above !== undefined) {
    return `${kind} above ${above}${max === undefined ? "" : ` and at most ${max}`}`;
  }
  if (min === undefined) return kind;
  return max === undefined ? `${kind} from ${min} on` : `${kind} from ${min} to ${max}`;
}
