/**
 * What the server prints when it listens, and when it begins to stop.
 *
 * @module
 */

import type { CommandNames } from "./command_names.ts";
import { type Config, hasPublisher } from "./config.ts";
import type { ShownAddress } from "./listen_address.ts";
import { LOGIN_CODE_MS } from "./login_code.ts";
import { isServed } from "./served_streams.ts";
import { TIME_STREAM } from "./time_stream.ts";

/** What the banner depends on. */
export interface BannerOptions {
  /** The server's configuration. */
  readonly config: Config;
  /** Where the server listens. */
  readonly address: ShownAddress;
  /** Whether a person reads it: standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Whether the token was made for this run, so that nobody knows it yet. */
  readonly isTokenNew: boolean;
  /** Whether commands are for PowerShell, rather than for a POSIX shell. */
  readonly isWindows: boolean;
  /** What an operator types. */
  readonly commands: CommandNames;
  /** Makes a code for the console; `undefined` if the console is disabled. */
  readonly createLoginCode: () => string | undefined;
}

/**
 * Writes the banner. Its first line names the URL to open. For a terminal, the others name the console,
 * a command that publishes to the stream of the demo page, and how to stop.
 *
 * A token of the operator's own is never repeated, and a login code is made only for a terminal.
 */
export function bannerLines(options: BannerOptions): readonly string[] {
  const { config, address, isTerminal } = options;
  const listening = listeningLine(address);
  if (!hasPublisher(config)) {
    return [listening, "Publishing is disabled; set PUBLISH_TOKEN or JWT_KEY to enable it"];
  }
  if (!isTerminal) return [listening];
  const lines = [consoleLine, tokenLine, publishLine].map((line) => line(options));
  return [listening, ...lines.filter((line) => line !== undefined), "Stop      Ctrl-C"];
}

/** Says where the server listens. */
export function listeningLine({ text, isEverywhere }: ShownAddress): string {
  return `Listening on ${text}${isEverywhere ? " and at every other address of this machine" : ""}`;
}

/** Says what stopping waits for, and how to stop at once. */
export function stoppingLine(clients: number, seconds: number, isTerminal: boolean): string {
  const counted = `${clients} client${clients === 1 ? "" : "s"}`;
  const again = isTerminal ? "Ctrl-C again" : "a second signal";
  return `Stopping: ${counted}, up to ${seconds} s; ${again} to stop now`;
}

function consoleLine({ address, createLoginCode }: BannerOptions): string | undefined {
  const code = address.url === undefined ? undefined : createLoginCode();
  if (code === undefined) return undefined;
  const note = `(logs in once, within ${LOGIN_CODE_MS / 1_000} s)`;
  return `Console   ${address.url}console#code=${code} ${note}`;
}

function tokenLine({ config, isTokenNew }: BannerOptions): string | undefined {
  if (!isTokenNew) return undefined;
  return `Token     ${config.publishToken} (for this run; set PUBLISH_TOKEN to have one of your own)`;
}

function publishLine(options: BannerOptions): string | undefined {
  const { config, address, isTokenNew, isWindows, commands } = options;
  const stream = publishedStream(config);
  if (stream === undefined || address.curl === undefined) return undefined;
  if (config.publishToken === undefined) {
    return `Publish   with a token from: ${commands.token} --publish ${stream}`;
  }
  const variable = isWindows ? "$env:PUBLISH_TOKEN" : "$PUBLISH_TOKEN";
  const token = isTokenNew ? config.publishToken : variable;
  // In PowerShell of Windows, curl is another program.
  const curl = isWindows ? "curl.exe" : "curl";
  const headers = `-H "Authorization: Bearer ${token}" -H "Content-Type: text/plain"`;
  return `Publish   ${curl} ${headers} -d Hello ${address.curl(`/sse?stream=${stream}`)}`;
}

/** The stream of the demo page, or else the first that the server has beside its clock. */
function publishedStream(config: Config): string | undefined {
  if (isServed(DEMO_STREAM, config)) return DEMO_STREAM;
  return config.streams?.find((name) => name !== TIME_STREAM);
}

/** The stream to which the demo page publishes. */
export const DEMO_STREAM = "chat";
