/**
 * What clients do when something fails, in Chromium, Deno and Node: how long each is silent after the
 * fault is over, and what it has missed and had twice. `deno task client:faults [rounds] [fault …]`.
 *
 * Chromium's page is of another origin than the server, under a strict Content-Security-Policy.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it is a program

import { freePort } from "../../program.ts";
import { Browser, closeChromium, type Page } from "../../browser/support.ts";
import { Network } from "../../browser/network.ts";
import { ServerProcess } from "../../server/support.ts";
import { until } from "../../wait.ts";
import { bundleClient } from "../bundle.ts";

const HERE = new URL("./", import.meta.url);
const TOKEN = "a-token-for-the-faults";
const NAMES = ["subscribe", "EventSource", "fetch-event-source", "eventsource-client"];

/** What a client has received: when, and which event. */
type Received = [time: number, data: string];

/** A client under test. */
interface Client {
  readonly name: string;
  readonly received: Received[];
  /** The process, where it has one of its own. */
  readonly process?: Deno.ChildProcess;
}

/** The server, and the network before it. */
class Site {
  readonly port = `${freePort()}`;
  readonly folder = Deno.makeTempDirSync();
  readonly pageOrigin: string;
  server!: ServerProcess;
  network!: Network;

  constructor(pagePort: number) {
    this.pageOrigin = `http://127.0.0.1:${pagePort}`;
  }

  async start(): Promise<void> {
    this.server = new ServerProcess({
      PORT: this.port,
      EVENT_LOG: "kv",
      KV_PATH: `${this.folder}/hub.sqlite`,
      HEARTBEAT_SECONDS: "2",
      RETRY_MS: "1000",
      PUBLISH_TOKEN: TOKEN,
      CORS_ORIGINS: this.pageOrigin,
      MAX_CONNECTIONS_PER_ADDRESS: "1000",
      PUBLISH_RATE: "1000",
    }, { folder: this.folder });
    const url = await this.server.url();
    this.network ??= new Network(url);
  }

  async stop(signal: Deno.Signal): Promise<void> {
    this.server.kill(signal);
    await this.server.exitCode();
  }
}

/** A fault: does it, and returns when it is over. */
type Fault = (
  site: Site,
  clients: readonly Client[],
  page: Page,
  browser: Browser,
) => Promise<number>;

const FAULTS: Readonly<Record<string, Fault>> = {
  async "server killed, 5 s"(site) {
    await site.stop("SIGKILL");
    await pause(5_000);
    await site.start();
    return Date.now();
  },
  async "server drained, 5 s"(site) {
    await site.stop("SIGTERM");
    await pause(5_000);
    await site.start();
    return Date.now();
  },
  async "proxy restarted, 2 s"(site) {
    site.network.cut();
    await pause(2_000);
    site.network.restore();
    return Date.now();
  },
  async "offline, 10 s"(site, _, _page, browser) {
    await browser.context.setOffline(true);
    site.network.cut();
    await pause(10_000);
    site.network.restore();
    await browser.context.setOffline(false);
    return Date.now();
  },
  async "silent peer"(site) {
    const now = Date.now();
    site.network.hold();
    await pause(15_000);
    site.network.release();
    return now;
  },
  async "asleep, 20 s"(_, clients) {
    const processes = clients.flatMap(({ process }) => process ?? []);
    signalAll(processes, "SIGSTOP");
    await pause(20_000);
    signalAll(processes, "SIGCONT");
    return Date.now();
  },
};

