import { assert, assertEquals } from "@std/assert";
import {
  type CodeBlock,
  isAsShown,
  readAllBlocks,
  type ShownCommand,
  shownCommands,
} from "./code_blocks.ts";
import { readFile } from "./manual.ts";
import { isMissing, lacks } from "./program.ts";
import { CopiedRecipe, isFile, isForPage, readRecipes, recipeInCheckout } from "./recipes.ts";

const isUnreadable = await lacks("read");
const blocks = isUnreadable ? [] : await readAllBlocks();
const inRecipes = new Set(
  isUnreadable ? [] : (await readRecipes()).flatMap(({ places }) => places),
);
const needed = ["/bin/bash", "/usr/bin/curl", "/usr/bin/openssl"];
const ignore = await lacks("net", "read", "write", "run") ||
  (await Promise.all(needed.map(isMissing))).includes(true);

/** Languages of configuration, which other tests check: readme_test.ts, or the program itself. */
const CONFIGURATION = ["caddyfile", "dockerfile", "ini", "json", "nginx", "yaml"];

/** Who runs or checks a block; `undefined` if nobody does. */
function checker(block: CodeBlock): string | undefined {
  const { language, isIgnored, place } = block;
  if (inRecipes.has(place)) return "recipes_test.ts";
  if (block.headings.at(-1) === "From any language") return "server/snippets_test.ts";
  if (block.headings.at(-1) === "SvelteKit and Next") return "frameworks_test.ts";
  if (language === "js" && place.startsWith("lib/server/")) return "npm/package.ts";
  if (place.startsWith("lib/client/")) return "the types, and client/recipes_test.ts";
  if (isFile(block) || isForPage(block)) return undefined;
  if (language === "ts") return isIgnored ? "the types" : "deno test --doc";
  if (language === "console") return isIgnored ? "nobody, and the block says so" : "its commands";
  if (language === "sh") return "the syntax";
  if (language === "html") return "quick_start_test.ts";
  if (language === "powershell") return "nobody, as there is no PowerShell";
  if (["text", "mermaid"].includes(language)) return "nobody, as it is no code";
  return CONFIGURATION.includes(language) ? "its file" : undefined;
}

Deno.test({
  name: "every code block of the manual is run or checked",
  ignore: isUnreadable,
  fn() {
    const missed = blocks.filter((block) => checker(block) === undefined);
    assertEquals(missed.map(({ place, language }) => `${place} ${language}`), []);
    assert(inRecipes.size > 20);
  },
});

/** The commands of a block that a test can type as they are: `…` stands for something left out. */
function typedCommands(block: CodeBlock): ShownCommand[] {
  const commands = shownCommands(block).filter(({ command }) => !command.includes("…"));
  const isForServer = commands.some(({ command }) => command.includes("localhost:8080"));
  const isStarting = commands.some(({ command }) => command.startsWith("deno task start &"));
  if (!isForServer || isStarting) return commands;
  return [{ command: "deno task start &", output: "" }, ...commands];
}

/** Whether a block shows a server at a terminal: browser/first_event_test.ts starts that. */
function isAtTerminal(block: CodeBlock): boolean {
  return shownCommands(block).some(({ command }) => command === "deno task start");
}

const shown = blocks.filter((block) =>
  block.language === "console" && !block.isIgnored && !inRecipes.has(block.place) &&
  !isAtTerminal(block)
);
for (const block of shown) {
  Deno.test({
    name: `the commands of ${block.place} print what is shown`,
    ignore,
    async fn() {
      await using copied = await CopiedRecipe.make(recipeInCheckout(block, typedCommands(block)));
      await using _shell = await copied.run();
    },
  });
}

const isolated = blocks.filter((block) =>
  block.language === "ts" && block.isIgnored &&
  (!isFile(block) || block.place.startsWith("lib/client/"))
);
Deno.test({
  name: "the types of every block that deno test --doc leaves out are right",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const links = [new URL("../", import.meta.url).pathname];
    const standIns = ["react", "vue"].map((
      name,
    ) => [name, `${new URL(`client/files/${name}.ts`, import.meta.url)}`]);
    const config = { links, unstable: ["kv"], imports: Object.fromEntries(standIns) };
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(config));
    const files = isolated.map((_, index) => `${index}.ts`);
    for (const [index, { text }] of isolated.entries()) {
      await Deno.writeTextFile(`${folder}/${files[index]}`, text);
    }
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", ...files],
      cwd: folder,
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "every block of a shell can be parsed, and its tasks exist",
  ignore,
  async fn() {
    const { tasks } = JSON.parse(await readFile("deno.json"));
    for (const { place, text } of blocks.filter(({ language }) => language === "sh")) {
      const args = ["-n", "-c", text];
      assert((await new Deno.Command("/bin/bash", { args }).output()).success, place);
      for (const [, task = ""] of text.matchAll(/deno(?:@[\d.]+)? task ([\w:]+)/g)) {
        assert(task in tasks, `${place}: ${task}`);
      }
    }
  },
});

Deno.test({
  name: "every JSON of the manual can be parsed",
  ignore: isUnreadable,
  fn() {
    for (const { text } of blocks.filter(({ language }) => language === "json")) JSON.parse(text);
  },
});

Deno.test("isAsShown() lets ids, times and tokens differ, and nothing else", () => {
  const id = 'id: 4x0k1f2m9-3\ndata: {"heartbeatSeconds":15}';
  assert(isAsShown(id, 'id: 1h7-12\ndata: {"heartbeatSeconds":15}\n\n', true));
  assert(!isAsShown(id, 'id: 1h7-12\ndata: {"heartbeatSeconds":16}\n\n', true));
  assert(!isAsShown(id, 'data: 1\nid: 1h7-12\ndata: {"heartbeatSeconds":15}', true));
  const time = "time: 2026-11-23T09:30:00.817Z";
  assert(isAsShown(time, "time: 2031-01-01T00:00:00.000Z\n\ntime: more", false));
  assert(!isAsShown(time, "time: 2031-01-01T00:00:00.000Z\n\ntime: more", true));
  assert(!isAsShown(time, "time: 2031-01-01\n", false));
  assert(isAsShown("eyJhbGci…\nend", "eyJ0.eyJ1.x-y\nend\n", true));
  assert(!isAsShown("data: .", "data: x", true));
});

Deno.test("shownCommands() takes a command over several lines, and what it prints", () => {
  const text = "$ export A=1   # a note\n$ curl \\\n    -d Hello x\nfirst\n\nsecond\n$ end\n";
  const block = { text } as CodeBlock;
  assertEquals(shownCommands(block), [
    { command: "export A=1   # a note", output: "" },
    { command: "curl \\\n    -d Hello x", output: "first\n\nsecond" },
    { command: "end", output: "" },
  ]);
});
