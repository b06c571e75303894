import { assertEquals, assertGreater } from "@std/assert";
import { lacks } from "./program.ts";
import { findCostlyText, patternsOf } from "./patterns.ts";

const ROOT = new URL("../", import.meta.url);

const BUNDLES = ["static/client.js", "static/doctor.js"];

/** The code files of a folder and of all folders below it. */
function files(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return files(`${folder}${name}/`);
    return /\.(?:ts|js)$/.test(name) ? [`${folder}${name}`] : [];
  });
}

Deno.test({
  name: "no regular expression of the server, the library or the pages does more than linear work",
  ignore: await lacks("read"),
  fn() {
    const costly: [file: string, pattern: string, text: string][] = [];
    let patterns = 0;
    for (const file of [...files("lib/"), ...files("static/"), "main.ts"]) {
      // Bundles of lib/: in code without spaces a regular expression can't be told from a division.
      if (BUNDLES.includes(file)) continue;
      for (const pattern of patternsOf(Deno.readTextFileSync(new URL(file, ROOT)))) {
        patterns++;
        const text = findCostlyText(pattern);
        if (text !== undefined) costly.push([file, `${pattern}`, text]);
      }
    }
    assertEquals(costly, []);
    assertGreater(patterns, 30);
  },
});

Deno.test("findCostlyText() finds a text that makes a pattern quadratic or worse", () => {
  const costly = [
    /^(?:([0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*))$/i,
    /^(a+)+$/,
    /[^/]*$/,
    /\s+$/,
    /^\s+|(?:\s|["'`])+$/g,
    /(?<=^|;\s*)a=/g,
    /^\s*\s*$/,
    /^x-(?:a|ab|b)*$/,
    /^"a.*b.*c"$/,
    /(?<=^a*a*)b/,
    /^\d+\d+$/,
  ];
  for (const pattern of costly) {
    assertEquals([pattern, findCostlyText(pattern) !== undefined], [pattern, true]);
  }
});

Deno.test("findCostlyText() finds nothing for a linear pattern", () => {
  const linear = [
    /^[a-z]+(?:\/[a-z]+)*$/,
    /\r\n?/g,
    /^(?:0|[1-9][0-9]{0,2})$/,
    /\?[^#]*/,
    /^a{1,3}b*$/,
    /"(?:[^"\\]|\\.)*"/y,
    /(?<=^\/[^/]+\/).+$/s,
  ];
  for (const pattern of linear) {
    assertEquals([pattern, findCostlyText(pattern)], [pattern, undefined]);
  }
});

Deno.test("patternsOf() finds regular expressions, and skips comments, strings and divisions", () => {
  const code = String.raw`#!/a/b
    // not /a/ this
    /* nor /b/ this */
    const path = "/c/"; const share = 6 / 2 / 3; const glob = "/d/*";
    if (/e[/"]\/f/gi.test(path)) path.replace(/g/, "").split( /h/u);
    const url = \`x\${path.replace(/i$/, "")}\`; const made = new RegExp(\`^\${path}-[0-9]{\${share}}$\`);
    const list = [/j/]; return /k/.test(x);`;
  const found = patternsOf(code.replaceAll("\\`", "`").replaceAll("\\$", "$"));
  assertEquals(found.map(String), [
    String.raw`/e[/"]\\/f/gi`.replaceAll("\\\\", "\\"),
    "/g/",
    "/h/u",
    "/i$/",
    "/^9-[0-9]{9}$/",
    "/j/",
    "/k/",
  ]);
});
