/**
 * Makes `static/client.js` of `lib/client/`, `static/doctor.js` of the doctor, and their source maps:
 * `deno task client`.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);
const STATIC = new URL("static/", ROOT);

/** A bundle of a module and all that it imports. */
export interface Bundle {
  /** The minified code; its last line names the map. */
  readonly code: string;
  /** Its source map, with the sources in it. */
  readonly map: string;
}

/** The files that are bundled, each with the code of its module. */
export const BUNDLES: Readonly<Record<string, string>> = {
  "client.js": 'export * from "lib/client/mod.ts";',
  "doctor.js": 'export { examinePage } from "lib/server/doctor/page.ts";',
};

/** Bundles a module, given by its code, which imports from `lib/`. */
export async function bundle(code: string, file = "client.js"): Promise<Bundle> {
  const folder = await Deno.makeTempDir();
  try {
    const entry = `${folder}/${file.replace(".js", ".ts")}`;
    await Deno.writeTextFile(entry, code.replaceAll('"lib/', `"${ROOT}lib/`));
    const command = new Deno.Command(Deno.execPath(), {
      args: [
        ...["bundle", "--quiet", "--no-check", "--no-config", "--minify", "--platform=browser"],
        ...["--sourcemap=linked", `--output=${folder}/${file}`, entry],
      ],
      cwd: folder,
    });
    const { success, stderr } = await command.output();
    if (!success) throw new Error(`Cannot bundle: ${new TextDecoder().decode(stderr)}`);
    const map = JSON.parse(await Deno.readTextFile(`${folder}/${file}.map`));
    map.sources = map.sources.map((source: string) => source.replace(/^.*(?=\/lib\/)/, ".."));
    return {
      code: await Deno.readTextFile(`${folder}/${file}`),
      map: `${JSON.stringify(map)}\n`,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bundles the whole client. */
export function bundleClient(): Promise<Bundle> {
  return bundle(BUNDLES["client.js"]!);
}

/** The number of bytes of a bundle, compressed with gzip. */
export async function gzipSize({ code }: Bundle): Promise<number> {
  const bare = code.replace(/\/\/# sourceMappingURL=.*\n?$/, "");
  const compressed = new Blob([bare]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(compressed).bytes()).length;
}

/** Whether a bundle can't be made: `deno bundle` downloads its bundler the first time. */
export async function lacksBundler(): Promise<boolean> {
  for (const name of ["read", "write", "run"] as const) {
    if ((await Deno.permissions.query({ name })).state !== "granted") return true;
  }
  try {
    await bundle("export const one = 1;");
    return false;
  } catch {
    return true;
  }
}

if (import.meta.main) {
  for (const [file, module] of Object.entries(BUNDLES)) {
    const { code, map } = await bundle(module, file);
    await Deno.writeTextFile(new URL(file, STATIC), code);
    await Deno.writeTextFile(new URL(`${file}.map`, STATIC), map);
  }
}
