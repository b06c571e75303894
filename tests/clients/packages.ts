/**
 * Packages from npm for tests, in a folder that ends with the scope.
 *
 * @module
 */

/** Packages that npm has installed. */
export class Packages implements AsyncDisposable {
  private constructor(
    /** The folder that has them in `node_modules`. */
    readonly folder: string,
    /** Those that can't be installed. */
    readonly missing: ReadonlySet<string>,
  ) {}

  /** Installs packages, each with its version: `undici@7.30.2`. */
  static async install(wanted: ReadonlySet<string>): Promise<Packages> {
    const folder = await Deno.makeTempDir();
    await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true, "type": "module" }');
    const missing = new Set<string>();
    if (!await install(folder, [...wanted])) {
      for (const each of wanted) if (!await install(folder, [each])) missing.add(each);
    }
    return new Packages(folder, missing);
  }

  /** Removes them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function install(cwd: string, packages: readonly string[]): Promise<boolean> {
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];
  try {
    return (await new Deno.Command("npm", { args: [...args, ...packages], cwd }).output()).success;
  } catch {
    // There is no npm.
    return false;
  }
}
