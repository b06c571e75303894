/**
 * Judges the head of the stream's answer: whether it comes, its type, and whether it may be kept.
 *
 * @module
 */

import { answersOf, fault, isCompressed, isEventStream, ok, showMs, warning } from "./findings.ts";
import type { Finding, Observations } from "./observations.ts";
import { adviceFor } from "./proxy_advice.ts";

/** A head that takes longer is held back, or comes with the first event only. */
const SLOW_HEAD_MS = 2_000;

/** Judges the head. */
export function judgeHead(observations: Observations): readonly Finding[] {
  const { watched } = observations;
  if (watched.status === undefined) return [judgeNoAnswer(observations)];
  if (!isEventStream(watched)) return [judgeOtherAnswer(observations)];
  return [
    judgeAnswerTime(observations),
    judgeType(observations),
    judgeCompression(observations),
    judgeCaching(observations),
  ];
}

function judgeNoAnswer(observations: Observations): Finding {
  const { watched, notFound, published } = observations;
  if (watched.error !== "timeout") {
    return fault(
      "answer",
      `the request failed: ${watched.error}`,
      "check the address, and that the server runs; with a certificate of your own authority, DENO_CERT " +
        "names the file of its certificate",
    );
  }
  const { uncompressed } = observations;
  const after = `no answer within ${showMs(watched.tookMs)}`;
  if (uncompressed?.status !== undefined) {
    return fault(
      "compression",
      `${after}, without compression after ${
        showMs(uncompressed.tookMs)
      }: a compressor holds the ` +
        "events back",
      adviceFor("compression", answersOf(observations)),
    );
  }
  if (notFound.status === undefined) {
    return fault(
      "answer",
      `${after}, also for another path`,
      "check that the server runs, and that the proxy reaches it",
    );
  }
  const isPublished = published.some(({ answer }) => isSuccess(answer.status));
  const why = isPublished
    ? "although events were published: the stream is held back"
    : "so the stream is held back, or the server sends nothing before its first event";
  return fault(
    "buffering",
    `${after}, another path answers after ${showMs(notFound.tookMs)}, ${why}`,
    adviceFor("buffering", answersOf(observations)),
  );
}

function judgeOtherAnswer({ watched, hasCredentials, ways }: Observations): Finding {
  const { status, headers } = watched;
  const type = headers["content-type"] ?? "no type";
  const seen = `${status} with ${type}: an EventSource gives up`;
  if (status === 401 || status === 403) {
    const change = hasCredentials
      ? "use a token that may subscribe to this stream"
      : ways.authorize;
    return fault("answer", seen, change);
  }
  const change = status === 200
    ? "send `Content-Type: text/event-stream`; if this is a page, check the path"
    : "check the path; from a proxy, also that the proxy reaches the server";
  return fault("answer", seen, change);
}

function judgeAnswerTime(observations: Observations): Finding {
  const { tookMs, status } = observations.watched;
  const seen = `${status} after ${showMs(tookMs)}`;
  if (tookMs < SLOW_HEAD_MS) return ok("answer", seen);
  return warning(
    "answer",
    `${seen}: something waits before it sends the head of the stream`,
    adviceFor("buffering", answersOf(observations)),
  );
}

function judgeType({ watched: { headers } }: Observations): Finding {
  const type = headers["content-type"]!;
  const [, charset] = /charset="?([^";\s]+)/i.exec(type) ?? [];
  if (charset !== undefined && charset.toLowerCase() !== "utf-8") {
    return warning("type", type, "an event stream is always UTF-8: leave the charset out");
  }
  if (headers["content-length"] !== undefined) {
    return fault(
      "type",
      `Content-Length: ${headers["content-length"]}, so the stream ends after that many bytes`,
      "send the stream without Content-Length",
    );
  }
  return ok("type", type);
}

function judgeCompression(observations: Observations): Finding {
  const { watched } = observations;
  const encoding = watched.headers["content-encoding"];
  if (!isCompressed(watched)) return ok("compression", "none");
  const advice = adviceFor("compression", answersOf(observations));
  if (watched.firstByteMs === undefined) {
    return fault("compression", `${encoding}, and no byte arrived`, advice);
  }
  return warning(
    "compression",
    `${encoding}: a compressor that is not flushed after each event holds events back, and each ` +
      "connection takes memory for it",
    advice,
  );
}

function judgeCaching(observations: Observations): Finding {
  const { headers } = observations.watched;
  const control = headers["cache-control"] ?? "";
  const cached = Object.entries(headers).find(([name, value]) =>
    /^(?:x-cache|cf-cache-status|x-cache-status|x-proxy-cache)$/.test(name) &&
    /\bhit\b/i.test(value)
  );
  const age = Number(headers["age"] ?? 0);
  if (cached !== undefined || age > 0) {
    return fault(
      "caching",
      cached === undefined
        ? `Age: ${age}: a cache answered`
        : `${cached.join(": ")}: a cache answered`,
      adviceFor("caching", answersOf(observations)),
    );
  }
  if (/\bno-(?:store|cache)\b/i.test(control)) return ok("caching", `Cache-Control: ${control}`);
  return warning(
    "caching",
    control === "" ? "no Cache-Control" : `Cache-Control: ${control}`,
    "send `Cache-Control: no-store`, so that no cache on the way keeps the stream",
  );
}

/** Whether a status says that a request was accepted. */
export function isSuccess(status: number | undefined): boolean {
  return status !== undefined && status >= 200 && status < 300;
}
