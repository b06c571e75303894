/**
 * One round: a fault that happens to a server and its clients.
 *
 * @module
 */

import type { Chromium } from "./chromium.ts";
import {
  type Client,
  NAMES,
  type Runtime,
  RUNTIMES,
  signalAll,
  type Start,
  startClient,
} from "./clients.ts";
import type { FaultKind } from "./faults.ts";
import { type Outcome, outcome } from "./outcome.ts";
import { servePages } from "./prepare.ts";
import { pause, Site } from "./site.ts";

/** What each client made of the fault. */
export interface Seen {
  readonly runtime: Runtime;
  readonly client: string;
  readonly outcome: Outcome;
}

/** How long after a fault a client may need: later counts as never. */
export const PATIENCE_SECONDS = 10;

/** Runs one round. `folder` has the clients' scripts. */
export async function runRound(
  kind: FaultKind,
  folder: string,
  chromium: Chromium,
): Promise<Seen[]> {
  await using pages = servePages(folder);
  const { tokenSeconds, settings = {} } = kind;
  await using site = await Site.start({ ...settings, CORS_ORIGINS: pages.origin });
  await pause(300);
  if (tokenSeconds) pages.tokensEnd = Math.ceil(Date.now() / 1_000) + tokenSeconds;
  const { url } = site;
  const start: Start = { folder, url, pages, chromium, hasTokens: tokenSeconds !== undefined };
  const clients: Client[] = [];
  try {
    for (const runtime of kind.runtimes ?? RUNTIMES) {
      for (const name of kind.clients ?? NAMES) {
        clients.push(await startClient(runtime, name, start));
      }
    }
    await waitFor(4_000, () => clients.every(({ reports }) => reports.length > 5));
    const begin = Date.now();
    const from = await kind.act({ site, clients, chromium, pages });
    const { published } = site;
    const fault = { begin, from, published, measure: kind.measure };
    const outcomes = () => clients.map(({ reports }) => outcome(reports, fault));
    if (kind.measure === "silence") await pause(5_000);
    await waitFor(
      from + PATIENCE_SECONDS * 1_000 - Date.now(),
      () => outcomes().every((it) => !it.hasBegun || it.isOver || it.recoveryMs !== null),
    );
    const judged = outcomes();
    await site.stopPublishing();
    // What is on the way may come, also what a silent network has kept.
    site.network.release();
    await pause(1_500);
    return outcomes().map((outcome, i) => {
      const { runtime, name } = clients[i]!;
      const { recoveryMs } = judged[i]!;
      return { runtime, client: name, outcome: { ...outcome, recoveryMs } };
    });
  } finally {
    signalAll(clients, "SIGKILL");
    await Promise.all(clients.map(({ tab }) => tab?.close()));
  }
}

/** Waits for a condition, but not for longer than some time. */
async function waitFor(ms: number, isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end && !isSo();) await pause(50);
}
