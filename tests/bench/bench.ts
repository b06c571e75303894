/**
 * The parts of a scenario: a server and a load process, events sent from one to the other, and figures.
 *
 * @module
 */

import { commandElsewhere, isElsewhere } from "./elsewhere.ts";
import type { Line } from "./lines.ts";
import { BenchProcess } from "./process.ts";
import type { Row, ServerName } from "./scenario.ts";

/** How events are published, and to how many subscribers. */
export interface Drive {
  /** The number of subscribers that expect each event. */
  readonly subscribers: number;
  /** Events a second, in all streams together. */
  readonly perSecond: number;
  /** Events published in one turn; the turns are spread evenly. */
  readonly perTurn: number;
  /** Whether a turn that comes late publishes all that is due by then. */
  readonly catchUp?: boolean;
  /** How long it goes on. */
  readonly seconds: number;
  /** The number of streams, which get events in turn. */
  readonly streams?: number;
  /** Size of an event's data. */
  readonly dataBytes?: number;
}

/** How connections are opened. */
export interface OpenOptions {
  /** The number of streams that they are spread over, from `?stream=s0` on. */
  readonly streams?: number;
  /** The path, with `{n}` in place of the stream's number. */
  readonly path?: string;
  /** Header lines, each with its CRLF. */
  readonly headers?: string;
  /** How many of the connections never read. */
  readonly stalled?: number;
  /** Size of an event's data. */
  readonly dataBytes?: number;
}

/** A server and its load process, both fresh. */
export class Pair implements AsyncDisposable {
  /** The server's process. */
  readonly server: BenchProcess;
  /** The load's process. */
  readonly load: BenchProcess;

  /** Takes over both processes. */
  constructor(server: BenchProcess, load: BenchProcess) {
    this.server = server;
    this.load = load;
  }

  /** The server's port. */
  get port(): number {
    return this.server.first["port"];
  }

  /** Opens connections. */
  async open(connections: number, options: OpenOptions = {}): Promise<void> {
    const { path = "/sse?stream=s{n}" } = options;
    const bufferBytes = connections > 1_000 ? 8_192 : 65_536;
    await this.load.ask("open", { port: this.port, path, connections, bufferBytes, ...options });
    await settle();
  }

  /** Publishes, and waits until the events have arrived, without measuring. */
  async warmUp(drive: Drive): Promise<void> {
    const { published } = await this.server.ask("publish", pace(drive));
    const { subscribers, streams = 1 } = drive;
    await this.load.ask("expect", { events: published * subscribers / streams, withinMs: 10_000 });
  }

  /** Publishes, and measures until every event has arrived or ten more seconds have passed. */
  async drive(drive: Drive): Promise<Row & { readonly share: number }> {
    const { server, load } = this;
    const { subscribers, perSecond, seconds, streams = 1 } = drive;
    await load.ask("reset");
    const cpuUs = await server.cpuUs();
    const publishing = server.ask("publish", pace(drive));
    const copies = subscribers / streams;
    const offered = Math.round(perSecond * seconds) * copies;
    const offeredMs = seconds * 1_000;
    const inTime = await load.ask("expect", { events: offered, withinMs: offeredMs + GRACE_MS });
    const { published } = await publishing;
    const all = published * copies;
    const end = await load.ask("expect", { events: all, withinMs: offeredMs + PATIENCE_MS });
    return {
      server: "hub",
      share: inTime["received"] / offered,
      perSecond: inTime["received"] / Math.max(inTime["tookMs"], offeredMs) * 1_000,
      cpuUs: (await server.cpuUs() - cpuUs) / end["received"],
      ...latencies(end),
      rssBytes: await server.rssBytes(),
      lost: lost(end, all),
    };
  }

  /** Ends both processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.server[Symbol.asyncDispose](), this.load[Symbol.asyncDispose]()]);
  }
}

/** Starts servers and load processes. */
export class Bench {
  /** Prints what happens. */
  readonly note: (text: string) => void;
  readonly #folder: URL;

  /**
   * Begins with nothing running.
   *
   * @param note Prints what happens.
   * @param folder The `tests/bench/` that servers are started from; the load is always this checkout's.
   */
  constructor(note: (text: string) => void, folder: URL = HERE) {
    this.note = note;
    this.#folder = folder;
  }

  /** Starts a server on one core and a load process on the other. */
  async start(server: ServerName, env: Record<string, string> = {}): Promise<Pair> {
    const serving = await this.startServer(server, env);
    return new Pair(serving, await BenchProcess.start(new URL("load.ts", HERE), { core: 1 }));
  }

  /** Starts a server alone. */
  async startServer(server: ServerName, env: Record<string, string> = {}): Promise<BenchProcess> {
    if (isElsewhere(server)) {
      const command = await commandElsewhere(server);
      return await BenchProcess.start(this.#folder, { core: 0, env, command });
    }
    // nginx puts itself on core 0; this process publishes to it, so it is load.
    return await this.startFile(`servers/${server}.ts`, server === "nchan" ? 1 : 0, env);
  }

  /** Starts another file of `tests/bench/` on a core. */
  startFile(file: string, core: number, env: Record<string, string> = {}): Promise<BenchProcess> {
    return BenchProcess.start(new URL(file, this.#folder), { core, env });
  }
}

const HERE = new URL(".", import.meta.url);

/** The latencies a load process reports. */
export function latencies({ p50Ms, p99Ms, p999Ms }: Line): Pick<Row, "p50Ms" | "p99Ms" | "p999Ms"> {
  return { p50Ms, p99Ms, p999Ms };
}

/** How many of `events` were lost, or arrived twice or out of order, according to a load process. */
export function lost({ received, misplaced, broken }: Line, events: number): number {
  return Math.max(events - received, misplaced + broken, 0);
}

/** Gives what was begun the time to end. */
export async function settle(ms = 300): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function pace(
  { perSecond, perTurn, catchUp, seconds, streams = 1, dataBytes = 100 }: Drive,
): Line {
  const events = Math.round(perSecond * seconds);
  return { events, perTurn, turnMs: perTurn / perSecond * 1_000, catchUp, streams, dataBytes };
}

// Events that are on their way when the last one has been offered count as in time.
const GRACE_MS = 200;
const PATIENCE_MS = 10_000;