function signalAll(processes: readonly Deno.ChildProcess[], signal: Deno.Signal): void {
  for (const process of processes) {
    try {
      process.kill(signal);
    } catch {
      // It has ended: this client does not run there.
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Publishes a number every 100 ms, and notes those that are acknowledged. */
function publishing(site: Site) {
  const published: string[] = [];
  let isOver = false;
  const done = (async () => {
    for (let number = 0; !isOver; number++) {
      try {
        const response = await fetch(`http://127.0.0.1:${site.port}/sse?stream=faults`, {
          method: "POST",
          headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
          body: JSON.stringify({ data: `${number}`, id: `${number}` }),
          signal: AbortSignal.timeout(1_000),
        });
        if (response.ok) published.push(`${number}`);
        await response.body?.cancel();
      } catch {
        // The server is down: nobody has promised anything.
      }
      await pause(100);
    }
  })();
  return {
    published,
    stop: () => {
      isOver = true;
      return done;
    },
  };
}

/** Runs one fault with all clients. */
async function runFault(fault: Fault, folder: string, page: Served): Promise<Map<string, Outcome>> {
  const site = new Site(page.port);
  await site.start();
  const publisher = publishing(site);
  await pause(300);
  const url = `${site.network.url}sse?stream=faults`;
  await using browser = await Browser.start();
  const tab = await browser.open(site.pageOrigin);
  await until(async () => await tab.evaluate("typeof start") === "function");
  const clients: Client[] = [];
  for (const name of NAMES) {
    clients.push({ name: `Chromium ${name}`, received: page.collect(name) });
    await tab.evaluate(`start(${JSON.stringify(name)}, ${JSON.stringify(url)})`);
    for (const runtime of ["Deno", "Node"]) clients.push(runProgram(runtime, name, url, folder));
  }
  await pause(3_000);
  const over = await fault(site, clients, tab, browser);
  await pause(Date.now() - over > 10_000 ? 3_000 : 18_000);
  await publisher.stop();
  await pause(1_500);
  signalAll(clients.flatMap(({ process }) => process ?? []), "SIGKILL");
  const outcomes = clients.map(({ name, received }) =>
    [name, outcome(received, publisher.published, over)] as const
  );
  await site.stop("SIGKILL");
  site.network[Symbol.dispose]();
  await Deno.remove(site.folder, { recursive: true });
  return new Map(outcomes);
}

function runProgram(runtime: string, name: string, url: string, folder: string): Client {
  const [command, args] = runtime === "Deno"
    ? [Deno.execPath(), ["run", "--quiet", "-A", "--no-config"]] as const
    : ["node", []] as const;
  const process = new Deno.Command(command, {
    args: [...args, `${folder}/runner.js`, name, url],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const received: Received[] = [];
  const lines = process.stdout.pipeThrough(new TextDecoderStream());
  (async () => {
    let rest = "";
    for await (const text of lines) {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      received.push(...parts.map((line) => JSON.parse(line)));
    }
  })();
  return { name: `${runtime} ${name}`, received, process };
}

/** What a client made of a fault. */
interface Outcome {
  /** How long after the fault the first event came, in milliseconds; `undefined` if none came. */
  readonly recoveryMs: number | undefined;
  readonly lost: number;
  readonly doubled: number;
  readonly hasBegun: boolean;
}

function outcome(
  received: readonly Received[],
  published: readonly string[],
  over: number,
): Outcome {
  const all = received.filter(([, data]) => /^\d+$/.test(data));
  const times = new Map<string, number>();
  for (const [, data] of all) times.set(data, (times.get(data) ?? 0) + 1);
  const first = all[0]?.[1];
  const owed = published.filter((data) => first !== undefined && Number(data) >= Number(first));
  // What had been on the way before the fault may still arrive.
  const next = all.find(([time]) => time > over + 5);
  return {
    recoveryMs: next && next[0] - over,
    lost: owed.filter((data) => !times.has(data)).length,
    doubled: [...times.values()].filter((count) => count > 1).length,
    hasBegun: first !== undefined,
  };
}

/** The page, and what it reports. */
interface Served extends AsyncDisposable {
  readonly port: number;
  readonly collect: (name: string) => Received[];
}

/** Serves the page of another origin, and takes its reports. */
function servePage(folder: string): Served {
  const reports = new Map<string, Received[]>();
  const policy = "default-src 'none'; script-src 'self'; connect-src 'self' http://127.0.0.1:*";
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (request.method === "POST") {
      for (const [name, time, data] of await request.json()) reports.get(name)?.push([time, data]);
      return new Response(null, { status: 204 });
    }
    if (pathname === "/") {
      const headers = { "content-type": "text/html", "content-security-policy": policy };
      return new Response('<!doctype html><script type="module" src="page.js"></script>', {
        headers,
      });
    }
    const text = await Deno.readTextFile(folder + pathname).catch(() => undefined);
    if (text === undefined) return new Response(null, { status: 404 });
    return new Response(text, { headers: { "content-type": "text/javascript" } });
  });
  return {
    port: server.addr.port,
    collect(name) {
      const received: Received[] = [];
      reports.set(name, received);
      return received;
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The page's script: it keeps what it reports until the network is there. */
const PAGE = `
import { run } from "./runner.js";
let waiting = [];
globalThis.start = (name, url) => void run(name, url, (data) => waiting.push([name, Date.now(), data]));
setInterval(async () => {
  const sent = waiting;
  waiting = [];
  if (sent.length === 0) return;
  try {
    await fetch("/report", { method: "POST", body: JSON.stringify(sent) });
  } catch {
    waiting = [...sent, ...waiting];
  }
}, 200);
`;

/** Writes what pages and programs import into a folder. */
async function prepare(): Promise<string> {
  const folder = await Deno.makeTempDir();
  const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
  await write("client.js", (await bundleClient()).code);
  await write("runner.js", await Deno.readTextFile(new URL("runner.js", HERE)));
  await write("page.js", PAGE);
  await write("package.json", '{ "type": "module" }');
  await write(
    "others.ts",
    'export { fetchEventSource } from "npm:@microsoft/fetch-event-source@2.0.1";\n' +
      'export { createEventSource } from "npm:eventsource-client@1.2.0";\n',
  );
  const args = ["bundle", "--quiet", "--no-check", "--no-config", "--platform=browser"];
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args, "--output=others.js", "others.ts"],
    cwd: folder,
  });
  if (!(await command.output()).success) throw new Error("Cannot bundle the clients of others");
  return folder;
}

/** The middle one of some numbers, or the lower of two. */
function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)]!;
}

