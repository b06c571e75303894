/**
 * What an operator types to run the server's commands, on each runtime.
 *
 * @module
 */

/** The commands of one runtime. */
export interface CommandNames {
  /** Starts the server. */
  readonly start: string;
  /** Starts the server with the variables of the file `.env`. */
  readonly startWithFile: string;
  /** Makes and explains JSON Web Tokens. */
  readonly token: string;
  /** Tests an event stream from outside. */
  readonly doctor: string;
}

/** The tasks of `deno.json`. */
export const denoCommands: CommandNames = {
  start: "deno task start",
  startWithFile: "deno task --env-file=.env start",
  token: "deno task token",
  doctor: "deno task doctor",
};

/** The program of the npm package on Node. */
export const nodeCommands: CommandNames = {
  start: "npx sse-hub",
  startWithFile: "node --env-file=.env node_modules/@sse/hub/main.js",
  token: "npx sse-hub token",
  doctor: "npx sse-hub doctor",
};

/** The program of the npm package on Bun. */
export const bunCommands: CommandNames = {
  start: "bunx --bun sse-hub",
  startWithFile: "bun --env-file=.env node_modules/@sse/hub/main.js",
  token: "bunx --bun sse-hub token",
  doctor: "bunx --bun sse-hub doctor",
};
