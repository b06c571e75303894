/**
 * The text of `--help`: how to start the server, and the table of its options.
 *
 * @module
 */

import { FILE_OPTIONS } from "./secret_files.ts";
import { OPTION_NAMES, OPTIONS, showDefault } from "./options.ts";

/** Writes the text, in lines of at most 100 characters where words allow it. */
export function helpLines(): readonly string[] {
  return [...USAGE, ...OPTION_NAMES.flatMap(optionLines)];
}

const USAGE = `\
sse-hub: a server for Server-Sent Events

  deno task start            starts the server
  deno task start --check    prints the configuration, secrets hidden; exits with 1 if it is wrong
  deno task start --help     prints this text
  deno task token --help     says how to make and explain JSON Web Tokens
  deno task doctor --help    says how to test an event stream from outside

Options are environment variables:

  PORT=9000 deno task start               in a shell
  $env:PORT = 9000; deno task start       in PowerShell
  deno task --env-file=.env start         from the lines PORT=9000 of a file

The text of a secret or a PEM may be in a file: PUBLISH_TOKEN_FILE names the file of PUBLISH_TOKEN,
such as /run/secrets/token. These may be in a file:

  FILE_OPTIONS
`.replace("FILE_OPTIONS", wrap(FILE_OPTIONS.join(", "), 90).join("\n  ")).split("\n");

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