/** Describes the rounds of a client. */
function cell(outcomes: readonly Outcome[]): string {
  if (!outcomes.some(({ hasBegun }) => hasBegun)) return "does not run";
  const times = outcomes.flatMap(({ recoveryMs }) => recoveryMs ?? []);
  const lost = outcomes.reduce((sum, it) => sum + it.lost, 0);
  const doubled = outcomes.reduce((sum, it) => sum + it.doubled, 0);
  const time = times.length < outcomes.length
    ? "never"
    : `${(median(times) / 1_000).toFixed(1)} s, at most ${
      (Math.max(...times) / 1_000).toFixed(1)
    } s`;
  return [time, lost > 0 && `${lost} lost`, doubled > 0 && `${doubled} twice`].filter(Boolean).join(
    ", ",
  );
}

const [rounds = "1", ...only] = Deno.args;
const folder = await prepare();
for (const [name, fault] of Object.entries(FAULTS)) {
  if (only.length > 0 && !only.some((part) => name.includes(part))) continue;
  const all = new Map<string, Outcome[]>();
  for (let round = 0; round < Number(rounds); round++) {
    await using page = servePage(folder);
    for (const [client, result] of await runFault(fault, folder, page)) {
      all.set(client, [...all.get(client) ?? [], result]);
    }
  }
  console.log(`\n${name}`);
  for (const [client, outcomes] of all) console.log(`  ${client.padEnd(30)} ${cell(outcomes)}`);
}
await closeChromium();
await Deno.remove(folder, { recursive: true });
Deno.exit();
