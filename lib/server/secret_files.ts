/**
 * Settings whose text is in a file: `PUBLISH_TOKEN_FILE=/run/secrets/token` stands for `PUBLISH_TOKEN`.
 *
 * @module
 */

import { type Option, OPTION_NAMES, OPTIONS } from "./options.ts";

/** Settings, some of them read from files. */
export interface SecretFiles {
  /** Returns the text of a setting, which may be that of its file. */
  readonly get: (name: string) => string | undefined;
  /** One line for each file that can't be used. */
  readonly errors: readonly string[];
}

/** The options that may be in a file: every secret, and every PEM. `JWT_PRIVATE_KEY` is no option. */
export const FILE_OPTIONS: readonly string[] = [
  ...OPTION_NAMES.filter((name) => (OPTIONS[name] as Option<unknown>).mayBeInFile),
  "JWT_PRIVATE_KEY",
];

/**
 * Reads the files that settings name. A line break at the end of a file is dropped, since editors and
 * `echo` write one.
 *
 * @param get Returns the text of a setting.
 * @param readFile Returns the text of a file, or throws.
 */
export function readSecretFiles(
  get: (name: string) => string | undefined,
  readFile: (path: string) => string,
): SecretFiles {
  const texts = new Map<string, string>();
  const errors: string[] = [];
  for (const name of FILE_OPTIONS) {
    const path = get(`${name}_FILE`);
    if (!path) continue;
    const text = get(name)
      ? { fault: `expected either ${name} or ${name}_FILE, got both` }
      : read(path, readFile);
    if (typeof text === "string") texts.set(name, text);
    else errors.push(`${name}_FILE: ${text.fault}`);
  }
  return { get: (name) => texts.get(name) ?? get(name), errors };
}

function read(path: string, readFile: (path: string) => string): string | { fault: string } {
  const shown = JSON.stringify(path.slice(0, 200));
  try {
    const text = readFile(path).replace(/\r?\n$/, "");
    return text === ""
      ? { fault: `expected a file with a text, got ${shown}, which is empty` }
      : text;
  } catch (error) {
    return { fault: `expected a file that can be read, got ${shown}: ${(error as Error).message}` };
  }
}
