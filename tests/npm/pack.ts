/**
 * Makes the npm package from the sources: `deno task pack [folder]` writes `<name>-<version>.tgz` there, by
 * default in the current folder, and makes the folder if it is missing. Nothing of the build stays.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- a command

/** The compiler, of the version that Deno has. */
const TYPESCRIPT = "npm:typescript@6.0.3/tsc";
const ROOT = new URL("../../", import.meta.url);
/** The program that `npx` runs. */
const BIN = "main.ts";
/** An entry point that is not for npm: its tests need `Deno.test()`. */
const ONLY_FOR_DENO = "./log/contract";

/** What of `deno.json` the package takes over. */
interface DenoConfig {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: Readonly<Record<string, string>>;
}

if (import.meta.main) console.log(await pack(Deno.args[0] ?? "."));

/** Makes the package, and returns the path of its tarball. */
export async function pack(folder: string): Promise<string> {
  const config: DenoConfig = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const entries = Object.entries(config.exports).filter(([name]) => name !== ONLY_FOR_DENO);
  const build = await Deno.makeTempDir();
  try {
    const out = `${build}/package`;
    await compile(build, [...entries.map(([, path]) => path), BIN]);
    const packages = await rewrite(out);
    await removeUnreachable(out, entries.map(([, path]) => declarations(path)));
    for (const name of ["README.md", "LICENSE", "CHANGELOG.md"]) {
      await Deno.copyFile(new URL(name, ROOT), `${out}/${name}`);
    }
    await copyFolder(new URL("static/", ROOT), `${out}/static`);
    const manifest = describe(config, entries, packages);
    await Deno.writeTextFile(`${out}/package.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
    await Deno.chmod(`${out}/${script(BIN)}`, 0o755);
    const { name, version } = config;
    const tarball = `${folder}/${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    await Deno.mkdir(folder, { recursive: true });
    await run("tar", ["-czf", tarball, "-C", build, "package"]);
    return tarball;
  } finally {
    await Deno.remove(build, { recursive: true });
  }
}

/** The manifest: `package.json`. */
function describe(
  { name, version, license }: DenoConfig,
  entries: readonly (readonly [string, string])[],
  packages: ReadonlyMap<string, string>,
) {
  const exports = entries.map(([name, path]) =>
    [name, { types: declarations(path), default: script(path) }] as const
  );
  return {
    name,
    version,
    description: "Server-sent events: a server and a library, with resume and shared logs",
    license,
    type: "module",
    exports: Object.fromEntries(exports),
    bin: { "sse-hub": script(BIN) },
    files: ["lib", "main.js", "static", "CHANGELOG.md"],
    sideEffects: false,
    // The first with node:sqlite without a flag.
    engines: { node: ">=22.13", bun: ">=1.4", deno: ">=2.9" },
    peerDependencies: Object.fromEntries([...packages].map(([name, v]) => [name, `^${v}`])),
    peerDependenciesMeta: Object.fromEntries(
      [...packages.keys()].map((name) => [name, { optional: true }]),
    ),
  };
}

/** Compiles files and what they import into `<build>/package`. `deno check` has checked them. */
async function compile(build: string, files: readonly string[]): Promise<void> {
  const compilerOptions = {
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["esnext", "dom", "dom.iterable", "dom.asynciterable"],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    declaration: true,
    rewriteRelativeImportExtensions: true,
    noCheck: true,
    rootDir: ROOT.pathname,
    outDir: `${build}/package`,
  };
  const paths = files.map((path) => new URL(path, ROOT).pathname);
  await Deno.writeTextFile(
    `${build}/tsconfig.json`,
    JSON.stringify({ compilerOptions, files: paths }),
  );
  await run(Deno.execPath(), ["run", "-A", "--no-config", TYPESCRIPT, "-p", build]);
}

/**
 * Makes imports ones that npm's runtimes understand: `./a.js` in declarations, and `name` instead of
 * `npm:name@version`. Returns the packages, each with its version.
 */
async function rewrite(out: string): Promise<ReadonlyMap<string, string>> {
  const packages = new Map<string, string>();
  for (const path of await filesIn(out)) {
    let text = await Deno.readTextFile(path);
    if (path.endsWith(".d.ts")) text = withLibraries(withScripts(text));
    text = text.replace(/"npm:(@?[^@"]+)@([\d.]+)"/g, (_, name: string, version: string) => {
      packages.set(name, version);
      return `"${name}"`;
    });
    await Deno.writeTextFile(path, text);
  }
  return packages;
}

/** The declarations of a file, importing scripts. */
function withScripts(text: string): string {
  return text.replace(/((?:from|import\()\s*")(\.[^"]*)\.ts"/g, '$1$2.js"');
}

/** The declarations of a file, naming the part of TypeScript's library that an application may lack. */
function withLibraries(text: string): string {
  const isDisposable = /\b(?:Async)?Disposable\b|Symbol\.(?:async)?[dD]ispose/.test(text);
  return isDisposable ? `/// <reference lib="esnext.disposable" />\n${text}` : text;
}

/** Removes the declarations that no entry point leads to. */
async function removeUnreachable(out: string, entries: readonly string[]): Promise<void> {
  const reached = new Set<string>();
  const rest = entries.map((path) => new URL(path, `file://${out}/`).pathname);
  for (let path = rest.pop(); path !== undefined; path = rest.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    const text = (await Deno.readTextFile(path)).replace(/\/\*[^]*?\*\//g, "");
    for (const [, other] of text.matchAll(/(?:from|import\()\s*"(\.[^"]*)\.js"/g)) {
      rest.push(new URL(`${other}.d.ts`, `file://${path}`).pathname);
    }
  }
  for (const path of await filesIn(out)) {
    if (path.endsWith(".d.ts") && !reached.has(path)) await Deno.remove(path);
  }
}

function script(path: string): string {
  return `./${path.replace(/^\.\//, "").replace(/\.ts$/, ".js")}`;
}

function declarations(path: string): string {
  return script(path).replace(/\.js$/, ".d.ts");
}

async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await filesIn(path));
    else files.push(path);
  }
  return files.sort();
}

async function copyFolder(from: URL, to: string): Promise<void> {
  await Deno.mkdir(to);
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (isFile) await Deno.copyFile(new URL(encodeURIComponent(name), from), `${to}/${name}`);
  }
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (success) return;
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  throw new Error(`Cannot pack: ${command} failed: ${said}`);
}
