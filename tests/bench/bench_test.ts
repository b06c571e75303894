import { assertEquals, assertMatch } from "@std/assert";
import { lacks } from "../program.ts";
import { readArguments } from "./arguments.ts";
import { Bench } from "./bench.ts";
import { mergeTables } from "./report.ts";

Deno.test({
  name: "Bench starts the servers of the folder it is given",
  ignore: await lacks("read", "write", "run"),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${folder}/servers`);
      await Deno.writeTextFile(
        `${folder}/servers/hub.ts`,
        'console.log(JSON.stringify({ from: "the other checkout" }));',
      );
      const bench = new Bench(() => {}, new URL(`file://${folder}/`));
      await using server = await bench.startServer("hub");
      assertEquals(server.first, { from: "the other checkout" });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "readArguments() compares with a folder five times, and runs only this project's servers",
  ignore: await lacks("read"),
  fn() {
    const here = new URL("../../", import.meta.url);
    const read = readArguments(["paced", "--against", here.pathname], ["paced", "burst"]);
    assertEquals(read, {
      names: ["paced"],
      runs: 5,
      servers: ["hub", "main"],
      against: here,
      isJson: false,
      isWriting: false,
    });
  },
});

Deno.test("readArguments() says what is wrong with a command line", () => {
  const rows = [
    { args: ["pace"], text: "Cannot run pace: the scenarios are paced, burst" },
    { args: ["--agianst", "x"], text: "Cannot run the bench: there is no --agianst" },
    { args: ["--runs"], text: "Cannot run the bench: --runs has no value" },
    { args: ["--runs", "x"], text: 'Cannot run the bench: --runs is "x"' },
    {
      args: ["--against", "/nowhere"],
      text: "Cannot compare with /nowhere: it is not the folder of a checkout of this project",
    },
  ];
  for (const { args, text } of rows) assertEquals(readArguments(args, ["paced", "burst"]), text);
});

Deno.test("mergeTables() keeps the tables and targets of scenarios that did not run", () => {
  const target = (name: string, value: string) =>
    `| ${name} | a target | ${value} | ≤ 1.00 | yes |`;
  const head = "### Targets\n\n| scenario | | is | must be | met |\n| - | -: | -: | -: | -: |\n";
  const older = `### a\n\nold a\n\n### b\n\nold b\n\n${head}${target("a", "1")}\n${
    target("b", "2")
  }\n`;
  const newer = `### b\n\nnew b\n\n${head}${target("b", "3")}\n`;
  const merged = mergeTables(older, newer, "on a Monday");
  assertMatch(merged, /^### a\n\nold a\n\n### b\n\nnew b\n\non a Monday\n\n### Targets\n/);
  assertEquals(merged.match(/a target \| +[0-9]/g)?.map((text) => text.at(-1)), ["1", "3"]);
});
