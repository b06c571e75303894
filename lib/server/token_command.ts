/**
 * The command `token`: makes a JSON Web Token for the server's `JWT_KEY`, or explains one.
 *
 * @module
 */

import { isStreamName } from "../wire/stream_name.ts";
import { readFlags, readSeconds } from "./command_flags.ts";
import { type CommandNames, denoCommands } from "./command_names.ts";
import type { CommandOutput } from "./command_output.ts";
import { configureJwt, type JwtConfig } from "./configured_jwt.ts";
import { explainToken } from "./explain_token.ts";
import { claimPath } from "./jwt_claims.ts";
import { jwtSecrets } from "./jwt_key.ts";
import { readJwtConfig } from "./read_config.ts";
import { Settings } from "./settings.ts";
import { importPrivateKey, importSecret, type SigningKey, signJwt } from "./sign_jwt.ts";

/** Options of {@linkcode runTokenCommand}. */
export interface TokenCommandOptions {
  /** What an operator types, for `--help`; by default the tasks of `deno.json`. */
  readonly commands?: CommandNames;
  /** The time, in milliseconds since 1970; by default the time of this machine. */
  readonly nowMs?: number;
}

/**
 * Runs the command.
 *
 * @param args Such as `--subscribe orders/* --for 1h`, or `--verify <token>`.
 * @param get Returns the text of a setting: of those of JSON Web Tokens, and of `JWT_PRIVATE_KEY`.
 */
export async function runTokenCommand(
  args: readonly string[],
  get: (name: string) => string | undefined,
  { commands = denoCommands, nowMs = Date.now() }: TokenCommandOptions = {},
): Promise<CommandOutput> {
  try {
    const flags = readFlags(args, { values: FLAGS });
    if (flags.has("--help")) return { stdout: helpLines(commands), code: 0 };
    const config = readJwt(get);
    const token = flags.get("--verify")?.at(-1);
    return token === undefined
      ? await makeToken(flags, { config, privateKey: get("JWT_PRIVATE_KEY"), nowMs })
      : await explain(token, config, nowMs);
  } catch (error) {
    return { stderr: [`Cannot make or explain a token: ${messageOf(error)}`], code: 2 };
  }
}

function helpLines({ token }: CommandNames): readonly string[] {
  return `\
Makes a JSON Web Token for a server with JWT_KEY or JWKS_URL, or explains one:

  ${token} --subscribe 'orders/*' --for 1h
  ${token} --subscribe news,orders/7 --publish orders/7 --for 30d
  ${token} --verify <token>

  --subscribe <streams>   streams that may be subscribed to, with commas between; orders/* is
                          everything below orders/, and * is every stream
  --publish <streams>     streams that may be published to and ended, written in the same way
  --admin <level>         how far the console is open: read, or write for everything
  --for <time>            how long the token is valid: 90s, 15m, 1h or 30d [1h]
  --verify <token>        says until when a token is valid and what it may do, or why it is refused

  JWT_KEY, JWKS_URL       the keys, as the server has them; a token is signed with the first secret
  JWT_PRIVATE_KEY         the private key that belongs to a public key, as PEM (RSA, P-256 or
                          Ed25519); it makes tokens here, and the server does not need it
  JWT_ISSUER, JWT_AUDIENCE, JWT_CLAIM, JWT_LEEWAY_SECONDS
                          as the server has them

The token is printed on standard output, what it may do on standard error.`.split("\n");
}

const FLAGS = ["--subscribe", "--publish", "--admin", "--for", "--verify"];

function readJwt(get: (name: string) => string | undefined): JwtConfig {
  const settings = new Settings(get);
  const config = readJwtConfig(settings);
  if (settings.errors.length > 0) throw new TypeError(settings.errors.join("; "));
  return config;
}

async function explain(token: string, config: JwtConfig, nowMs: number): Promise<CommandOutput> {
  const jwt = configureJwt(config);
  if (jwt === undefined) throw new TypeError("set JWT_KEY or JWKS_URL as the server has them");
  try {
    return await explainToken(token, jwt, nowMs);
  } finally {
    await jwt.close();
  }
}

