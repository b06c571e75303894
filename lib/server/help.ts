/**
 * The text of `--help`: how to start the server, and the table of its options.
 *
 * @module
 */

import { type CommandNames, denoCommands } from "./command_names.ts";
import { FILE_OPTIONS } from "./secret_files.ts";
import { OPTION_NAMES, OPTIONS, showDefault } from "./options.ts";

/** Writes the text, in lines of at most 100 characters where words allow it. */
export function helpLines(commands: CommandNames = denoCommands): readonly string[] {
  return [...usage(commands), ...OPTION_NAMES.flatMap(optionLines)];
}

function usage({ start, startWithFile, token, doctor }: CommandNames): readonly string[] {
  return [
    "sse-hub: a server for Server-Sent Events",
    "",
    ...columns([
      [start, "starts the server"],
      [`${start} --check`, "prints the configuration, secrets hidden; exits with 1 if it is wrong"],
      [`${start} --help`, "prints this text"],
      [`${token} --help`, "says how to make and explain JSON Web Tokens"],
      [`${doctor} --help`, "says how to test an event stream from outside"],
    ]),
    "",
    "Options are environment variables:",
    "",
    ...columns([
      [`PORT=9000 ${start}`, "in a shell"],
      [`$env:PORT = 9000; ${start}`, "in PowerShell"],
      [startWithFile, "from the lines PORT=9000 of a file"],
    ]),
    "",
    "The text of a secret or a PEM may be in a file: PUBLISH_TOKEN_FILE names the file of PUBLISH_TOKEN,",
    "such as /run/secrets/token. These may be in a file:",
    "",
    ...wrap(FILE_OPTIONS.join(", "), 90).map((line) => `  ${line}`),
    "",
  ];
}

/** Commands, and beside each what it does. */
function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([command]) => command.length));
  return rows.flatMap(([command, does]) =>
    wrap(does, WIDTH - width - 6).map((line, i) =>
      `  ${(i === 0 ? command : "").padEnd(width)}    ${line}`
    )
  );
}

const COLUMN = 30;
const WIDTH = 100;

function optionLines(name: (typeof OPTION_NAMES)[number]): readonly string[] {
  const byDefault = showDefault(name);
  const text = OPTIONS[name].meaning + (byDefault === "" ? "" : ` [${byDefault}]`);
  return wrap(text, WIDTH - COLUMN)
    .map((line, i) => (i === 0 ? `  ${name}` : "").padEnd(COLUMN) + line);
}

/** Breaks a text between words into lines of at most this many characters. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
