import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { freePort, lacks, Program } from "../program.ts";
import { proxies } from "./proxies.ts";

const ROOT = new URL("../../", import.meta.url);
const ignore = await lacks("net", "run", "read", "write") || Deno.build.os === "windows";

/** A file of the repository. */
function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}

for (const file of proxies.flatMap(({ file, belowPath }) => [file, belowPath.file])) {
  Deno.test({
    name: `README.md shows the ${file} that is tested`,
    ignore: await lacks("read"),
    async fn() {
      assertStringIncludes(await read("README.md"), await read(`tests/operations/${file}`));
    },
  });
}

/** Runs Deno in a folder with these arguments until it listens, then ends it. */
async function listens(cwd: URL | string, args: string[], env: Record<string, string>) {
  await using server = new Program(Deno.execPath(), { args, cwd, env: { NO_COLOR: "1", ...env } });
  const line = await server.stdout.line("Listening on ");
  const response = await fetch(new URL("/readyz", line.slice("Listening on ".length)));
  assertEquals(await response.text(), "ok\n");
  server.kill("SIGTERM");
  assertEquals([await server.exitCode(), server.stderr.all], [0, []]);
}

Deno.test({
  name: "README.md's systemd unit grants every permission that the server needs",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const port = `${freePort()}`;
    const unit = /```ini\n(.*?)```/s.exec(await read("README.md"))![1]!
      .replaceAll("/var/lib/sse-hub", folder).replaceAll(":8080", `:${port}`);
    const [, command = ""] = /^ExecStart=\S+ (.*)$/m.exec(unit)!;
    const settings = Array.from(unit.matchAll(/^Environment=(.*)$/gm), ([, line]) => line!);
    const env = Object.fromEntries(settings.join(" ").split(" ").map((pair) => pair.split("=")));
    assertEquals([env.EVENT_LOG, env.HOST], ["kv", "127.0.0.1"]);
    await listens(ROOT, command.split(" "), { ...env, PORT: port });
    assert((await Deno.stat(`${folder}/hub.sqlite`)).isFile);
    await Deno.remove(folder, { recursive: true });
  },
});

/** Copies a file, or a folder with everything in it. */
async function copy(from: URL, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) {
    await copy(new URL(`${from}/${name}`), `${to}/${name}`);
  }
}

Deno.test({
  name:
    "README.md's Docker image has every file, and grants every permission, that the server needs",
  ignore,
  async fn() {
    const image = await Deno.makeTempDir();
    const port = `${freePort()}`;
    const included = (await read(".dockerignore")).matchAll(/^!(.*)$/gm);
    for (const [, path = ""] of included) await copy(new URL(path, ROOT), `${image}/${path}`);
    const [, command = ""] = /^CMD (\[.*\])$/m.exec(await read("README.md"))!;
    const args = JSON.parse(command.replace(":8080", `:${port}`));
    await listens(image, args, { PORT: port, DENO_DIR: `${image}/cache`, DRAIN_SECONDS: "0" });
    await Deno.remove(image, { recursive: true });
  },
});

Deno.test({
  name: "deno.json has no task that prompts for a permission",
  ignore: await lacks("read"),
  async fn() {
    const { tasks } = JSON.parse(await read("deno.json"));
    const commands: string[] = Object.values<{ command: string }>(tasks).map((it) => it.command);
    const running = commands.filter((command) => command.includes("deno run"));
    assert(running.length > 1);
    for (const command of running) assertMatch(command, /^deno run --no-prompt /);
  },
});
