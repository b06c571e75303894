/**
 * The recipes of the library's README, for tests that copy them into a folder and do what they say.
 *
 * @module
 */

import { type CodeBlock, readCodeBlocks, type ShownCommand, shownCommands } from "./code_blocks.ts";
import { freePort } from "./program.ts";
import { Shell } from "./shell.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/** What of a checkout an application needs. */
const CHECKOUT = ["deno.json", "main.ts", "lib", "static", "tests/std_assert"];

/** A recipe: blocks that end with one of commands and what they print. */
export interface Recipe {
  /** Its heading, and the file of its program, if it has one: `Hono, main.ts`. */
  readonly title: string;
  /** The headings above it. */
  readonly headings: readonly string[];
  /** The places of its blocks. */
  readonly places: readonly string[];
  /** Whether its commands are typed in the checkout, and not in a folder beside it. */
  readonly isInCheckout: boolean;
  /** Its files, by name. */
  readonly files: ReadonlyMap<string, string>;
  /** The code for the page, if it has any. */
  readonly page: CodeBlock | undefined;
  /** Its commands, and what they print. */
  readonly commands: readonly ShownCommand[];
  /** Whether it needs packages from npm. */
  readonly needsNpm: boolean;
  /** The runtime whose command starts its program. */
  readonly runtime: "deno" | "node" | "bun";
}

/** Reads the recipes: what stands below a heading where a block names its file or a page. */
export async function readRecipes(): Promise<Recipe[]> {
  const all = await readCodeBlocks("lib/README.md");
  const config = all.find(({ language, text }) => language === "json" && text.includes("links"))!;
  const sections = Map.groupBy(all, ({ headings }) => headings.join());
  const isRecipe = (block: CodeBlock) => isFile(block) || isForPage(block);
  return [...sections.values()].filter((blocks) => blocks.some(isRecipe)).flatMap((blocks) => {
    const recipes: Recipe[] = [];
    let waiting: CodeBlock[] = [];
    for (const block of blocks) {
      waiting.push(block);
      if (block.language !== "console") continue;
      recipes.push(recipe(waiting, block, config.text));
      waiting = [];
    }
    return recipes;
  });
}

/** Whether a block is a file of a recipe. */
export function isFile({ name }: CodeBlock): boolean {
  return name !== undefined && /^[\w.]+$/.test(name);
}

/** Whether a block is code for the page of a recipe. */
export function isForPage({ name }: CodeBlock): boolean {
  return name?.startsWith("the page") ?? false;
}

/** Commands that a block shows, as a recipe in the checkout itself. */
export function recipeInCheckout(
  { place, headings }: CodeBlock,
  commands: readonly ShownCommand[],
): Recipe {
  return {
    title: place,
    headings,
    places: [place],
    isInCheckout: true,
    files: new Map(),
    page: undefined,
    commands,
    needsNpm: false,
    runtime: "deno",
  };
}

function recipe(blocks: readonly CodeBlock[], commands: CodeBlock, config: string): Recipe {
  const named = blocks.filter(isFile);
  const [, other] = /^\$ (node|bun) /m.exec(commands.text) ?? [];
  const runtime = other as "node" | "bun" | undefined ?? "deno";
  const files = new Map(named.map(({ name, text }) => [name!, text]));
  if (runtime === "deno") files.set("deno.json", config);
  const program = [...files.keys()].find((name) => /^(?:main|server)\./.test(name));
  const all = blocks.map(({ text }) => text).join("");
  return {
    title: [commands.headings.at(-1), program].filter((it) => it !== undefined).join(", "),
    headings: commands.headings,
    places: blocks.map(({ place }) => place),
    isInCheckout: false,
    files,
    page: blocks.find(isForPage),
    commands: shownCommands(commands),
    needsNpm: /\bnpm\b|\bdeno bundle\b/.test(all),
    runtime,
  };
}

/** A recipe that was copied into a folder of its own. Its ports are free ones instead of those shown. */
export class CopiedRecipe implements AsyncDisposable {
  readonly #ports = new Map(["8000", "8080", "3000"].map((shown) => [shown, `${freePort()}`]));

  private constructor(readonly recipe: Recipe, readonly parent: string) {}

  /** The folder in which its commands are typed. */
  get folder(): string {
    return `${this.parent}/${this.recipe.isInCheckout ? "sse-hub" : "app"}`;
  }

  /** Copies it. */
  static async make(recipe: Recipe): Promise<CopiedRecipe> {
    const copied = new CopiedRecipe(recipe, await Deno.makeTempDir());
    const { parent, folder } = copied;
    await Deno.mkdir(`${parent}/app`);
    await Deno.mkdir(`${parent}/sse-hub/tests`, { recursive: true });
    for (const path of CHECKOUT) {
      const args = ["-r", ROOT + path, `${parent}/sse-hub/${path}`];
      await new Deno.Command("cp", { args }).output();
    }
    for (const [name, text] of recipe.files) {
      await Deno.writeTextFile(`${folder}/${name}`, copied.withPorts(text));
    }
    return copied;
  }

  /** Whether it has a program of its own that listens on the port of `Deno.serve()`. */
  get isServing(): boolean {
    return [...this.recipe.files.values()].some((text) => text.includes("Deno.serve("));
  }

  /** The address that the recipe has at a port. */
  url(shown: "8000" | "8080" | "3000"): string {
    return `http://localhost:${this.#ports.get(shown)}/`;
  }

  /** A text of the recipe, with its own ports. */
  withPorts(text: string): string {
    return text.replace(/\b(?:8000|8080|3000)\b/g, (shown) => this.#ports.get(shown)!);
  }

  /** Runs its commands, with the programs of a folder before all others. What it has started goes on. */
  async run(programs?: string): Promise<Shell> {
    const path = [programs, Deno.execPath().replace(/\/[^/]*$/, ""), Deno.env.get("PATH")];
    const shell = await Shell.open({
      cwd: this.folder,
      env: {
        HOME: Deno.env.get("HOME") ?? this.folder,
        PATH: path.filter((it) => it !== undefined).join(":"),
        NO_COLOR: "1",
        npm_config_prefer_offline: "true",
        ...this.isServing
          ? { DENO_SERVE_ADDRESS: `tcp:0.0.0.0:${this.#ports.get("8000")}` }
          : { PORT: this.#ports.get("8080")! },
      },
    });
    try {
      for (const { command, output } of this.recipe.commands) {
        await shell.run({ command: this.withPorts(command), output: this.withPorts(output) });
      }
      return shell;
    } catch (error) {
      await shell[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.parent, { recursive: true });
  }
}

/** Whether npm can't be reached, or is not installed. */
export async function lacksNpm(): Promise<boolean> {
  try {
    const args = ["view", "express@5", "version", "--fetch-retries=0", "--fetch-timeout=9000"];
    return !(await new Deno.Command("npm", { args }).output()).success;
  } catch {
    return true;
  }
}
