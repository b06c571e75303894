/**
 * Log lines, one an occurrence, as text or as JSON. Makes lines; who prints them is the caller's.
 *
 * @module
 */

/** How a log line looks; `off` for none. */
export type LogFormat = "text" | "json" | "off";

/** Every {@linkcode LogFormat}. */
export const logFormats: readonly LogFormat[] = ["text", "json", "off"];

/** What a line says beside its time and its message. */
export type LogFields = Readonly<Record<string, string | number | readonly string[]>>;

/** Writes a line to the log. */
export type Log = (message: string, fields?: LogFields) => void;

/**
 * Makes a log of lines.
 *
 * @param print Gets each line, without a line break; no field can bring one in.
 * @param now Gives the time of a line.
 *
 * @example
 * ```ts ignore
 * const log = createLog("text", (line) => console.log(line));
 * log("connected", { address: "192.0.2.7" }); // 2026-11-23T09:30:00.000Z connected address=192.0.2.7
 * ```
 */
export function createLog(
  format: LogFormat,
  print: (line: string) => void,
  now: () => Date = () => new Date(),
): Log {
  if (format === "off") return () => {};
  const line = format === "json" ? jsonLine : textLine;
  return (message, fields = {}) => print(line(now().toISOString(), message, fields));
}

function jsonLine(time: string, message: string, fields: LogFields): string {
  return JSON.stringify({ time, message, ...fields }).replace(CONTROL, escape);
}

function textLine(time: string, message: string, fields: LogFields): string {
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${textValue(value)}`);
  return [time, message, ...rest].join(" ").replace(CONTROL, escape);
}

function textValue(value: string | number | readonly string[]): string {
  const text = Array.isArray(value) ? value.join(",") : `${value}`;
  return /^[^\s"=\\]+$/.test(text) ? text : JSON.stringify(text);
}

// Line breaks of every kind, and what makes a terminal do things.
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
