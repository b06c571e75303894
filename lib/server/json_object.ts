/**
 * Objects of JSON.
 *
 * @module
 */

/** A value of JSON that is an object, and not a list. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses JSON; `undefined` unless the text is an object. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // A text that is not JSON holds no object.
    return undefined;
  }
}

/** Whether a value is an object, and not a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
