/**
 * Tests of `npx <tarball>` where there is Node and no Deno.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Program } from "../program.ts";
import { isNpmMissing, testedRuntimes } from "./npm_missing.ts";
import { install } from "./runtimes.ts";
import { publish, RawClient, TOKEN } from "./server.ts";

/** A server that `npx` runs, in a process group of its own. */
class NpxServer extends Program {
  /** Starts it with only Node and a shell within reach. */
  static async start(runtime: string, settings: Readonly<Record<string, string>>) {
    const { tarball, program } = await install();
    const node = program(runtime);
    const cut = tarball.lastIndexOf("/");
    const cwd = tarball.slice(0, cut);
    // An absolute path would be run instead of installed.
    const args = [node, await npxScript(), "--yes", `.${tarball.slice(cut)}`];
    const env = {
      ...Deno.env.toObject(),
      PATH: `${node.replace(/\/node$/, "")}:/usr/bin:/bin`,
      npm_config_prefer_offline: "true",
      HOST: "127.0.0.1",
      PORT: "0",
      PUBLISH_TOKEN: TOKEN,
      ...settings,
    };
    return new NpxServer("setsid", { args, cwd, env });
  }

  /** Waits until it listens, and returns its address. */
  async url(): Promise<URL> {
    const line = await this.stdout.line("Listening on ");
    return new URL(/Listening on ([^" ]*)/.exec(line)![1]!);
  }

  /** Kills the server, and not only the `npx` that started it. */
  override async [Symbol.asyncDispose](): Promise<void> {
    await new Deno.Command("kill", { args: ["-KILL", "--", `-${this.pid}`] }).output();
    await super[Symbol.asyncDispose]();
  }
}

/** The file of `npx`, since its first line would look for Node itself. */
async function npxScript(): Promise<string> {
  const args = ["-c", 'realpath "$(command -v npx)"'];
  const { stdout } = await new Deno.Command("sh", { args }).output();
  return new TextDecoder().decode(stdout).trim();
}

for (const runtime of testedRuntimes.filter((name) => name !== "bun")) {
  Deno.test({
    name: `npx runs the server on ${runtime}: pages, and a resume after a kill with SQLite`,
    ignore: isNpmMissing,
    async fn() {
      const folder = await Deno.makeTempDir();
      const settings = { EVENT_LOG: "sqlite", SQLITE_PATH: `${folder}/hub.db` };
      let id: string | undefined;
      {
        await using server = await NpxServer.start(runtime, settings);
        const url = await server.url();
        for (const path of ["", "console", "client.js"]) {
          const response = await fetch(new URL(path, url));
          assert(response.ok, path);
          await response.body?.cancel();
        }
        using client = await RawClient.subscribe(url, "stream=a");
        [, id] = await client.until(/event: hello\ndata: .*\nid: (\S+)\n/);
        assertEquals(await publish(url, "a", "missed"), 200);
      }
      await using server = await NpxServer.start(runtime, settings);
      const resume = `Last-Event-ID: ${id}\r\n`;
      using client = await RawClient.subscribe(await server.url(), "stream=a", resume);
      await client.until(/data: missed\n/);
      await Deno.remove(folder, { recursive: true });
    },
  });
}
