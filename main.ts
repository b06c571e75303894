/**
 * The server as a process: its environment, its socket, its signals and what it prints.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- the one file that prints

import {
  type App,
  type Config,
  ConfigError,
  createApp,
  importJwtKey,
  readConfig,
} from "./lib/server/app.ts";

const config = await readEnvironment();
for (const warning of config.warnings) console.error(warning);
const app = createApp(config, {
  print: (line) => console.log(line),
  memoryBytes: () => Deno.memoryUsage().rss,
});
/** How long the first client is kept waiting for the event log, rather than told to come back. */
const LOG_WAIT_MS = 3_000;
let server: Deno.HttpServer | undefined;
let isStopping = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // Windows has no SIGTERM.
  if (Deno.build.os === "windows" && signal === "SIGTERM") continue;
  Deno.addSignalListener(signal, () => stop());
}
app.hub.ready.catch((error) => {
  const what = config.eventLog === "kv" ? `the event log at ${config.kvPath}` : "the event log";
  console.error(`Cannot open ${what}: ${error}`);
  Deno.exit(1);
});
await Promise.race([app.hub.ready, new Promise((resolve) => setTimeout(resolve, LOG_WAIT_MS))]);
await serve(app, config);

async function readEnvironment(): Promise<Config> {
  try {
    const config = readConfig((name) => Deno.env.get(name));
    await checkKey(config);
    if (config.publishToken !== undefined || config.jwtKey !== undefined) return config;
    // Somebody sits in front of it and may want to publish: a token for this run.
    return Deno.stdout.isTerminal() ? { ...config, publishToken: crypto.randomUUID() } : config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}

async function checkKey({ jwtKey }: Config): Promise<void> {
  try {
    if (jwtKey !== undefined) await importJwtKey(jwtKey);
  } catch (error) {
    throw new ConfigError(`JWT_KEY: ${(error as Error).message}`);
  }
}

/** Says how to publish, unless the operator has set it up. */
function explainPublishing(url: string): void {
  if (Deno.env.get("PUBLISH_TOKEN") || config.jwtKey !== undefined) return;
  if (config.publishToken === undefined) {
    console.log("Publishing is closed; set PUBLISH_TOKEN or JWT_KEY to open it");
    return;
  }
  console.log(
    `Publish, until the server stops, with:\n` +
      `curl -H 'Authorization: Bearer ${config.publishToken}' -H 'Content-Type: text/plain' ` +
      `-d Hello '${url}sse?stream=news'`,
  );
}

/** Listens; and again whenever the listener dies, as it does when file descriptors run out. */
async function serve({ fetch }: App, config: Config): Promise<void> {
  const { host, reusePort, tlsCert, tlsKey } = config;
  let { port } = config;
  const tls = tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : {};
  let hasListened = false;
  const onListen = (address: Deno.NetAddr) => {
    port = address.port;
    const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
    const url = `${"cert" in tls ? "https" : "http"}://${host}:${port}/`;
    console.log(`Listening on ${url}`);
    if (!hasListened) explainPublishing(url.replace(/0\.0\.0\.0|\[::\]/, "localhost"));
    hasListened = true;
  };
  while (!isStopping) {
    try {
      server = Deno.serve({ hostname: host, port, reusePort, ...tls, onListen }, fetch);
      await server.finished;
    } catch (error) {
      if (!hasListened) {
        const isInUse = error instanceof Deno.errors.AddrInUse;
        const reason = isInUse ? "the port is in use; set PORT to another" : `${error}`;
        console.error(`Cannot listen on ${host}:${port}: ${reason}`);
        Deno.exit(1);
      }
      console.error(`The listener died, and is started again: ${error}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Sends everybody away within `DRAIN_SECONDS`, then ends; at a second signal, at once. */
async function stop(): Promise<void> {
  if (isStopping) Deno.exit(1);
  isStopping = true;
  const drainMs = config.drainSeconds * 1_000;
  // A client that takes nothing keeps its socket, and would keep shutdown() waiting for ever.
  setTimeout(() => Deno.exit(0), drainMs);
  await app.drain(drainMs * 0.8);
  await app.close();
  await server?.shutdown();
  Deno.exit(0);
}
