/**
 * The server at a terminal, where a test reads what it prints and presses Ctrl-C.
 *
 * @module
 */

import { isMissing, Program } from "./program.ts";

const SCRIPT = "/usr/bin/script";

/** Whether no terminal can be made. */
export const isTerminalMissing: boolean = Deno.build.os !== "linux" || await isMissing(SCRIPT);

/** `main.ts` at a terminal of its own, killed at the end of the scope. */
export class TerminalServer extends Program {
  readonly #folder: string;
  readonly #keyboard: Promise<Deno.FsFile>;

  private constructor(folder: string, settings: Readonly<Record<string, string>>) {
    const permissions = "--allow-net --allow-read=static,data --allow-write=data --allow-env";
    const command = `exec ${Deno.execPath()} run --no-prompt ${permissions} main.ts`;
    super("/bin/sh", {
      args: ["-c", `exec ${SCRIPT} -qec "$0" /dev/null <${folder}/keyboard`, command],
      cwd: new URL("../", import.meta.url),
      env: { HOST: "127.0.0.1", PORT: "0", NO_COLOR: "1", HOME: folder, ...settings },
    });
    this.#folder = folder;
    this.#keyboard = Deno.open(`${folder}/keyboard`, { write: true });
  }

  /** Starts it. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<TerminalServer> {
    const folder = await Deno.makeTempDir();
    await new Deno.Command("mkfifo", { args: [`${folder}/keyboard`] }).output();
    return new TerminalServer(folder, settings);
  }

  /** The line of the banner that begins with this word, without it. */
  async banner(word: string): Promise<string> {
    const line = await this.stdout.line(`${word} `);
    return line.trim().slice(word.length).trim();
  }

  /** Presses keys, such as `\x03` for Ctrl-C. */
  async press(keys: string): Promise<void> {
    await (await this.#keyboard).write(new TextEncoder().encode(keys));
  }

  /** Kills it if it still runs. */
  override async [Symbol.asyncDispose](): Promise<void> {
    (await this.#keyboard).close();
    await super[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
