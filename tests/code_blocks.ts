/**
 * The code blocks of a Markdown file, for tests that run them.
 *
 * @module
 */

import { MANUAL, readFile } from "./manual.ts";

/** A fenced block. */
export interface CodeBlock {
  /** Where it begins: `README.md:40`. */
  readonly place: string;
  /** The headings above it: the nearest of each level, from `##` on. */
  readonly headings: readonly string[];
  /** The first word after the fence, such as `ts`. */
  readonly language: string;
  /** Whether `deno test --doc` leaves it out, or for other languages the tests. */
  readonly isIgnored: boolean;
  /** What its first line names, in a comment: `main.ts`. */
  readonly name: string | undefined;
  /** Its lines. */
  readonly text: string;
}

/** Reads the fenced blocks of a file of the repository. */
export async function readCodeBlocks(file: string): Promise<CodeBlock[]> {
  const blocks: CodeBlock[] = [];
  const headings: string[] = [];
  let open: { place: string; info: string; lines: string[] } | undefined;
  for (const [index, line] of (await readFile(file)).split("\n").entries()) {
    if (!open) {
      const [, level, title = ""] = /^##(#*) (.*)$/.exec(line) ?? [];
      if (level !== undefined) headings.splice(level.length, Infinity, title);
      const [, info] = /^```(.*)$/.exec(line) ?? [];
      if (info !== undefined) open = { place: `${file}:${index + 1}`, info, lines: [] };
    } else if (line === "```") {
      blocks.push(codeBlock(open, [...headings]));
      open = undefined;
    } else open.lines.push(line);
  }
  return blocks;
}

function codeBlock(
  { place, info, lines }: { place: string; info: string; lines: readonly string[] },
  headings: readonly string[],
): CodeBlock {
  const [language = "", ...attributes] = info.split(/[\s,]+/);
  const [, name] = /^(?:\/\/|<!--) (.*?)(?: -->)?$/.exec(lines[0] ?? "") ?? [];
  const text = `${lines.join("\n")}\n`;
  return { place, headings, language, isIgnored: attributes.includes("ignore"), name, text };
}

/** A command of a `console` block, and what the block shows that it prints. */
export interface ShownCommand {
  readonly command: string;
  readonly output: string;
}

/** The commands of a `console` block: each begins with `$ `, and ends with its line or its quotes. */
export function shownCommands({ text }: CodeBlock): ShownCommand[] {
  return text.split(/^\$ /m).slice(1).map((part) => {
    const [, command = ""] = /^((?:.*\\\n)*.*)\n/.exec(part)!;
    return { command, output: part.slice(command.length + 1).trimEnd() };
  });
}

/**
 * Whether a program printed what is shown, where ids, times, tokens and figures differ from run to run, and
 * `…` stands for the rest of a line.
 */
export function isAsShown(shown: string, printed: string, isWhole: boolean): boolean {
  const parts = shown.split(VARYING).map((part, index) =>
    index % 2 === 0 ? RegExp.escape(part) : pattern(part)
  );
  return new RegExp(`^\\s*${parts.join("")}${isWhole ? "\\s*$" : "(?=\\s)"}`).test(printed);
}

const VARYINGS: readonly (readonly [shown: RegExp, pattern: string])[] = [
  [/eyJ[\w.-]*…?/, "eyJ[\\w.-]+"],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/, "[0-9a-f-]{36}"],
  [/#code=[\w-]+/, "#code=[\\w-]+"],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z/, "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z"],
  [/\b[0-9a-z]{7,}-\d+\b/, "[0-9a-z]+-\\d+"],
  [/"exp":\d+/, '"exp":\\d+'],
  [/"subscribers":\d+/, '"subscribers":\\d+'],
  [/\(\d+ms\)/, "\\(\\d+m?s\\)"],
  [/in \d+ min\b/, "in \\d+ min"],
  [/…/, ".*"],
];

const VARYING = new RegExp(`(${VARYINGS.map(([shown]) => shown.source).join("|")})`);

function pattern(part: string): string {
  return VARYINGS.find(([shown]) => shown.test(part))![1];
}

/** Reads the fenced blocks of all files of the manual. */
export async function readAllBlocks(): Promise<CodeBlock[]> {
  return (await Promise.all(MANUAL.map(readCodeBlocks))).flat();
}
