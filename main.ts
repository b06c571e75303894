/**
 * The server as a process: its environment, its socket, its signals and what it prints.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- the one file that prints

import { type App, type Config, ConfigError, createApp, readConfig } from "./lib/server/app.ts";

const config = readEnvironment();
const app = createApp(config, { print: (line) => console.log(line) });
let server: Deno.HttpServer | undefined;
let isStopping = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // Windows has no SIGTERM.
  if (Deno.build.os === "windows" && signal === "SIGTERM") continue;
  Deno.addSignalListener(signal, () => stop());
}
await serve(app, config);

function readEnvironment(): Config {
  try {
    return readConfig((name) => Deno.env.get(name));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}

/** Listens; and again whenever the listener dies, as it does when file descriptors run out. */
async function serve({ fetch }: App, { host, port, tlsCert, tlsKey }: Config): Promise<void> {
  const tls = tlsCert !== undefined && tlsKey !== undefined ? { cert: tlsCert, key: tlsKey } : {};
  let hasListened = false;
  const onListen = (address: Deno.NetAddr) => {
    hasListened = true;
    port = address.port;
    const scheme = "cert" in tls ? "https" : "http";
    console.log(`Listening on ${scheme}://${address.hostname}:${address.port}/`);
  };
  while (!isStopping) {
    try {
      server = Deno.serve({ hostname: host, port, ...tls, onListen }, fetch);
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

/** Ends all there is within `DRAIN_SECONDS`; at a second signal, at once. */
async function stop(): Promise<void> {
  if (isStopping) Deno.exit(1);
  isStopping = true;
  // A client that takes nothing keeps its socket, and would keep shutdown() waiting for ever.
  setTimeout(() => Deno.exit(0), config.drainSeconds * 1_000);
  await app.close();
  await server?.shutdown();
  Deno.exit(0);
}
