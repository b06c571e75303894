/**
 * The self-test of a page: it examines the server that the page came from, with the browser's own requests.
 * `deno task client` bundles it as `static/doctor.js`.
 *
 * @module
 */

import { examine } from "./examine.ts";
import { answersOf } from "./findings.ts";
import { judge } from "./judge.ts";
import type { Finding, Ways } from "./observations.ts";
import { namedProxies } from "./proxy_advice.ts";

/** What to examine. */
export interface PageExamination {
  /** The address of the event stream, of the page's own origin. */
  readonly url: string;
  /** Whether two events are published to the stream, which all of its clients get. */
  readonly publishes: boolean;
  /** How long the stream is read, in seconds. */
  readonly seconds: number;
  /** The protocol by which the page came, such as `h2` or `http/1.1`. */
  readonly protocol: string;
}

/** What was found. */
export interface PageReport {
  /** The names of the proxies and frameworks that the answers name. */
  readonly proxies: readonly string[];
  /** One finding for each check. */
  readonly findings: readonly Finding[];
}

/**
 * Examines an event stream of the page's own server, and judges what was seen.
 *
 * @throws {TypeError} If the address is of another origin.
 */
export async function examinePage(
  { url, publishes, seconds, protocol }: PageExamination,
): Promise<PageReport> {
  const { href, origin } = new URL(url, location.href);
  if (origin !== location.origin) {
    throw new TypeError(`Cannot test the event stream: ${origin} is not the server of this page`);
  }
  const observations = await examine(href, {
    headers: new Headers(),
    publishUrl: publishes ? href : undefined,
    publishHeaders: new Headers(),
    readMs: seconds * 1_000,
    // Over HTTP/1.1 a browser opens six connections to an origin, and these would wait for each other.
    connections: protocol === "h2" || protocol === "h3" ? 8 : 0,
    negotiateProtocol: () => Promise.resolve(protocol),
    ways: WAYS,
  });
  return { proxies: namedProxies(answersOf(observations)), findings: judge(observations) };
}

const WAYS: Ways = {
  publish: "publishing two events",
  checkPublish: "check the stream and the rights of this session",
  authorize: "log in with a token that may subscribe to this stream",
  longer: (seconds) => `reading for more than ${seconds} s`,
  more: "deno task doctor --connections <number>",
};
