/**
 * The configuration as `--check` prints it.
 *
 * @module
 */

import { type Option, OPTION_NAMES, type OptionName, OPTIONS } from "./options.ts";
import { printable } from "./request_log.ts";
import { Settings } from "./settings.ts";

/**
 * Shows the value of each option, a line each, as in `PORT=8080`. A secret is hidden, and of a PEM text
 * only its length is shown.
 *
 * @param get Returns the text of a setting; `undefined` or `""` selects its default.
 */
export function showConfig(get: (name: string) => string | undefined): readonly string[] {
  const settings = new Settings(get);
  return OPTION_NAMES.map((name) => {
    const line = `${name}=${showValue(name, settings)}`;
    return settings.has(name) ? `${line.padEnd(COLUMN)} # set` : line;
  });
}

const COLUMN = 40;

function showValue(name: OptionName, settings: Settings): string {
  const value = settings.read(name);
  if (value === undefined || `${value}` === "") return "";
  if ((OPTIONS[name] as Option<unknown>).isSecret) return "(hidden)";
  const text = `${value}`;
  return text.includes("-----BEGIN ") ? `(PEM, ${text.length} characters)` : printable(text);
}
