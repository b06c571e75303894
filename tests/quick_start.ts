/**
 * The first server and page of the README, in a folder of their own, as somebody makes them who has read
 * nothing else.
 *
 * @module
 */

import { readFile } from "./manual.ts";
import { freePort, Program } from "./program.ts";

/** The ways in which the README leads an application to this repository. */
export const INSTALLATIONS = ["links", "imports"] as const;

/** The code block of a text that is in this language and has this word. */
function block(text: string, language: string, word: string): string {
  for (
    const [, code = ""] of text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))
  ) {
    if (code.includes(word)) return code;
  }
  throw new Error(`Cannot find code: README.md has no ${language} with ${word}`);
}

/** The first server of the README, running until the end of the scope. */
export class QuickStart implements AsyncDisposable {
  private constructor(
    /** Where it listens. */
    readonly url: string,
    readonly server: Program,
    readonly folder: string,
  ) {}

  /** Writes its files and starts it. */
  static async start(installation: (typeof INSTALLATIONS)[number]): Promise<QuickStart> {
    const readme = await readFile("README.md");
    const folder = await Deno.makeTempDir();
    const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
    const config = block(readme, "json", `"${installation}"`).replaceAll("../sse-hub", root);
    await Deno.writeTextFile(`${folder}/deno.json`, config);
    await Deno.writeTextFile(`${folder}/server.ts`, block(readme, "ts ignore", "page.html"));
    await Deno.writeTextFile(`${folder}/page.html`, block(readme, "html", "EventSource"));
    const [command = ""] = block(readme, "sh", "server.ts").split(/ *#/);
    const [, ...args] = command.split(" ");
    const port = freePort();
    const { DENO_DIR, HOME } = Deno.env.toObject();
    const env = {
      NO_COLOR: "1",
      DENO_SERVE_ADDRESS: `tcp:127.0.0.1:${port}`,
      ...DENO_DIR && { DENO_DIR },
      ...HOME && { HOME },
    };
    const server = new Program(Deno.execPath(), { args, cwd: folder, env });
    await server.stderr.line("Listening on ");
    return new QuickStart(`http://127.0.0.1:${port}/`, server, folder);
  }

  /** Ends it and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}
