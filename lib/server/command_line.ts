/**
 * What the server is asked for by its arguments. Prints nothing itself.
 *
 * @module
 */

import { type CommandNames, denoCommands } from "./command_names.ts";
import type { CommandOutput } from "./command_output.ts";
import { ConfigError } from "./config.ts";
import type { NegotiateProtocol } from "./doctor/examine.ts";
import { runDoctorCommand } from "./doctor_command.ts";
import { helpLines } from "./help.ts";
import { findMisspelled } from "./misspelled.ts";
import { OPTION_NAMES } from "./options.ts";
import { checkConfig } from "./read_config.ts";
import { showConfig } from "./show_config.ts";
import { runTokenCommand } from "./token_command.ts";

/** The environment variables of a process. */
export interface Environment {
  /** Returns the text of a variable; `undefined` if it is not set. */
  readonly get: (name: string) => string | undefined;
  /** The names of all variables. */
  readonly names: readonly string[];
  /** One line for each file that a variable names and that can't be used. */
  readonly fileErrors?: readonly string[];
  /** Returns the protocol that a server chooses by TLS, for the command `doctor`. */
  readonly negotiateProtocol?: NegotiateProtocol;
  /** What an operator types; by default the tasks of `deno.json`. */
  readonly commands?: CommandNames;
}

/**
 * Runs what the arguments ask for: `--help`, `--check`, or `token` or `doctor` and its own arguments.
 *
 * @returns The output; `undefined` without arguments, which means to start the server.
 */
export async function runCommand(
  args: readonly string[],
  environment: Environment,
): Promise<CommandOutput | undefined> {
  const [first, ...others] = args;
  const { get, fileErrors, negotiateProtocol, commands = denoCommands } = environment;
  if (first === undefined) return undefined;
  if (first === "doctor") return await runDoctorCommand(others, { negotiateProtocol, commands });
  if (first === "token" && fileErrors?.length) return { stderr: fileErrors, code: 2 };
  if (first === "token") return await runTokenCommand(others, get, { commands });
  const unknown = args.find((argument) => !KNOWN.includes(argument));
  if (unknown !== undefined) return { stderr: [explainUnknown(unknown, commands)], code: 2 };
  if (args.includes("--help") || args.includes("-h")) {
    return { stdout: helpLines(commands), code: 0 };
  }
  return await check(environment);
}

const KNOWN = ["--help", "-h", "--check"];

async function check({ get, names, fileErrors }: Environment): Promise<CommandOutput> {
  const misspelled = findMisspelled(names, get);
  try {
    const { warnings } = await checkConfig(get, fileErrors);
    return { stdout: showConfig(get), stderr: [...misspelled, ...warnings], code: 0 };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { stderr: [...misspelled, ...error.message.split("\n")], code: 1 };
  }
}

/** Says what to type instead. Of `--publish-token=…` only the name is repeated. */
function explainUnknown(argument: string, { startWithFile }: CommandNames): string {
  const [word = ""] = argument.split("=", 1);
  const problem = `Cannot start: there is no argument ${JSON.stringify(word.slice(0, 100))}`;
  if (word === "--env-file") {
    return `${problem}; it is an argument of the runtime: ${startWithFile}`;
  }
  const variable = word.replace(/^-+/, "").replaceAll("-", "_").toUpperCase();
  const name = OPTION_NAMES.find((name) => name === variable);
  return name === undefined
    ? `${problem}; --help lists what there is`
    : `${problem}; set the environment variable ${name} instead, see --help`;
}
