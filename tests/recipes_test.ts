import { assert, assertEquals } from "@std/assert";
import { isMissing, lacks } from "./program.ts";
import { until } from "./wait.ts";
import { CopiedRecipe, lacksNpm, readRecipes } from "./recipes.ts";

const ignore = await lacks("net", "read", "write", "run") || await isMissing("/bin/bash") ||
  await isMissing("/usr/bin/curl");
const isNpmMissing = ignore || await lacksNpm();
const recipes = ignore ? [] : await readRecipes();

/** The versions of each runtime on which a recipe is run; Deno is the one that runs the tests. */
const VERSIONS = { deno: [undefined], node: ["node22", "node24"], bun: ["bun"] };
const PACKAGES = ["node22@npm:node@22", "node24@npm:node@24", "bun@1.4"];

/** Where Node and Bun are. */
let installed: Promise<string> | undefined;

async function install(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", ...PACKAGES];
  assert((await new Deno.Command("npm", { args, cwd: folder }).output()).success);
  return folder;
}

/** The folder with the program of a runtime. */
async function programs(version: string): Promise<string> {
  const modules = `${await (installed ??= install())}/node_modules`;
  return version === "bun" ? `${modules}/.bin` : `${modules}/${version}/bin`;
}

Deno.test.afterAll(async () => {
  if (installed) await Deno.remove(await installed, { recursive: true });
});

for (const recipe of recipes) {
  for (const version of VERSIONS[recipe.runtime]) {
    const isIgnored = recipe.needsNpm && isNpmMissing;
    const where = version === undefined ? "" : ` on ${version}`;
    const why = isIgnored ? " (ignored: npm can't be reached)" : "";
    Deno.test({
      name: `the recipe "${recipe.title}" prints what it shows${where}${why}`,
      ignore: isIgnored,
      async fn() {
        await using copied = await CopiedRecipe.make(recipe);
        await using _shell = await copied.run(version && await programs(version));
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

for (const title of ["Express", "Fastify"]) {
  Deno.test({
    name: `the recipe "${title}" ends a subscription when its client leaves`,
    ignore: isNpmMissing,
    async fn() {
      const recipe = recipes.find(({ headings }) => headings.at(-1) === title)!;
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
      await using _shell = await copied.run(await programs("node24"));
      // The recipe's curl has left.
      await until(async () =>
        await Deno.readTextFile(`${copied.folder}/ended`).catch(() => "") === "left"
      );
    },
  });
}

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
      "Fastify",
      "A stream for each user",
      "An answer that survives a reload",
      "Several streams on one connection",
      "A live table",
      "Who is here",
      "A dashboard's values",
      "Another origin",
      "A token in a header",
      "Testing your own handler",
    ]);
  },
});
