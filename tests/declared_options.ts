/**
 * The options of the library as their interfaces declare them, for tests that compare them with the
 * code and with the manual.
 *
 * @module
 */

/** An option as its interface declares it. */
export interface DeclaredOption {
  /** What it is called. */
  readonly name: string;
  /** Its doc comment. */
  readonly comment: string;
  /** The text of `@default`; `undefined` if there is none. */
  readonly source: string | undefined;
  /** Its value; `undefined` if there is none. */
  readonly byDefault: unknown;
}

/** Reads the options of an interface in a file of `lib/`, by name and in order. */
export async function declaredOptions(
  file: string,
  name: string,
): Promise<Map<string, DeclaredOption>> {
  const text = await Deno.readTextFile(new URL(`../lib/${file}`, import.meta.url));
  const [, body = ""] =
    new RegExp(`export interface ${name}\\b[^]*?{\\n([^]*?)\\n}\\n`).exec(text) ?? [];
  const members = body.matchAll(/\/\*\*([^]*?)\*\/\s*readonly (\w+)\?:/g);
  return new Map([...members].map(([, comment = "", option = ""]) => {
    const [, source] = /@default \{(.*)\}/.exec(comment) ?? [];
    const byDefault = source === undefined ? undefined : parseDefault(source);
    return [option, { name: option, comment, source, byDefault }];
  }));
}

/** Reads a number as a program has it, `Infinity` included, or a JSON value. */
function parseDefault(text: string): unknown {
  const number = Number(text.replaceAll("_", ""));
  return Number.isNaN(number) ? JSON.parse(text) : number;
}
