/**
 * Tests of the npm package as an application gets it: installed from its tarball.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { readCodeBlocks } from "../code_blocks.ts";
import { freePort, Program } from "../program.ts";
import { until } from "../wait.ts";
import { isNpmMissing, testedRuntimes } from "./npm_missing.ts";
import { install } from "./runtimes.ts";

const APPLICATION = `
import { BroadcastHub, type EventLog, eventStream, type HubOptions, MemoryLog } from "@sse/hub";
import { EventParserStream } from "@sse/hub/parser";
import { subscribe } from "@sse/hub/client";
import { SharedLog } from "@sse/hub/log";
import { openKvLog } from "@sse/hub/kv";
import { openRedisLog } from "@sse/hub/redis";
import { openSqliteLog } from "@sse/hub/sqlite";
import { createApp, readConfig } from "@sse/hub/server";

const options: HubOptions = { historyEvents: 10 };
const hub = new BroadcastHub(options);
export async function handle(request: Request): Promise<Response> {
  await hub.publish("news", { event: "a", data: "b" });
  return request.method === "GET"
    ? hub.subscribe(request, { headers: { "x-a": "b" } })
    : eventStream((writer) => void writer.send("a"));
}
export async function read(response: Response): Promise<string | undefined> {
  const events = response.body!.pipeThrough(new EventParserStream()).getReader();
  return (await events.read()).value?.data;
}
export async function follow(): Promise<void> {
  for await (const event of subscribe("/sse?stream=news", { headers: { a: "b" } })) {
    console.log(event.data);
  }
}
export const logs: EventLog[] = [
  new MemoryLog(),
  openKvLog({ prefix: ["a"] }),
  openRedisLog({ url: "redis://localhost" }),
  openSqliteLog({ path: "a.db" }),
];
export const open = (store: ConstructorParameters<typeof SharedLog>[0]) => new SharedLog(store);
export const app = createApp(readConfig(() => undefined));
`;

/** Runs a program in the application's folder, and returns what it prints. */
async function run(name: string, args: readonly string[], input?: string): Promise<string> {
  const { folder, program } = await install();
  if (input !== undefined) await Deno.writeTextFile(`${folder}/input.ts`, input);
  const { stdout, stderr } = await new Deno.Command(program(name), { args: [...args], cwd: folder })
    .output();
  return [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
}

const LIBRARIES = {
  "and the DOM": { lib: ["es2022", "dom", "dom.iterable"], types: [] },
  "without the DOM": { lib: ["es2022"], types: ["node"] },
};

for (const [what, libraries] of Object.entries(LIBRARIES)) {
  for (const moduleResolution of ["bundler", "node16"]) {
    for (const exactOptionalPropertyTypes of [true, false]) {
      const exact = exactOptionalPropertyTypes ? ", optional properties exact" : "";
      Deno.test({
        name: `the package's types are right with es2022 ${what}, by ${moduleResolution}${exact}`,
        ignore: isNpmMissing,
        async fn() {
          const { folder } = await install();
          const compilerOptions = {
            ...libraries,
            target: "es2022",
            module: moduleResolution === "bundler" ? "esnext" : "node16",
            moduleResolution,
            exactOptionalPropertyTypes,
            strict: true,
            noUncheckedIndexedAccess: true,
            skipLibCheck: false,
            noEmit: true,
          };
          const config = { compilerOptions, files: ["input.ts"] };
          await Deno.writeTextFile(`${folder}/tsconfig.json`, JSON.stringify(config));
          assertEquals(await run("tsc", ["-p", "."], APPLICATION), "");
        },
      });
    }
  }
}

Deno.test({
  name: "a browser's bundle of the package's parser has the parser alone",
  ignore: isNpmMissing,
  async fn() {
    const input = 'import { EventParserStream } from "@sse/hub/parser"; new EventParserStream();';
    const args = ["input.ts", "--bundle", "--minify", "--format=esm", "--platform=browser"];
    const text = await run("esbuild", args, input);
    assertMatch(text, /TransformStream/);
    assertLess(text.length, 4_096);
    // As from the whole library, since no file has side effects.
    const same = await run("esbuild", args, input.replace("hub/parser", "hub"));
    assertLess(same.length, 4_096);
  },
});

Deno.test({
  name: "a browser's bundle of the package's client has the client alone",
  ignore: isNpmMissing,
  async fn() {
    const input = 'import { subscribe } from "@sse/hub/client"; subscribe("/sse?stream=news");';
    const args = ["input.ts", "--bundle", "--minify", "--format=esm", "--platform=browser"];
    const text = await run("esbuild", args, input);
    assertMatch(text, /text\/event-stream/);
    assert(!text.includes("node:") && !text.includes("Cannot create hub"), text);
  },
});

Deno.test({
  name:
    "every entry point of the package can be imported on Node and Bun, and KV says what is missing",
  ignore: isNpmMissing,
  async fn() {
    const { folder } = await install();
    const manifest = `${folder}/node_modules/@sse/hub/package.json`;
    const { exports } = JSON.parse(await Deno.readTextFile(manifest));
    const entries = Object.keys(exports).map((name) => `@sse/hub${name.slice(1)}`);
    assert(entries.includes("@sse/hub/parser"));
    const program = `for (const name of ${JSON.stringify(entries)}) await import(name);
      const { openKvLog } = await import("@sse/hub/kv");
      try { openKvLog(); } catch (error) { console.log(error.message); }`;
    await Deno.writeTextFile(`${folder}/import.mjs`, program);
    for (const name of testedRuntimes) {
      const said =
        "Cannot open log: only Deno has Deno KV; use SQLite instead: EVENT_LOG=sqlite of the " +
        "server, or openSqliteLog() of @sse/hub/sqlite\n";
      assertEquals(await run(name, ["import.mjs"]), said, name);
    }
  },
});

Deno.test({
  name: "the package has no test, no source and no build of anything else",
  ignore: isNpmMissing,
  async fn() {
    const { folder } = await install();
    const names = [...Deno.readDirSync(`${folder}/node_modules/@sse/hub`)].map(({ name }) => name);
    assertEquals(names.sort(), [
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "lib",
      "main.js",
      "package.json",
      "static",
    ]);
  },
});

Deno.test({
  name: "an app behind the Bun.serve() of the manual knows the address of a client",
  ignore: isNpmMissing || !testedRuntimes.includes("bun"),
  async fn() {
    const { folder, program } = await install();
    const blocks = await readCodeBlocks("lib/server/README.md");
    const { text } = blocks.find(({ text }) => text.startsWith("Bun.serve("))!;
    const app = 'import { createApp, readConfig } from "@sse/hub/server";\n' +
      "const app = createApp(readConfig(() => undefined), { print: (line) => console.log(line) });\n";
    await Deno.writeTextFile(`${folder}/serve.mjs`, app + text);
    const port = `${freePort()}`;
    await using bun = new Program(program("bun"), {
      args: ["serve.mjs"],
      cwd: folder,
      env: { PORT: port },
    });
    const open = () => fetch(`http://127.0.0.1:${port}/sse?stream=time`);
    await until(() =>
      open().then((response) => response.body!.cancel()).then(() => true, () => false)
    );
    assertMatch(await bun.stdout.line("connected"), /address=127\.0\.0\.1 /);
  },
});
