import { assert, assertEquals, assertMatch } from "@std/assert";
import { bunCommands, denoCommands, nodeCommands } from "../../lib/server/command_names.ts";
import { helpLines } from "../../lib/server/help.ts";
import { OPTION_NAMES, OPTIONS } from "../../lib/server/options.ts";

Deno.test("helpLines() lists every option with its meaning and its default", () => {
  const text = helpLines().join("\n");
  const flat = text.replace(/\s+/g, " ");
  for (const name of OPTION_NAMES) assert(flat.includes(` ${name} ${OPTIONS[name].meaning}`), name);
  assertMatch(text, /^ {2}PORT {24}the port to listen on; 0 for any free port \[8080\]$/m);
  assertMatch(text, /^ {2}JWT_KEY .* the keys that verify JSON Web Tokens/m);
});

Deno.test("helpLines() keeps to 100 columns, but for words that are longer", () => {
  for (const commands of [denoCommands, nodeCommands, bunCommands]) {
    const long = helpLines(commands).filter((line) => line.length > 100);
    assertEquals(long.filter((line) => !/\]@\]host/.test(line)), []);
  }
});