/** What a token is made with. */
interface TokenMaking {
  readonly config: JwtConfig;
  readonly privateKey: string | undefined;
  readonly nowMs: number;
}

async function makeToken(
  flags: ReadonlyMap<string, readonly string[]>,
  { config, privateKey, nowMs }: TokenMaking,
): Promise<CommandOutput> {
  const subscribe = readPatterns(flags.get("--subscribe"));
  const publish = readPatterns(flags.get("--publish"));
  const admin = readLevel(flags.get("--admin")?.at(-1));
  if (subscribe.length + publish.length === 0 && admin === undefined) {
    throw new TypeError("say what it may do with --subscribe, --publish or --admin; see --help");
  }
  const lastsSeconds = readLifetime(flags.get("--for")?.at(-1) ?? "1h");
  const exp = Math.floor(nowMs / 1_000) + lastsSeconds;
  const key = await readKey(config.jwtKey, privateKey);
  const rights = { subscribe, publish, ...admin !== undefined && { admin } };
  const token = await signJwt(
    { ...partiesOf(config), exp, ...placed(config.jwtClaim, rights) },
    key,
  );
  await checkToken(token, config, nowMs);
  const until = new Date(exp * 1_000).toISOString().replace(".000", "");
  const told = [
    ...subscribe.length > 0 ? [`subscribe to ${subscribe.join(", ")}`] : [],
    ...publish.length > 0 ? [`publish to ${publish.join(", ")}`] : [],
    ...admin === undefined ? [] : [TOLD_LEVELS[admin]],
  ];
  return { stdout: [token], stderr: [`It may ${told.join(" and ")}, until ${until}`], code: 0 };
}

const TOLD_LEVELS = { read: "read the console", write: "do everything" };

function readLevel(text: string | undefined): "read" | "write" | undefined {
  if (text === undefined || text === "read" || text === "write") return text;
  throw new TypeError(`--admin ${JSON.stringify(text)} is neither read nor write`);
}

/** The issuer and the audience that the server expects. */
function partiesOf({ jwtIssuers: [iss], jwtAudiences: [aud] }: JwtConfig): object {
  return { ...iss !== undefined && { iss }, ...aud !== undefined && { aud } };
}

/** Claims with the rights where the server looks for them. */
function placed(claim: string, rights: object): object {
  return claimPath(claim).reduceRight<object>((inner, name) => ({ [name]: inner }), rights);
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

/** A hundred years. */
const MAX_SECONDS = 36_525 * 86_400;

function readLifetime(text: string): number {
  const seconds = readSeconds(text);
  if (seconds >= 1 && seconds <= MAX_SECONDS) return seconds;
  throw new TypeError(
    `--for ${
      JSON.stringify(text)
    } is not a time such as 90s, 15m, 1h or 30d, of a hundred years at most`,
  );
}

async function readKey(
  jwtKey: string | undefined,
  privateKey: string | undefined,
): Promise<SigningKey> {
  if (privateKey) return await importPrivateKey(privateKey);
  if (jwtKey === undefined) throw new TypeError("set JWT_KEY to the secret that the server has");
  const [secret] = jwtSecrets(jwtKey);
  if (secret !== undefined) return await importSecret(secret);
  throw new TypeError(
    "JWT_KEY has no secret, but keys that verify tokens; set JWT_PRIVATE_KEY to the private key that " +
      "belongs to one of them",
  );
}

/** Checks that the server will accept a token, where its keys are settings. */
async function checkToken(token: string, config: JwtConfig, nowMs: number): Promise<void> {
  const jwt = configureJwt({ ...config, jwksUrl: undefined });
  if (jwt === undefined || config.jwksUrl !== undefined) return;
  const result = await jwt.verifier.verify(token, nowMs / 1_000);
  if (!("fault" in result)) return;
  throw new TypeError(
    "JWT_PRIVATE_KEY does not belong to JWT_KEY; the server would refuse the token",
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `${error}`;
}
