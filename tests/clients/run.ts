/**
 * Runs the matrix: every ending, and every route, with every client that is installed.
 *
 * @module
 */

import { lacksBrowser } from "../browser/support.ts";
import { isMissing } from "../program.ts";
import { makeCertificate, OPENSSL } from "./certificates.ts";
import { type Client, clients } from "./clients.ts";
import { endBehind, endings } from "./endings.ts";
import { Packages } from "./packages.ts";
import { type Route, routes } from "./routes.ts";
import { Stand } from "./stand.ts";
import { judge, type Verdict } from "./verdict.ts";

/** What was seen. */
export interface Result {
  /** The clients that can't be installed, or whose runtime is missing. */
  readonly missing: ReadonlySet<string>;
  /** What was seen of a client at an ending (`ended`), or behind a proxy (`nginx ended`). */
  readonly verdicts: ReadonlyMap<string, ReadonlyMap<string, Verdict>>;
  /** Endings and routes that failed as a whole, and why. */
  readonly errors: ReadonlyMap<string, unknown>;
}

/** Runs it. */
export async function run(isWanted: (id: string) => boolean = () => true): Promise<Result> {
  await using packages = await Packages.install(new Set(clients.flatMap((it) => it.packages)));
  for (const file of ["drivers.js", "run_drivers.js"]) {
    await Deno.copyFile(new URL(file, import.meta.url), `${packages.folder}/${file}`);
  }
  const absent = new Set<string>();
  if (await lacksBrowser()) absent.add("chromium");
  for (const command of ["node", "curl", "python3"]) {
    if (!await canRun(command)) absent.add(command);
  }
  const certificate = await isMissing(OPENSSL) ? undefined : await makeCertificate(packages.folder);
  const isHere = ({ runsIn, packages: needed }: Client) =>
    !absent.has(runsIn) && !needed.some((it) => packages.missing.has(it));
  const here = clients.filter(isHere);
  const verdicts = new Map<string, Map<string, Verdict>>();
  const errors = new Map<string, unknown>();
  const runtimes = { packages: packages.folder, authority: certificate?.authority ?? "" };
  // The longest first.
  const proxies = (await routes(certificate)).filter((it) => !it.isMissing).map(behind);
  const jobs = [...endings.slice(-2), ...proxies, ...endings.slice(0, -2).reverse()]
    .filter(({ id }) => isWanted(id));
  const work = async (_: unknown, at: number) => {
    // Not all of the browser's pages at once.
    await new Promise((resolve) => setTimeout(resolve, at * 2_000));
    for (let job = jobs.shift(); job; job = jobs.shift()) {
      await using stand = Stand.make(here, runtimes);
      try {
        await job.run(stand);
      } catch (error) {
        errors.set(job.id, error);
        continue;
      }
      for (const part of stand.parts) {
        const name = job.id === part.id ? job.id : `${job.id} ${part.id}`;
        verdicts.set(name, new Map(here.map(({ id }) => [id, judge(stand, part, id)])));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const missing = new Set(clients.filter((it) => !isHere(it)).map(({ id }) => id));
  return { missing, verdicts, errors };
}

async function canRun(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

/** How many endings run at once: each mostly waits. */
const AT_ONCE = 6;

function behind(route: Route): { id: string; run: (stand: Stand) => Promise<void> } {
  return { id: route.id, run: (stand) => endBehind(route.start, stand) };
}
