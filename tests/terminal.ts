/**
 * The server at a terminal, where a test reads what it prints and presses Ctrl-C.
 *
 * @module
 */

import { isMissing, Program } from "./program.ts";

const SCRIPT = "/usr/bin/script";

/** Whether no terminal can be made. */
export const isTerminalMissing: boolean = Deno.build.os !== "linux" || await isMissing(SCRIPT);

/** Options of {@linkcode TerminalServer.start}. */
export interface TerminalOptions {
  /** The command that starts the server; by default `deno run … main.ts`. */
  readonly command?: string;
  /** The checkout; by default this one. */
  readonly checkout?: string | URL;
}

const PERMISSIONS = "--allow-net --allow-read=static,data --allow-write=data --allow-env";

/** `main.ts` at a terminal of its own, killed at the end of the scope. */
export class TerminalServer extends Program {
  readonly #folder: string;
  readonly #keyboard: Promise<Deno.FsFile>;

  private constructor(
    folder: string,
    settings: Readonly<Record<string, string>>,
    options: TerminalOptions,
  ) {
    const { command = `${Deno.execPath()} run --no-prompt ${PERMISSIONS} main.ts` } = options;
    const { checkout = new URL("../", import.meta.url) } = options;
    super("/bin/sh", {
      args: ["-c", `exec ${SCRIPT} -qec "$0" /dev/null <${folder}/keyboard`, `exec ${command}`],
      cwd: checkout,
      env: { HOST: "127.0.0.1", PORT: "0", NO_COLOR: "1", HOME: folder, ...settings },
    });
    this.#folder = folder;
    this.#keyboard = Deno.open(`${folder}/keyboard`, { write: true });
  }

  /** Starts it. */
  static async start(
    settings: Readonly<Record<string, string>> = {},
    options: TerminalOptions = {},
  ): Promise<TerminalServer> {
    const folder = await Deno.makeTempDir();
    await new Deno.Command("mkfifo", { args: [`${folder}/keyboard`] }).output();
    return new TerminalServer(folder, settings, options);
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
