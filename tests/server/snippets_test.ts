import { assertEquals, assertMatch } from "@std/assert";
import { readCodeBlocks } from "../code_blocks.ts";
import { lacks } from "../program.ts";
import { Client, subscription } from "../client.ts";
import { QUIET, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const cannotRun = await lacks("net", "read", "write", "run");

/** How the snippet of a language is run, and the name of its file. */
const RUNNERS: Readonly<Record<string, readonly [file: string, ...command: string[]]>> = {
  sh: ["publish.sh", "/bin/bash"],
  js: ["publish.mjs", "node"],
  python: ["publish.py", "python3"],
  go: ["publish.go", "go", "run"],
  php: ["publish.php", "php"],
};

const snippets = cannotRun
  ? []
  : (await readCodeBlocks("lib/server/README.md")).filter(({ headings }) =>
    headings.at(-1) === "From any language"
  );

async function isInstalled(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["--version"] }).output();
    return true;
  } catch {
    return false; // It is not in the PATH.
  }
}

for (const { language, text } of snippets) {
  const [file, program, ...args] = RUNNERS[language]!;
  const ignore = !await isInstalled(program!);
  const why = ignore ? ` (ignored: there is no ${program})` : "";
  Deno.test({
    name: `the snippet ${file} publishes its events${why}`,
    ignore,
    async fn() {
      await using app = testApp({ PUBLISH_TOKEN: TOKEN, ...QUIET });
      await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, app.fetch);
      const folder = await Deno.makeTempDir();
      const here = text.replaceAll("localhost:8080", `127.0.0.1:${server.addr.port}`);
      await Deno.writeTextFile(`${folder}/${file}`, here);
      const { stdout, stderr } = await new Deno.Command(program!, {
        args: [...args, `${folder}/${file}`],
        env: { PUBLISH_TOKEN: TOKEN },
      }).output();
      const printed = new TextDecoder().decode(stdout);
      assertMatch(printed, /^\{"id":"[^"]+","events":2\}\n?$/, new TextDecoder().decode(stderr));
      await using client = new Client(
        app.hub.subscribe(subscription("stream=news&since=earliest")),
      );
      const [, ...events] = await client.take(3);
      assertEquals(events.map(({ event, data }) => [event, data]), [["message", "one"], [
        "price",
        '{"eur":1.08}',
      ]]);
      await Deno.remove(folder, { recursive: true });
    },
  });
}

Deno.test({
  name: "there is a snippet for each language",
  ignore: cannotRun,
  fn: () => assertEquals(snippets.map(({ language }) => language), Object.keys(RUNNERS)),
});
