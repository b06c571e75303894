/**
 * The clients under test, each in a page or in a process of its own.
 *
 * @module
 */

import { readLines } from "../../program.ts";
import type { Chromium, Tab } from "./chromium.ts";
import type { PageServer, Report } from "./prepare.ts";

/** Where a client runs. */
export type Runtime = "Chromium" | "Deno" | "Node";

/** The runtimes. */
export const RUNTIMES: readonly Runtime[] = ["Chromium", "Deno", "Node"];

/** The clients, as `runner.js` names them. */
export const NAMES = ["subscribe()", "EventSource", "fetch-event-source", "eventsource-client"];

/** A client that runs. */
export interface Client {
  readonly runtime: Runtime;
  readonly name: string;
  readonly reports: readonly Report[];
  /** Its tab, in Chromium. */
  readonly tab?: Tab;
  /** Its process, elsewhere. */
  readonly process?: Deno.ChildProcess;
}

/** Where and how clients are started. */
export interface Start {
  /** The folder of their scripts. */
  readonly folder: string;
  /** The URL to subscribe to. */
  readonly url: string;
  readonly pages: PageServer;
  readonly chromium: Chromium;
  /** Whether they need tokens. */
  readonly hasTokens: boolean;
}

/** Starts a client. */
export async function startClient(runtime: Runtime, name: string, start: Start): Promise<Client> {
  const { folder, url, pages, chromium, hasTokens } = start;
  const tokens = hasTokens ? `${pages.origin}/token` : "";
  if (runtime === "Chromium") {
    const [path, reports] = pages.add(name, url, tokens);
    return { runtime, name, reports, tab: await chromium.open(pages.origin + path) };
  }
  const [command, args] = runtime === "Deno"
    ? [Deno.execPath(), ["run", "--quiet", "-A", "--no-config"]] as const
    : ["node", []] as const;
  const process = new Deno.Command(command, {
    args: [...args, `${folder}/runner.js`, name, url, tokens],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reports: Report[] = [];
  readLines(process.stdout, (line) => reports.push(JSON.parse(line)));
  return { runtime, name, reports, process };
}

/** Sends a signal to the processes of clients. */
export function signalAll(clients: readonly Client[], signal: Deno.Signal): void {
  for (const { process } of clients) {
    try {
      process?.kill(signal);
    } catch {
      // It has ended: this client does not run there.
    }
  }
}
