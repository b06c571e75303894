/**
 * A shell in which a test types the commands that a document shows.
 *
 * @module
 */

import { isAsShown, type ShownCommand } from "./code_blocks.ts";
import { until } from "./wait.ts";

const BASH = "/bin/bash";

/** A `bash` with all that it started, ended at the end of the scope. */
export class Shell implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keyboard: WritableStreamDefaultWriter<Uint8Array>;
  readonly #outputs: string;
  #count = 0;

  private constructor(outputs: string, options: Deno.CommandOptions) {
    this.#outputs = outputs;
    this.#child = new Deno.Command(BASH, {
      clearEnv: true,
      stdout: "null",
      stderr: "null",
      ...options,
      stdin: "piped",
    }).spawn();
    this.#keyboard = this.#child.stdin.getWriter();
  }

  /** Opens it, with only the environment that is given. */
  static async open(options: Deno.CommandOptions): Promise<Shell> {
    const shell = new Shell(await Deno.makeTempDir(), options);
    await shell.#type(`${PRELUDE}pidfile=${shell.#outputs}/pid\n`);
    return shell;
  }

  /**
   * Types a command, and waits until it prints what is shown. A command that goes on, such as `curl -N`, is
   * ended then. Where nothing is shown, a command must succeed, whatever it prints; of a command in the
   * background nothing is expected.
   */
  async run({ command, output }: ShownCommand): Promise<void> {
    const file = `${this.#outputs}/${this.#count++}`;
    await this.#type(
      `{ ${command}\n} >${file} 2>&1 </dev/null; echo $? >${file}.code; mv ${file}.code ${file}.ended\n`,
    );
    const isBackground = /&\s*(?:#.*)?$/.test(command);
    let printed = "";
    const hasEnded = () => exists(`${file}.ended`);
    await until(
      async () => {
        const isEnded = !isBackground && await hasEnded();
        printed = (await Deno.readTextFile(file).catch(() => "")).replace(NOTES, "");
        if (isEnded && !await this.#isRight(file, output, printed)) {
          throw new Error(`$ ${command}\nprinted\n${printed}\ninstead of\n${output}`);
        }
        return isEnded || (isBackground && output === "") ||
          (output !== "" && isAsShown(output, printed, false));
      },
      () => `${JSON.stringify(output)} of $ ${command}, which printed ${JSON.stringify(printed)}`,
    );
    if (isBackground || await hasEnded()) return;
    await this.#endCurl();
    await until(hasEnded, () => `the end of $ ${command}`);
  }

  /** Whether a command that has ended did what is shown. */
  async #isRight(file: string, output: string, printed: string): Promise<boolean> {
    // The lines of standard output and of standard error may come in either order.
    const isShown = isAsShown(output, printed, true) ||
      isAsShown(sortedLines(output), sortedLines(printed), true);
    if (output !== "") return isShown;
    return (await Deno.readTextFile(`${file}.ended`)).trim() === "0";
  }

  /** Ends a `curl` that has printed what is shown. */
  async #endCurl(): Promise<void> {
    try {
      Deno.kill(Number(await Deno.readTextFile(`${this.#outputs}/pid`)), "SIGTERM");
    } catch {
      // It has ended by itself.
    }
  }

  async #type(text: string): Promise<void> {
    await this.#keyboard.write(new TextEncoder().encode(text));
  }

  /** Ends it, and what it put into the background. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endCurl();
    await this.#type("for job in $(jobs -p); do kill -KILL -- -$job; done; exit\n");
    await this.#keyboard.close().catch(() => {});
    await this.#child.status;
    await Deno.remove(this.#outputs, { recursive: true });
  }
}

// With jobs each in a process group of its own, and a curl and a doctor that wait for a server that is
// starting.
const PRELUDE = `set -m
curl() {
  command curl -sS --retry 9 --retry-delay 1 --retry-connrefused "$@" &
  echo $! >$pidfile
  wait $!
}
deno() {
  if [ "$2" = doctor ]; then
    command curl -s -o /dev/null --retry 9 --retry-delay 1 --retry-connrefused "\${3%%/sse*}/healthz"
  fi
  command deno "$@"
}
`;

/** Lines that a document leaves out: which task runs, what is checked, that a server is still starting. */
const NOTES = /^(?:Task |Check |curl: \(7\) |Warning "links" .*\n).*\n/gm;

async function exists(file: string): Promise<boolean> {
  return await Deno.stat(file).then(() => true, () => false);
}

function sortedLines(text: string): string {
  return text.trim().split("\n").sort().join("\n") + "\n";
}
