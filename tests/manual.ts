/**
 * Reads the manual, for tests that compare the manual with the code.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url);

/** Reads a file of the repository. */
export function readFile(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** The files of the manual: the front page, and a README beside the code of each part. */
export const MANUAL = [
  "README.md",
  "lib/README.md",
  "lib/client/README.md",
  "lib/log/README.md",
  "lib/server/README.md",
] as const;

/** Reads all files of the manual as one text. */
export async function readManual(): Promise<string> {
  return (await Promise.all(MANUAL.map(readFile))).join("\n");
}
