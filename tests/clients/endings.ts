/**
 * The endings of the matrix: each is what happens to connected clients, and what follows.
 *
 * @module
 */

import { BroadcastHub, CutConnection } from "../../lib/mod.ts";
import { Body, ServerProcess } from "../server/support.ts";
import { signHs256 } from "../server/jwt_support.ts";
import { until } from "../wait.ts";
import type { Front, Stand } from "./stand.ts";

/** An ending. */
export interface Ending {
  readonly id: string;
  /** What happens. */
  readonly title: string;
  /** Does it to clients that it starts itself. */
  readonly run: (stand: Stand) => Promise<void>;
}

const PUBLISH_TOKEN = "a-token-for-the-clients";
const JWT_KEY = "a key of at least thirty-two bytes";
const SETTINGS = { PUBLISH_TOKEN, ALLOWED_HOSTS: "*", RETRY_MS: "300", DRAIN_SECONDS: "1" };

/** Every ending, in the order of the table. */
export const endings: readonly Ending[] = [
  {
    id: "deployed",
    title: "the server stops, and the next one has its log",
    run: (stand) => deploy(stand, [["deployed", "SIGTERM"]]),
  },
  {
    id: "killed",
    title: "the server is killed, and the next one has its log",
    run: (stand) => deploy(stand, [["killed", "SIGKILL"]]),
  },
  {
    id: "drained",
    title: "the server stops, and its log is gone (`reset`)",
    async run(stand) {
      const server = await serve(stand);
      await begin(stand);
      stand.mark("drained", "return", "reset");
      server.kill("SIGTERM");
      await server.exitCode();
      await serve(stand);
      await pause(18);
      await goOn(stand);
    },
  },
  {
    id: "overloaded",
    title: "the server has too many connections, for 18 s",
    async run(stand) {
      const count = stand.clients.length;
      await serve(stand, { MAX_CONNECTIONS: `${count}` });
      const url = new URL("/sse?stream=others", stand.relay.server);
      const others = await Promise.all(Array.from({ length: count }, () => occupy(url)));
      await stand.prepare();
      stand.mark("overloaded", "wait");
      await stand.start();
      await stand.connected();
      await pause(18);
      await Promise.all(others.map((leave) => leave()));
      await pause(18);
      await goOn(stand);
    },
  },
  {
    id: "removed",
    title: "the application removes the stream, and makes it again (`gap`)",
    async run(stand) {
      const { hub, url } = serveHub(stand);
      stand.serve(url, "");
      await begin(stand);
      stand.mark("removed", "return", "gap");
      for (const { id } of stand.clients) hub.removeStream(id);
      await pause(18);
      await goOn(stand);
    },
  },
  {
    id: "slow",
    title: "the client is too slow, and what it needs is evicted (`gap`)",
    async run(stand) {
      await serve(stand, { HISTORY_EVENTS: "20" });
      await begin(stand);
      await fill(stand);
      stand.mark("slow", "return", "gap");
      stand.relay.release();
      await pause(6);
      await goOn(stand);
    },
  },
  {
    id: "stalled",
    title: "the client reads nothing for too long",
    async run(stand) {
      await serve(stand, { STALL_SECONDS: "1", HISTORY_BYTES: "100000000" });
      await begin(stand);
      await fill(stand);
      stand.mark("stalled", "return");
      stand.relay.release();
      await pause(6);
      await goOn(stand);
    },
  },
  {
    id: "expired",
    title: "the token expires, and the page has a new one",
    async run(stand) {
      const exp = await beginWithToken(stand);
      stand.relay.header = cookie(await token(exp + 3_600));
      await untilExpiry(exp);
      stand.mark("expired", "return");
      await pause(6);
      await goOn(stand);
    },
  },
  {
    id: "refused",
    title: "the token expires, and the page has no new one (401)",
    async run(stand) {
      await untilExpiry(await beginWithToken(stand));
      stand.mark("refused", "refused");
      await pause(11);
    },
  },
  {
    id: "gap",
    title: "the client is away too long, and what it needs is evicted (`gap`)",
    async run(stand) {
      await serve(stand, { HISTORY_EVENTS: "3" });
      await begin(stand);
      stand.relay.isDown = true;
      stand.relay.cut();
      for (let i = 0; i < 6; i++) await stand.publish();
      stand.mark("gap", "return", "gap");
      stand.relay.isDown = false;
      await pause(4);
      await goOn(stand);
    },
  },
  {
    id: "unknown-id",
    title: "the server is killed, and its log is gone (`reset`)",
    async run(stand) {
      await serve(stand);
      await begin(stand);
      await serve(stand);
      stand.mark("unknown-id", "return", "reset");
      stand.relay.cut();
      await pause(4);
      await goOn(stand);
    },
  },
  {
    id: "ended",
    title: "the streams end",
    async run(stand) {
      await serve(stand);
      await begin(stand);
      await stand.end();
      stand.mark("ended", "over");
      await pause(WATCHED_SECONDS);
    },
  },
  {
    id: "ended-before",
    title: "the streams ended before the client came",
    async run(stand) {
      await serve(stand);
      await stand.prepare();
      await stand.end();
      stand.mark("ended-before", "never");
      await stand.start();
      await stand.connected();
      await pause(WATCHED_SECONDS);
    },
  },
];

