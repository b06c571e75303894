/**
 * The faults, and what `subscribe()` is to make of each.
 *
 * @module
 */

import { until } from "../../wait.ts";
import type { Chromium, Tab } from "./chromium.ts";
import { type Client, type Runtime, signalAll } from "./clients.ts";
import type { Measure } from "./outcome.ts";
import type { PageServer } from "./prepare.ts";
import { pause, type Site } from "./site.ts";

/** Where a fault happens. */
export interface Stage {
  readonly site: Site;
  readonly clients: Client[];
  readonly chromium: Chromium;
  readonly pages: PageServer;
}

/** What `subscribe()` has to do, besides losing and repeating nothing. */
export interface Goal {
  /** The most of all rounds, in milliseconds. */
  readonly worstMs?: number;
  /** The most of the round in the middle, in milliseconds. */
  readonly medianMs?: number;
}

/** A fault. */
export interface FaultKind {
  readonly name: string;
  /** What happens, and from when on the time is taken. */
  readonly about: string;
  /** The runtimes in which it can happen; by default all. */
  readonly runtimes?: readonly Runtime[];
  /** The clients, by default those that people use. */
  readonly clients?: readonly string[];
  /** Settings of the server. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How many seconds after the start the clients' tokens expire; by default they need none. */
  readonly tokenSeconds?: number;
  readonly measure: Measure;
  readonly goal: (runtime: Runtime) => Goal;
  /** Does it, and returns the time from which on the recovery counts. */
  readonly act: (stage: Stage) => Promise<number>;
}

const PAGES: readonly Runtime[] = ["Chromium"];

