/**
 * The self-test's requests: reads an event stream, resumes it, and asks for what is refused.
 *
 * @module
 */

import { controlEvents } from "../../wire/control_events.ts";
import { randomEpoch } from "../../wire/ids.ts";
import { isEventStream } from "./findings.ts";
import type {
  Arrival,
  Crowd,
  Observations,
  Published,
  Resumed,
  Watched,
  Ways,
} from "./observations.ts";
import { answerTo, watch } from "./watch.ts";

/** Returns the protocol that a server chooses by TLS (ALPN), such as `h2`. */
export type NegotiateProtocol = (hostname: string, port: number) => Promise<string | undefined>;

/** What to examine, and for how long. */
export interface ExamineOptions {
  /** Header fields of every request, such as a cookie. */
  readonly headers: Headers;
  /** Where to publish; `undefined` not to publish. */
  readonly publishUrl: string | undefined;
  /** Header fields of a publish. */
  readonly publishHeaders: Headers;
  /** How long the stream is read after its head, in milliseconds. */
  readonly readMs: number;
  /** How many streams are opened at once; 0 for none. */
  readonly connections: number;
  readonly negotiateProtocol: NegotiateProtocol | undefined;
  /** How whoever reads the findings repeats the test in another way. */
  readonly ways: Ways;
}

/** How long the head of the stream may take: as long as the stream is read, within these bounds. */
const MIN_ANSWER_MS = 5_000;
const MAX_ANSWER_MS = 10_000;
/** How long the other requests may take, and a second connection needs for the first events. */
const OTHER_MS = 3_000;
/** How long a stream is read to see that it stays open. */
const ACCEPTED_MS = 500;

/** Makes all observations, in about `readMs` and 20 s at most. */
export async function examine(url: string, options: ExamineOptions): Promise<Observations> {
  const { readMs, headers, connections } = options;
  const answerMs = Math.min(MAX_ANSWER_MS, Math.max(MIN_ANSWER_MS, readMs));
  const { promise: opened, resolve: onHead } = Promise.withResolvers<void>();
  const startMs = performance.now();
  const [watched, published, unauthorized, notFound, protocol] = await Promise.all([
    watch(url, { headers: asEventSource(headers), answerMs, readMs, onHead }),
    publishOnce({ opened, startMs, answerMs }, options),
    answerTo(url, { headers: withoutCredentials(headers) }, OTHER_MS),
    answerTo(missingUrl(url), { headers }, OTHER_MS),
    negotiate(url, options.negotiateProtocol),
  ]);
  const identity = asEventSource(headers, { "accept-encoding": "identity" });
  const uncompressed = watched.error === "timeout"
    ? await answerTo(url, { headers: identity }, OTHER_MS)
    : undefined;
  const isStream = isEventStream(watched);
  const resumed = isStream ? await resume(url, watched, headers) : undefined;
  const crowd = isStream && connections > 0
    ? await openCrowd(url, headers, connections)
    : undefined;
  const hasCredentials = CREDENTIALS.some((name) => headers.has(name));
  return {
    url,
    ways: options.ways,
    hasCredentials,
    protocol,
    watched,
    uncompressed,
    published,
    resumed,
    unauthorized,
    notFound,
    crowd,
  };
}

const CREDENTIALS = ["authorization", "cookie"];

/** The header fields of an `EventSource`. */
function asEventSource(headers: Headers, more: Readonly<Record<string, string>> = {}): Headers {
  const fields = { accept: "text/event-stream", "cache-control": "no-cache", ...more };
  const all = new Headers(fields);
  headers.forEach((value, name) => all.set(name, value));
  return all;
}

/** The same header fields without credentials; with a wrong token if there are none. */
function withoutCredentials(headers: Headers): Headers {
  const others = asEventSource(headers);
  const hasCredentials = CREDENTIALS.some((name) => others.has(name));
  for (const name of CREDENTIALS) others.delete(name);
  if (!hasCredentials) others.set("authorization", "Bearer wrong-token-of-the-doctor");
  return others;
}

/** A path below that of the stream, without its query. */
function missingUrl(url: string): string {
  const missing = new URL(url);
  missing.pathname = `${missing.pathname.replace(/\/$/, "")}/doctor-${randomEpoch()}`;
  missing.search = "";
  return missing.href;
}

interface PublishTimes {
  readonly opened: Promise<void>;
  readonly startMs: number;
  readonly answerMs: number;
}

/** How many events are published: one to resume from, and one that comes after it. */
const PUBLISHES = 2;

/** Publishes once the stream is open, or when a third of its time is over. */
async function publishOnce(
  { opened, startMs, answerMs }: PublishTimes,
  { publishUrl, publishHeaders }: ExamineOptions,
): Promise<Published[]> {
  if (publishUrl === undefined) return [];
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, answerMs / 3);
  await Promise.race([opened, late]);
  clearTimeout(timer);
  const published: Published[] = [];
  for (let i = 0; i < PUBLISHES; i++) {
    const marker = `doctor ${randomEpoch()}`;
    const sentMs = performance.now() - startMs;
    const headers = new Headers(publishHeaders);
    headers.set("content-type", "application/json");
    const body = JSON.stringify({ event: "doctor", data: marker });
    const answer = await answerTo(publishUrl, { method: "POST", headers, body }, OTHER_MS);
    published.push({ answer, sentMs, marker });
  }
  return published;
}

async function negotiate(
  url: string,
  negotiateProtocol: NegotiateProtocol | undefined,
): Promise<string | undefined> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== "https:" || negotiateProtocol === undefined) return undefined;
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), OTHER_MS);
  try {
    const name = hostname.replace(/^\[|\]$/g, "");
    return await Promise.race([negotiateProtocol(name, Number(port) || 443), late]);
  } catch {
    // The stream's own request reports what is wrong.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Resumes from the id before the newest event, or else from the newest id. */
async function resume(
  url: string,
  { arrivals }: Watched,
  headers: Headers,
): Promise<Resumed | undefined> {
  const withIds = arrivals.filter(({ id }) => id !== undefined && id !== "");
  const newest = withIds.findLastIndex((arrival, i) => i > 0 && isPublishedEvent(arrival));
  const from = newest === -1 ? withIds.at(-1) : withIds[newest - 1];
  if (from?.id === undefined) return undefined;
  const expectedId = newest === -1 ? undefined : withIds[newest]!.id;
  const watched = await watch(url, {
    headers: asEventSource(headers, { "last-event-id": from.id }),
    answerMs: OTHER_MS,
    readMs: expectedId === undefined ? ACCEPTED_MS : OTHER_MS,
    isEnough: (seen) => expectedId !== undefined && seen.some(({ id }) => id === expectedId),
  });
  return { fromId: from.id, expectedId, watched };
}

function isPublishedEvent({ event }: Arrival): boolean {
  return event !== undefined && !controlEvents.some((name) => name === event);
}

/** Opens streams at once, and keeps what those got that were refused. */
async function openCrowd(
  url: string,
  headers: Headers,
  connections: number,
): Promise<Crowd> {
  const all = await Promise.all(
    Array.from({ length: connections }, () =>
      watch(url, {
        headers: asEventSource(headers),
        answerMs: OTHER_MS,
        readMs: ACCEPTED_MS,
      })),
  );
  return { tried: connections, refused: all.filter(isRefused) };
}

function isRefused(watched: Watched): boolean {
  return !isEventStream(watched) || watched.end !== "open" ||
    watched.arrivals.some(({ event }) => event === "goaway");
}