/** How long clients are watched that have been told that nothing more comes. */
const WATCHED_SECONDS = 128;

/** The endings of clients behind a proxy: a new server, a killed one, and the end of the streams. */
export async function endBehind(front: Front, stand: Stand): Promise<void> {
  await deploy(stand, [["deployed", "SIGTERM"], ["killed", "SIGKILL"]], front);
  await stand.end();
  stand.mark("ended", "over");
  await pause(8);
}

/** Ends a server that has its log in a file and starts the next one, for each signal. */
async function deploy(
  stand: Stand,
  signals: readonly (readonly [string, "SIGTERM" | "SIGKILL"])[],
  front?: Front,
): Promise<void> {
  // A proxy asks an EventSource to wait for up to 13 s.
  const seconds = front ? 15 : 4;
  const folder = await Deno.makeTempDir();
  stand.defer(() => Deno.remove(folder, { recursive: true }));
  const settings = { EVENT_LOG: "kv", KV_PATH: `${folder}/hub.sqlite` };
  let server = await serve(stand, settings, folder);
  await begin(stand, front);
  for (const [id, signal] of signals) {
    stand.mark(id, "return");
    server.kill(signal);
    await server.exitCode();
    server = await serve(stand, settings, folder);
    await stand.publish();
    await pause(seconds);
    await goOn(stand);
  }
}

/** Starts a server, and lets the clients use it. */
async function serve(
  stand: Stand,
  settings: Readonly<Record<string, string>> = {},
  folder?: string,
): Promise<ServerProcess> {
  const options = folder === undefined ? {} : { folder };
  const server = stand.use(new ServerProcess({ ...SETTINGS, ...settings }, options));
  stand.serve(await server.url(), PUBLISH_TOKEN);
  return server;
}

/** Starts the clients, and publishes two events that each of them gets. */
async function begin(stand: Stand, front?: Front): Promise<void> {
  await stand.prepare();
  await stand.start(front);
  await stand.connected();
  await stand.publish();
  await stand.publish();
  await stand.shown(2);
}

/** Publishes two more events, to whoever is there. */
async function goOn(stand: Stand): Promise<void> {
  await stand.publish();
  await stand.publish();
  await pause(1);
}

/** Has no client read, and publishes until the server has ended every connection. */
async function fill(stand: Stand): Promise<void> {
  stand.relay.hold();
  const filler = { event: "filler", data: "x".repeat(250_000) };
  for (let i = 0; i < 40; i++) {
    await Promise.all(stand.clients.map((client) => stand.send(client, filler)));
  }
  await until(async () => await openStreams(stand) === 0);
}

async function openStreams(stand: Stand): Promise<number> {
  const headers = { authorization: `Bearer ${PUBLISH_TOKEN}` };
  const response = await fetch(new URL("/metrics", stand.relay.server), { headers });
  return Number(/^sse_connections\{shape="hub"\} (\d+)$/m.exec(await response.text())?.[1]);
}

/** Starts the clients with a token. Returns when the token expires, in seconds since 1970. */
async function beginWithToken(stand: Stand): Promise<number> {
  await serve(stand, { JWT_KEY, SUBSCRIBE: "token", JWT_LEEWAY_SECONDS: "0" });
  const exp = Math.floor(Date.now() / 1_000) + 45;
  stand.relay.header = cookie(await token(exp));
  await begin(stand);
  return exp;
}

/** Waits until shortly before a token expires: the server may end a connection a second early. */
async function untilExpiry(exp: number): Promise<void> {
  const ms = exp * 1_000 - Date.now();
  if (ms < 0) throw new Error("The clients were not ready when their token expired");
  await pause(Math.max(0, ms / 1_000 - 2.5));
}

function token(exp: number): Promise<string> {
  return signHs256({ exp, sse: { subscribe: ["*"] } }, JWT_KEY);
}

function cookie(value: string): string {
  return `cookie: sse_token=${value}`;
}

/** Takes a connection of a server. Returns what gives it back. */
async function occupy(url: URL): Promise<() => Promise<void>> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const body = new Body(await fetch(url, { client }));
  await body.until(/hello/);
  return async () => {
    await body[Symbol.asyncDispose]();
    client.close();
  };
}

/** A hub of an application, and its address. */
function serveHub(stand: Stand): { hub: BroadcastHub; url: URL } {
  const hub = new BroadcastHub({ ending: "cut", retryMs: 300 });
  const onError = (error: unknown) =>
    new Response(null, { status: error instanceof CutConnection ? 200 : 500 });
  const options = { hostname: "127.0.0.1", port: 0, onListen() {}, onError };
  const server = Deno.serve(options, async (request) => {
    if (request.method === "GET") return hub.subscribe(request);
    const { data, ...event } = await request.json();
    const text = typeof data === "string" ? data : JSON.stringify(data);
    await hub.publish(new URL(request.url).searchParams.get("stream")!, { ...event, data: text });
    return new Response();
  });
  stand.defer(async () => {
    await hub.close();
    await server.shutdown();
  });
  return { hub, url: new URL(`http://127.0.0.1:${server.addr.port}`) };
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