/** All faults. */
export const FAULTS: readonly FaultKind[] = [
  {
    name: "killed",
    about: "The server is killed, and is back after 5 to 6 s. The time counts from then on.",
    measure: "recovery",
    goal: () => ({ worstMs: 6_000 }),
    async act({ site }) {
      await site.stopServer("SIGKILL");
      await pause(about(5_000));
      await site.startServer();
      return Date.now();
    },
  },
  {
    name: "stopped",
    about:
      "The server stops with SIGTERM, and is back after 5 to 6 s. The time counts from then on.",
    measure: "recovery",
    goal: () => ({ worstMs: 6_000 }),
    async act({ site }) {
      await site.stopServer("SIGTERM");
      await pause(about(5_000));
      await site.startServer();
      return Date.now();
    },
  },
  {
    name: "deployed",
    about: "The next server listens on the same port, and then the first one stops with SIGTERM. " +
      "The time is the longest silence.",
    measure: "silence",
    goal: () => ({ worstMs: 2_000 }),
    async act({ site }) {
      const first = site.server;
      await site.startServer();
      const from = Date.now();
      first.kill("SIGTERM");
      await first.exitCode();
      return from;
    },
  },
  {
    name: "proxy restarted",
    about:
      "Every connection is cut, and none is accepted for 2 to 3 s. The time counts from then on.",
    measure: "recovery",
    goal: () => ({ worstMs: 3_000 }),
    async act({ site }) {
      site.network.cut();
      await pause(about(2_000));
      site.network.restore();
      return Date.now();
    },
  },
  {
    name: "overloaded",
    about: "Every connection is cut, and for 5 to 6 s the answer is 503 with `Retry-After: 2`. " +
      "The time counts from then on.",
    measure: "recovery",
    goal: () => ({ worstMs: 6_000 }),
    async act({ site }) {
      site.network.refuse(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\n" +
          "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: Retry-After\r\n" +
          "Connection: close\r\n\r\n",
      );
      await pause(about(5_000));
      site.network.restore();
      return Date.now();
    },
  },
  {
    name: "offline",
    about: "There is no network for 10 to 11 s; a page is told by `offline` and `online`. " +
      "The time counts from then on.",
    measure: "recovery",
    goal: (runtime) => runtime === "Chromium" ? { medianMs: 1_000 } : { worstMs: 11_000 },
    async act({ site, clients }) {
      await eachTab(clients, (tab) => tab.setOffline(true));
      site.network.cut();
      await pause(about(10_000));
      site.network.restore();
      await eachTab(clients, (tab) => tab.setOffline(false));
      return Date.now();
    },
  },
  {
    name: "silent",
    about:
      "Nothing gets through on the open connections any more, and they stay open. A heartbeat " +
      "has 2 s, so the silence is to be noticed after 5. The time counts from its begin.",
    measure: "recovery",
    goal: () => ({ medianMs: 5_500, worstMs: 6_000 }),
    act({ site }) {
      site.network.hold();
      return Promise.resolve(Date.now());
    },
  },
  {
    name: "asleep",
    about:
      "The machine sleeps for 60 s: every process stands still, so that timers are late, and " +
      "the connections are silent from then on. The time counts from its waking.",
    measure: "recovery",
    goal: () => ({ medianMs: 1_000 }),
    async act({ site, clients, chromium }) {
      signalAll(clients, "SIGSTOP");
      chromium.signal("SIGSTOP");
      site.network.hold();
      await pause(60_000);
      signalAll(clients, "SIGCONT");
      chromium.signal("SIGCONT");
      return Date.now();
    },
  },
  {
    name: "hidden",
    about: "The page is hidden for 10 s. The time counts from the moment when it is shown.",
    runtimes: PAGES,
    measure: "recovery",
    goal: () => ({ medianMs: 1_000 }),
    async act({ clients }) {
      await eachTab(clients, (tab) => tab.setHidden(true));
      await pause(10_000);
      await eachTab(clients, (tab) => tab.setHidden(false));
      return Date.now();
    },
  },
  {
    name: "frozen",
    about:
      "The page is hidden, and the browser freezes it for 20 s. The time counts from the moment when " +
      "it is shown again.",
    runtimes: PAGES,
    measure: "recovery",
    goal: () => ({ medianMs: 1_000 }),
    async act({ clients }) {
      await eachTab(clients, (tab) => tab.setFrozen(true));
      await pause(20_000);
      await eachTab(clients, (tab) => tab.setFrozen(false));
      return Date.now();
    },
  },
  {
    name: "left",
    about:
      "The user goes to another page, and back after 10 s. The time counts from then on. A page " +
      "that the back/forward cache does not keep is loaded anew, and so misses what was published.",
    runtimes: PAGES,
    measure: "recovery",
    goal: () => ({ medianMs: 1_000 }),
    async act({ clients, pages }) {
      await eachTab(clients, (tab) => tab.goTo(`${pages.origin}/elsewhere`));
      await pause(10_000);
      const from = Date.now();
      await eachTab(clients, (tab) => tab.goBack());
      return from;
    },
  },
  {
    name: "token expired",
    about:
      "The token expires. `subscribe()` has a function that gets the next one; the others take " +
      "headers only once, and an EventSource none. The time is the longest silence.",
    settings: { SUBSCRIBE: "token" },
    tokenSeconds: 10,
    measure: "silence",
    goal: () => ({ worstMs: 2_000 }),
    async act({ pages }) {
      const end = pages.tokensEnd * 1_000;
      if (end < Date.now() + 1_000) throw new Error("The clients took too long to start");
      await until(() => Date.now() >= end - 500);
      return end;
    },
  },
  {
    name: "busy",
    about:
      "The client's thread is busy for 8 s, in which 24 MB are published, more than the history " +
      "holds. The time counts from then on.",
    measure: "recovery",
    goal: () => ({ worstMs: 5_000 }),
    async act({ site }) {
      await site.publish("block 8000");
      const end = Date.now() + 8_000;
      for (let i = 0; i < 400; i++) await site.publish(undefined, 60_000);
      await until(() => Date.now() >= end);
      return end;
    },
  },
  {
    name: "gap",
    about:
      "There is no network for 5 to 6 s, and the history holds 2 s. The time counts from then on. " +
      "Clients are told what they miss, with `gap`.",
    settings: { EVENT_LOG: "memory", REUSE_PORT: "false", HISTORY_EVENTS: "20" },
    measure: "recovery",
    goal: () => ({ worstMs: 6_000 }),
    async act({ site }) {
      site.network.cut();
      await pause(about(5_000));
      site.network.restore();
      return Date.now();
    },
  },
  {
    name: "log lost",
    about:
      "The server is killed, and is back after 2 to 3 s without its log. The time counts from then " +
      "on. Clients are told of it, with `reset`.",
    measure: "recovery",
    goal: () => ({ worstMs: 3_000 }),
    async act({ site }) {
      await site.stopServer("SIGKILL");
      await site.removeLog();
      await pause(about(2_000));
      await site.startServer();
      return Date.now();
    },
  },
  {
    name: "leader closed",
    about: "Of four tabs that share a connection, the one that has it is closed. The time is the " +
      "longest silence of the others.",
    runtimes: PAGES,
    clients: ["shared", "shared", "shared", "shared"],
    measure: "silence",
    goal: () => ({ worstMs: 2_000 }),
    async act({ clients }) {
      const from = Date.now();
      await clients.shift()!.tab!.close();
      return from;
    },
  },
];

/** Does something with every tab at once. */
async function eachTab(
  clients: readonly Client[],
  act: (tab: Tab) => Promise<void>,
): Promise<void> {
  await Promise.all(clients.map(({ tab }) => tab && act(tab)));
}

/** Adds up to a second, so that no client's steady pace fits the fault by chance. */
function about(ms: number): number {
  return ms + Math.random() * 1_000;
}
