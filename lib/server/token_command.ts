/**
 * `deno task token`: makes a JSON Web Token for the server's `JWT_KEY`, or explains one.
 *
 * @module
 */

import { isStreamName } from "../wire/stream_name.ts";
import type { CommandOutput } from "./command_output.ts";
import { explainToken } from "./explain_token.ts";
import { verifyJwt } from "./jwt.ts";
import { importJwtKey } from "./jwt_key.ts";
import { importPrivateKey, importSecret, type SigningKey, signJwt } from "./sign_jwt.ts";

/**
 * Runs the command.
 *
 * @param args Such as `--subscribe orders/* --for 1h`, or `--verify <token>`.
 * @param get Returns the text of `JWT_KEY` and `JWT_PRIVATE_KEY`.
 * @param nowMs The time, in milliseconds since 1970.
 */
export async function runTokenCommand(
  args: readonly string[],
  get: (name: string) => string | undefined,
  nowMs: number = Date.now(),
): Promise<CommandOutput> {
  try {
    const flags = readFlags(args);
    if (flags.has("--help")) return { stdout: HELP, code: 0 };
    const token = flags.get("--verify")?.at(-1);
    return token === undefined
      ? await makeToken(flags, get, nowMs)
      : await explainToken(token, get("JWT_KEY"), nowMs);
  } catch (error) {
    return { stderr: [`Cannot make or explain a token: ${messageOf(error)}`], code: 2 };
  }
}

const HELP = `\
Makes a JSON Web Token for a server with JWT_KEY, or explains one:

  deno task token --subscribe 'orders/*' --for 1h
  deno task token --subscribe news,orders/7 --publish orders/7 --for 30d
  deno task token --verify <token>

  --subscribe <streams>   streams that may be subscribed to, with commas between; orders/* is
                          everything below orders/, and * is every stream
  --publish <streams>     streams that may be published to and ended, written in the same way
  --for <time>            how long the token is valid: 90s, 15m, 1h or 30d [1h]
  --verify <token>        says until when a token is valid and what it may do, or why it is refused

  JWT_KEY                 the HS256 secret, or the ES256 public key, as the server has it
  JWT_PRIVATE_KEY         the private key that belongs to the ES256 public key, as PEM; it makes
                          tokens here, and the server does not need it

The token is printed on standard output, what it may do on standard error.`.split("\n");

const FLAGS = ["--subscribe", "--publish", "--for", "--verify"];

/** Reads `--name value` and `--name=value`; a flag may be given more than once. */
function readFlags(args: readonly string[]): Map<string, string[]> {
  const flags = new Map<string, string[]>();
  for (let i = 0; i < args.length; i++) {
    const [, name = args[i]!, inline] = /^(--[a-z]+)=(.*)$/s.exec(args[i]!) ?? [];
    if (name === "--help" || name === "-h") return new Map([["--help", []]]);
    if (!FLAGS.includes(name)) {
      throw new TypeError(`there is no argument ${JSON.stringify(name.slice(0, 100))}; see --help`);
    }
    const value = inline ?? args[++i];
    if (value === undefined) throw new TypeError(`${name} needs a value; see --help`);
    flags.set(name, [...flags.get(name) ?? [], value]);
  }
  return flags;
}

async function makeToken(
  flags: ReadonlyMap<string, readonly string[]>,
  get: (name: string) => string | undefined,
  nowMs: number,
): Promise<CommandOutput> {
  const subscribe = readPatterns(flags.get("--subscribe"));
  const publish = readPatterns(flags.get("--publish"));
  if (subscribe.length + publish.length === 0) {
    throw new TypeError("say what it may do with --subscribe or --publish; see --help");
  }
  const lastsSeconds = readSeconds(flags.get("--for")?.at(-1) ?? "1h");
  const exp = Math.floor(nowMs / 1_000) + lastsSeconds;
  const key = await readKey(get);
  const token = await signJwt({ exp, sse: { subscribe, publish } }, key);
  await checkToken(token, get("JWT_KEY"), nowMs);
  const until = new Date(exp * 1_000).toISOString().replace(".000", "");
  const rights = [["subscribe to", subscribe], ["publish to", publish]] as const;
  const told = rights.filter(([, patterns]) => patterns.length > 0)
    .map(([verb, patterns]) => `${verb} ${patterns.join(", ")}`);
  return { stdout: [token], stderr: [`It may ${told.join(" and ")}, until ${until}`], code: 0 };
}

function readPatterns(values: readonly string[] = []): string[] {
  const patterns = values.flatMap((value) => value.split(",")).map((pattern) => pattern.trim());
  const wrong = patterns.find((pattern) =>
    pattern !== "*" && !isStreamName(pattern.replace(/\/\*$/, ""))
  );
  if (wrong === undefined) return patterns;
  throw new TypeError(
    `${
      JSON.stringify(wrong)
    } is not a stream; write a name such as news, orders/* for everything ` +
      "below orders/, or * for every stream",
  );
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
/** A hundred years. */
const MAX_SECONDS = 36_525 * 86_400;

function readSeconds(text: string): number {
  const [, count, unit = ""] = /^(\d{1,10})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? NaN);
  if (seconds >= 1 && seconds <= MAX_SECONDS) return seconds;
  throw new TypeError(
    `--for ${
      JSON.stringify(text)
    } is not a time such as 90s, 15m, 1h or 30d, of a hundred years at most`,
  );
}

async function readKey(get: (name: string) => string | undefined): Promise<SigningKey> {
  const privateKey = get("JWT_PRIVATE_KEY");
  if (privateKey) return await importPrivateKey(privateKey);
  const jwtKey = get("JWT_KEY");
  if (!jwtKey) throw new TypeError("set JWT_KEY to the secret that the server has");
  const { algorithm } = await importJwtKey(jwtKey);
  if (algorithm === "HS256") return await importSecret(jwtKey);
  throw new TypeError(
    "JWT_KEY is a public key, which verifies tokens; set JWT_PRIVATE_KEY to the private key that " +
      "belongs to it",
  );
}

/** Checks that the server will accept a token, where its key is known. */
async function checkToken(token: string, jwtKey: string | undefined, nowMs: number): Promise<void> {
  if (!jwtKey) return;
  const result = await verifyJwt(token, await importJwtKey(jwtKey), nowMs / 1_000);
  if (!("fault" in result)) return;
  throw new TypeError(
    "JWT_PRIVATE_KEY does not belong to JWT_KEY; the server would refuse the token",
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `${error}`;
}
