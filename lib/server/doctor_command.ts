/**
 * The command `doctor`: tests an event stream from outside, and says what to change.
 *
 * @module
 */

import { readFlags, readSeconds } from "./command_flags.ts";
import { type CommandNames, denoCommands } from "./command_names.ts";
import type { CommandOutput } from "./command_output.ts";
import { examine, type ExamineOptions, type NegotiateProtocol } from "./doctor/examine.ts";
import { judge } from "./doctor/judge.ts";
import type { Finding, Observations, Ways } from "./doctor/observations.ts";
import { namedProxies } from "./doctor/proxy_advice.ts";
import { answersOf, count } from "./doctor/findings.ts";
import { printable } from "./request_log.ts";

/** Options of {@linkcode runDoctorCommand}. */
export interface DoctorCommandOptions {
  /** Returns the protocol that a server chooses by TLS; left out, it is not tested. */
  readonly negotiateProtocol?: NegotiateProtocol | undefined;
  /** What an operator types, for `--help`; by default the tasks of `deno.json`. */
  readonly commands?: CommandNames;
}

/**
 * Runs the command.
 *
 * @param args The address of an event stream, and flags; see `--help`.
 * @returns Exit code 0 without a fault, 1 with one, 2 for a wrong use.
 */
export async function runDoctorCommand(
  args: readonly string[],
  { negotiateProtocol, commands = denoCommands }: DoctorCommandOptions = {},
): Promise<CommandOutput> {
  let asked: Asked;
  try {
    const flags = readFlags(args, { values: VALUES, switches: ["--json"], takesWords: true });
    if (flags.has("--help")) return { stdout: helpLines(commands), code: 0 };
    asked = readAsked(flags, negotiateProtocol);
  } catch (error) {
    const reason = error instanceof Error ? error.message : `${error}`;
    return { stderr: [`Cannot test the event stream: ${reason}`], code: 2 };
  }
  const observations = await examine(asked.url, asked.options);
  const findings = judge(observations);
  const stdout = asked.isJson
    ? [JSON.stringify({ url: asked.url, proxies: proxiesOf(observations), findings })]
    : report(observations, findings);
  return { stdout, code: findings.some(({ level }) => level === "fault") ? 1 : 0 };
}

function helpLines({ doctor }: CommandNames): readonly string[] {
  return `\
Tests an event stream from outside, of any server, and says what to change:

  ${doctor} https://events.example/sse
  ${doctor} 'https://events.example/sse?stream=news' --token <token> \\
    --publish 'https://events.example/sse?stream=news'

  --token <token>         is sent as Authorization: Bearer
  --header <field>        is sent as well, such as 'Cookie: session=7'; may be repeated
  --publish <url>         POSTs two events of the type doctor, as {"event","data"}, and sees when
                          they arrive and whether they come again after a reconnect. All clients
                          of the stream get them
  --publish-token <token> the token for publishing, if it is another one
  --for <time>            how long the stream is read: 20s, 2m, up to 1h [20s]
  --connections <number>  how many streams are opened at once, to see what a client gets that is
                          one too many; up to 1000, 0 for none [8]
  --json                  prints one line of JSON

It takes 20 s longer than --for at most. Exit code 0: no fault; 1: a fault; 2: wrong arguments.`
    .split("\n");
}

/** The ways of the command: its flags. */
export const COMMAND_WAYS: Ways = {
  publish: "--publish <url>",
  checkPublish: "check --publish and --publish-token",
  authorize: "give a token with --token, or a cookie with --header",
  longer: (seconds) => `--for ${seconds}s`,
  more: "--connections",
};

const VALUES = ["--token", "--header", "--publish", "--publish-token", "--for", "--connections"];
const MAX_SECONDS = 3_600;
const MAX_CONNECTIONS = 1_000;

interface Asked {
  readonly url: string;
  readonly isJson: boolean;
  readonly options: ExamineOptions;
}

function readAsked(
  flags: ReadonlyMap<string, readonly string[]>,
  negotiateProtocol: NegotiateProtocol | undefined,
): Asked {
  const [url, ...others] = flags.get("") ?? [];
  if (url === undefined || others.length > 0) {
    throw new TypeError("give one address, such as https://events.example/sse; see --help");
  }
  const last = (name: string) => flags.get(name)?.at(-1);
  const token = last("--token");
  const publishUrl = last("--publish");
  return {
    url: readUrl(url),
    isJson: flags.has("--json"),
    options: {
      headers: readHeaders(flags.get("--header"), token),
      publishHeaders: readHeaders(flags.get("--header"), last("--publish-token") ?? token),
      publishUrl: publishUrl === undefined ? undefined : readUrl(publishUrl),
      readMs: 1_000 * readFor(last("--for") ?? "20s"),
      connections: readConnections(last("--connections") ?? "8"),
      negotiateProtocol,
      ways: COMMAND_WAYS,
    },
  };
}

function readUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === "http:" || url?.protocol === "https:") {
    if (url.username === "" && url.password === "") return url.href;
    throw new TypeError(
      "the address has a password; give it with --header 'Authorization: Basic …'",
    );
  }
  const shown = JSON.stringify(text.slice(0, 200));
  throw new TypeError(`${shown} is not an address that begins with http:// or https://`);
}

/** Errors do not repeat a value, which may be a secret. */
function readHeaders(fields: readonly string[] = [], token: string | undefined): Headers {
  const headers = new Headers();
  try {
    for (const field of fields) {
      const [, name, value] = /^([^:]+):(.*)$/s.exec(field) ?? [];
      headers.append(name!.trim(), value!.trim());
    }
  } catch {
    throw new TypeError("--header needs a name, a colon and a value, as in 'Cookie: session=7'");
  }
  try {
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  } catch {
    throw new TypeError("--token and --publish-token take the token alone, on one line");
  }
  return headers;
}

function readFor(text: string): number {
  const seconds = readSeconds(text);
  if (seconds >= 1 && seconds <= MAX_SECONDS) return seconds;
  throw new TypeError(
    `--for ${JSON.stringify(text)} is not a time such as 20s or 2m, of 1h at most`,
  );
}

function readConnections(text: string): number {
  const number = Number(text);
  if (/^\d{1,4}$/.test(text) && number <= MAX_CONNECTIONS) return number;
  throw new TypeError(`--connections ${JSON.stringify(text)} is not a number from 0 to 1000`);
}

function proxiesOf(observations: Observations): readonly string[] {
  return namedProxies(answersOf(observations));
}

/** Writes a line for each check, and a line below it for what to change. */
function report(observations: Observations, findings: readonly Finding[]): readonly string[] {
  const proxies = proxiesOf(observations);
  const through = proxies.length > 0 ? `, through ${proxies.join(" and ")}` : "";
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, seen, change }) => [
    `${level.padEnd(9)}${check.padEnd(width + 2)}${seen}`,
    ...change === undefined ? [] : [`${" ".repeat(width + 11)}change: ${change}`],
  ]);
  const of = (level: Finding["level"]) => findings.filter((one) => one.level === level).length;
  const total = `${count(of("fault"), "fault")}, ${count(of("warning"), "warning")}`;
  return [`${observations.url}${through}`, ...lines, total].map(printable);
}
