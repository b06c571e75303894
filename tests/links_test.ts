import { assert, assertEquals, assertGreater } from "@std/assert";
import { anchors, links } from "./markdown.ts";
import { readFile } from "./manual.ts";
import { lacks } from "./program.ts";

const ROOT = new URL("../", import.meta.url);
const ignore = await lacks("read");

Deno.test("anchors() names headings as GitHub does", () => {
  const text =
    "# Who may do *what*?\n## `POST /sse`: a_b\n## [KV](kv.md)\n## KV\n### Ä, é & ☃ #\n" +
    "```sh\n# no heading\n```\n#no heading\n";
  assertEquals([...anchors(text)], ["who-may-do-what", "post-sse-a_b", "kv", "kv-1", "ä-é--"]);
});

Deno.test("links() finds links and pictures of every form, and none in code", () => {
  const text = "[a](a.md) ![b](<b.png>) [![c](c.png)](d.md#e 'f')\n[g]: g.md\n" +
    '<img alt="h" src="h.png">\n`[no](no.md)`\n```\n[no](no.md)\n```\n';
  assertEquals(links(text), ["a.md", "b.png", "c.png", "d.md#e", "g.md", "h.png"]);
});

/** The Markdown files below a folder, by their paths from the root. */
function markdownFiles(folder = ""): string[] {
  return [...Deno.readDirSync(new URL(folder || ".", ROOT))].flatMap(({ name, isDirectory }) => {
    if (name.startsWith(".") || name === "node_modules") return [];
    if (isDirectory) return markdownFiles(`${folder}${name}/`);
    return name.endsWith(".md") ? [folder + name] : [];
  });
}

/** What is wrong with a link of a file; `undefined` if it leads somewhere. */
async function faultOf(file: string, link: string): Promise<string | undefined> {
  if (/^(?:https?|mailto):/.test(link)) return undefined;
  const url = new URL(link, new URL(file, ROOT));
  const fragment = decodeURIComponent(url.hash.slice(1));
  url.hash = "";
  if (/^[a-z]+:|^\//i.test(link) || !url.href.startsWith(ROOT.href)) {
    return "leads out of the repository";
  }
  const target = await Deno.stat(url).catch(() => undefined);
  if (target === undefined) return "leads to no file";
  if (fragment === "") return undefined;
  const text = target.isFile ? await Deno.readTextFile(url) : "";
  return anchors(text).has(fragment) ? undefined : "leads to no heading";
}

Deno.test({
  name: "every link in a Markdown file leads to a file of the repository, and to a heading of it",
  ignore,
  async fn() {
    const files = markdownFiles();
    assert(files.includes("README.md") && files.includes("lib/server/README.md"));
    const all = await Promise.all(files.map(async (file) => {
      const found = links(await readFile(file));
      return Promise.all(found.map(async (link) => [file, link, await faultOf(file, link)]));
    }));
    assertGreater(all.flat().length, 100);
    assertEquals(all.flat().filter(([, , fault]) => fault !== undefined), []);
  },
});

for (
  const [link, fault] of [
    ["../README.md#install", undefined],
    ["log/README.md", undefined],
    ["wire", undefined],
    ["https://hono.dev/docs/helpers/streaming", undefined],
    ["log/README.md#no-such-heading", "leads to no heading"],
    ["wire#install", "leads to no heading"],
    ["no_such_file.ts", "leads to no file"],
    ["../../README.md", "leads out of the repository"],
    ["/lib/README.md", "leads out of the repository"],
    ["file:///etc/hosts", "leads out of the repository"],
  ] as const
) {
  Deno.test({
    name: `a link to ${link} ${fault ?? "is sound"}`,
    ignore,
    async fn() {
      assertEquals(await faultOf("lib/README.md", link), fault);
    },
  });
}
