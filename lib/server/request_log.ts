/**
 * Log lines about requests and connections, as text or as JSON, each of a bounded length. Makes the
 * lines; the caller prints them.
 *
 * @module
 */

/** The form of a log line; `off` for no lines. */
export type LogFormat = "text" | "json" | "off";

/** Every {@linkcode LogFormat}. */
export const logFormats: readonly LogFormat[] = ["text", "json", "off"];

/** The fields of a line beside its time and its message. */
export type LogFields = Readonly<Record<string, string | number | readonly string[]>>;

/** Writes a line to the log. */
export type Log = (message: string, fields?: LogFields) => void;

/**
 * Makes a log.
 *
 * A text field is cut to 1 024 characters. A list field has each of its items once, up to 256
 * characters of items, and is followed by the number of the others: `streams=a,b moreStreams=438`.
 *
 * @param print Called with each line, without a line break; no field can add one. An error of `print`
 * is ignored: a log that can't be written must not end a connection.
 * @param now Returns the time of a line.
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
  return (message, fields = {}) => {
    const text = line(now().toISOString(), shorten(message), bound(fields));
    try {
      const printed: unknown = print(text);
      if (printed instanceof Promise) printed.catch(() => {});
    } catch {
      // As above.
    }
  };
}

/** Makes a log that writes each message only once. */
export function createWarnOnce(log: Log): Log {
  const written = new Set<string>();
  return (message, fields) => {
    if (written.has(message)) return;
    written.add(message);
    log(message, fields);
  };
}

/** Bounds the length of each field. */
function bound(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]): [string, LogFields[string]][] => {
      if (typeof value === "number") return [[name, value]];
      if (typeof value === "string") return [[name, shorten(value)]];
      const items = [...new Set(value)];
      const first = firstOf(items);
      const more = `more${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      return first.length === items.length
        ? [[name, items]]
        : [[name, first], [more, items.length - first.length]];
    }),
  );
}

function shorten(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS - 1)}…`;
}

/** The first items, as many as fit with a comma after each. */
function firstOf(items: readonly string[]): readonly string[] {
  let characters = 0;
  const end = items.findIndex((item) => (characters += item.length + 1) > MAX_LIST_CHARACTERS);
  return end < 0 ? items : items.slice(0, end);
}

const MAX_CHARACTERS = 1_024;
const MAX_LIST_CHARACTERS = 256;

function jsonLine(time: string, message: string, fields: LogFields): string {
  return printable(JSON.stringify({ time, message, ...fields }));
}

function textLine(time: string, message: string, fields: LogFields): string {
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${textValue(value)}`);
  return printable([time, message, ...rest].join(" "));
}

function textValue(value: string | number | readonly string[]): string {
  const text = Array.isArray(value) ? value.join(",") : `${value}`;
  return /^[^\s"=\\]+$/.test(text) ? text : JSON.stringify(text);
}

/** Escapes a text's control characters, so that it is one line and does nothing to a terminal. */
export function printable(text: string): string {
  return text.replace(CONTROL, escape);
}

// Line breaks of every kind, and the characters that control a terminal.
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
