/**
 * The manual, for tests that compare it with the code.
 *
 * @module
 */

const ROOT = new URL("../", import.meta.url);

/** Reads a file of the repository. */
export function readFile(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

/** Reads the README, and that of the server if it has one of its own. */
export async function readManual(): Promise<string> {
  return await readFile("README.md") + await readFile("lib/server/README.md").catch(() => "");
}
