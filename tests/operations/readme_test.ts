import { assert, assertMatch, assertStringIncludes } from "@std/assert";
import { readFile, readManual } from "../manual.ts";
import { lacks } from "../program.ts";

const ROOT = new URL("../../", import.meta.url);
const ignore = await lacks("read");

const FOLDER = "tests/operations/files";
const SHOWN = [
  "Dockerfile",
  `${FOLDER}/Caddyfile`,
  `${FOLDER}/Caddyfile_below_a_path`,
  `${FOLDER}/nginx.conf`,
  `${FOLDER}/nginx_below_a_path.conf`,
  `${FOLDER}/prometheus.yml`,
  `${FOLDER}/sse-hub.service`,
];
for (const file of SHOWN) {
  Deno.test({
    name: `the manual shows ${file}, which is tested`,
    ignore,
    async fn() {
      assertStringIncludes(await readManual(), await readFile(file));
    },
  });
}

Deno.test({
  name: "the manual links every file for operators",
  ignore,
  async fn() {
    const manual = await readManual();
    const files = Array.from(Deno.readDirSync(new URL(FOLDER, ROOT)), ({ name }) => name);
    assert(files.length > 5);
    for (const name of [...files.map((name) => `${FOLDER}/${name}`), "compose.yaml"]) {
      assertMatch(manual, new RegExp(`\\]\\((?:\\.\\./)*${name.replaceAll(".", "\\.")}\\)`));
    }
  },
});

Deno.test({
  name: "deno.json has no task that prompts for a permission",
  ignore,
  async fn() {
    const { tasks } = JSON.parse(await readFile("deno.json"));
    const commands: string[] = Object.values<{ command: string }>(tasks).map((it) => it.command);
    const running = commands.filter((command) => command.includes("deno run"));
    assert(running.length > 1);
    for (const command of running) assertMatch(command, /^deno run --no-prompt /);
  },
});
