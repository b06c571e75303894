/**
 * The rules for stream names, and for patterns of stream names.
 *
 * @module
 */

/** The rule for a stream's name, for error texts. */
export const STREAM_NAMES =
  "segments of A-Z a-z 0-9 . _ ~ : @ - joined by /, none of them . or .., at most 128 characters in all";

/** Whether a text can be a stream's name: see {@linkcode STREAM_NAMES}. */
export function isStreamName(name: string): boolean {
  return name.length <= 128 && NAME.test(name) && !(name.includes(".") && DOTS_ONLY.test(name));
}

/**
 * Checks a stream's name: segments of `A–Z a–z 0–9 . _ ~ : @ -`, joined by `/`, at most 128 characters in
 * all. No segment may be `.` or `..`.
 *
 * @throws {TypeError} If the name breaks the rule.
 */
export function checkStreamName(name: string): void {
  if (typeof name === "string" && isStreamName(name)) return;
  throw new TypeError(
    `Cannot use stream name: expected ${STREAM_NAMES}, got ` +
      JSON.stringify(`${name}`.slice(0, 128)),
  );
}

/** The rule for a pattern, for error texts. */
export const STREAM_PATTERNS = "* or a stream name and /*";

/**
 * Whether a text is a pattern: `*` covers every stream; a stream's name and `/*` cover everything below
 * the name, but not the name itself.
 */
export function isStreamPattern(text: string): boolean {
  return text === "*" || text.endsWith("/*") && isStreamName(text.slice(0, -2));
}

/**
 * Whether a pattern covers a stream's name, or everything that another pattern covers. Any other text
 * covers itself alone.
 */
export function coversStream(pattern: string, name: string): boolean {
  if (pattern === "*" || pattern === name) return true;
  const folder = pattern.slice(0, -1);
  return pattern.endsWith("/*") && name.startsWith(folder) && name !== folder;
}

/** Returns all patterns that cover a stream's name. */
export function patternsOf(name: string): string[] {
  const patterns = ["*"];
  for (let slash = name.indexOf("/"); slash >= 0; slash = name.indexOf("/", slash + 1)) {
    patterns.push(`${name.slice(0, slash)}/*`);
  }
  return patterns;
}

/** Returns the texts of a list of names and patterns that no other text of the list covers. */
export function withoutCovered(names: readonly string[]): readonly string[] {
  const patterns = names.filter(isStreamPattern);
  // A filtered copy would reserve room for sixteen more names, for each connection.
  if (patterns.length === 0) return names;
  return names.filter((name) =>
    !patterns.some((pattern) => pattern !== name && coversStream(pattern, name))
  );
}

const NAME = /^[\w.~:@-]+(?:\/[\w.~:@-]+)*$/;
const DOTS_ONLY = /(?:^|\/)\.\.?(?:\/|$)/;
