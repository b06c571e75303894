import { assert, assertEquals } from "@std/assert";
import { isMissing, lacks } from "./program.ts";
import { until } from "./wait.ts";
import { CopiedRecipe, lacksNpm, readRecipes } from "./recipes.ts";

const ignore = await lacks("net", "read", "write", "run") || await isMissing("/bin/bash") ||
  await isMissing("/usr/bin/curl");
const isNpmMissing = ignore || await lacksNpm();
const recipes = ignore ? [] : await readRecipes();

const NODES = ["22", "24"];

/** Where Node is, in each version. */
let nodes: Promise<string> | undefined;

async function installNodes(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const packages = NODES.map((version) => `node${version}@npm:node@${version}`);
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages];
  assert((await new Deno.Command("npm", { args, cwd: folder }).output()).success);
  return folder;
}

/** The folder of a version of Node. */
async function nodePath(version: string): Promise<string> {
  return `${await (nodes ??= installNodes())}/node_modules/node${version}/bin`;
}

Deno.test.afterAll(async () => {
  if (nodes) await Deno.remove(await nodes, { recursive: true });
});

for (const recipe of recipes) {
  for (const version of recipe.isForNode ? NODES : [undefined]) {
    const isIgnored = recipe.needsNpm && isNpmMissing;
    const where = version === undefined ? "" : ` on Node ${version}`;
    const why = isIgnored ? " (ignored: npm can't be reached)" : "";
    Deno.test({
      name: `the recipe "${recipe.title}" prints what it shows${where}${why}`,
      ignore: isIgnored,
      async fn() {
        await using copied = await CopiedRecipe.make(recipe);
        const programs = version &&
          `${await (nodes ??= installNodes())}/node_modules/node${version}/bin`;
        await using _shell = await copied.run(programs);
      },
    });
  }
}

for (const recipe of recipes) {
  const files = [...recipe.files.keys()].filter((name) => name.endsWith(".ts"));
  if (files.length === 0) continue;
  Deno.test({
    name: `the types of the recipe "${recipe.title}" are right`,
    ignore: recipe.needsNpm && isNpmMissing,
    async fn() {
      await using copied = await CopiedRecipe.make(recipe);
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", "--quiet", ...files],
        cwd: copied.folder,
      }).output();
      assert(success, new TextDecoder().decode(stderr));
    },
  });
}

Deno.test({
  name: `the recipe "Express" ends a subscription when its client leaves`,
  ignore: isNpmMissing,
  async fn() {
    const recipe = recipes.find(({ headings }) => headings.at(-1) === "Express")!;
    // Without heartbeats, so that no write tells the server that the client has left.
    const commands = recipe.commands.map(({ command, output }) => ({
      command,
      output: output.replace('"heartbeatSeconds":15', '"heartbeatSeconds":0'),
    }));
    await using copied = await CopiedRecipe.make({ ...recipe, commands });
    const program = `${copied.folder}/main.mjs`;
    const text = await Deno.readTextFile(program);
    const hook = 'onUnsubscribe: (_, { reason }) => writeFileSync("ended", reason)';
    await Deno.writeTextFile(
      program,
      'import { writeFileSync } from "node:fs";\n' +
        text.replace("BroadcastHub()", `BroadcastHub({ heartbeatMs: 0, ${hook} })`),
    );
    await using _shell = await copied.run(await nodePath("24"));
    // The recipe's curl has left.
    await until(async () =>
      await Deno.readTextFile(`${copied.folder}/ended`).catch(() => "") === "left"
    );
  },
});

Deno.test({
  name: "lib/README.md has each recipe, as the front page lists them",
  ignore,
  fn() {
    const all = recipes.map(({ headings }) => headings);
    const titles = all.filter(([section]) => section === "Recipes").map(([, title]) => title);
    assertEquals([...new Set(titles)], [
      "Deno.serve",
      "Hono",
      "Express",
      "A stream for each user",
      "An answer that survives a reload",
      "Several streams on one connection",
      "Another origin",
      "A token in a header",
      "Testing your own handler",
    ]);
  },
});
