import { assertEquals, assertGreater } from "@std/assert";
import { OPTION_NAMES, OPTIONS, showDefault } from "../../lib/server/options.ts";
import { readManual } from "../manual.ts";
import { lacks } from "../program.ts";

/** The text of a Markdown cell. */
function plain(cell: string): string {
  return cell.replaceAll("`", "").replace(/\[([^\][]+)\]\([^()]*\)/g, "$1").trim();
}

Deno.test({
  name: "the manual's table of options is the server's",
  ignore: await lacks("read"),
  async fn() {
    const [, table = ""] = /\n\| variable .*\n\| -.*\n((?:\|.*\n)+)/.exec(await readManual())!;
    const rows = table.trim().split("\n").map((row) => row.split("|").slice(1, -1).map(plain));
    assertGreater(rows.length, 30);
    const expected = OPTION_NAMES.map((name) => [name, showDefault(name), OPTIONS[name].meaning]);
    assertEquals(rows, expected);
  },
});

Deno.test("every option's default is a value that its text may have", () => {
  for (const name of OPTION_NAMES) {
    const { byDefault, parse } = OPTIONS[name];
    if (byDefault === undefined || `${byDefault}` === "") continue;
    assertEquals([name, parse(`${byDefault}`)], [name, byDefault]);
  }
});
