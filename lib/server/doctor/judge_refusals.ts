/**
 * Judges the protocol, and what a client sees that is refused.
 *
 * @module
 */

import { answersOf, count, fault, isEventStream, ok, warning } from "./findings.ts";
import type { Answer, Crowd, Finding, Observations, Ways } from "./observations.ts";
import { adviceFor } from "./proxy_advice.ts";

/** Judges the HTTP version. */
export function judgeProtocol(observations: Observations): Finding {
  const { url, protocol, watched } = observations;
  const { hostname, protocol: scheme } = new URL(url);
  const http3 = /\bh3=/.test(watched.headers["alt-svc"] ?? "") ? ", HTTP/3 offered" : "";
  if (scheme === "https:") {
    if (protocol === "h2") return ok("HTTP version", `HTTP/2${http3}`);
    if (protocol === "h3") return ok("HTTP version", "HTTP/3");
    return warning(
      "HTTP version",
      `HTTP/1.1${http3}: a browser opens six connections to a host, in all of its tabs`,
      adviceFor("http2", answersOf(observations)),
    );
  }
  if (LOOPBACK.test(hostname)) return ok("HTTP version", "HTTP/1.1, without TLS on this machine");
  return warning(
    "HTTP version",
    "HTTP/1.1 without TLS: a browser opens six connections to a host, and anybody on the way can " +
      "read, hold back and change the events",
    "use https and HTTP/2",
  );
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Judges the answers to a client without rights, to one with a wrong path, and to one too many. */
export function judgeRefusals(observations: Observations): readonly Finding[] {
  const { crowd } = observations;
  return [
    judgeUnauthorized(observations),
    judgeNotFound(observations),
    ...crowd === undefined ? [] : [judgeCrowd(crowd, observations.ways)],
  ];
}

function judgeUnauthorized({ unauthorized, hasCredentials }: Observations): Finding {
  const who = hasCredentials ? "without credentials" : "with a wrong token";
  const seen = `${who}: ${show(unauthorized)}`;
  const { status } = unauthorized;
  if (status === 401 || status === 403) return ok("401", seen);
  if (isEventStream(unauthorized)) {
    return hasCredentials
      ? warning(
        "401",
        `${seen}: anybody may read this stream`,
        "if the stream is not public, ask for a token; else give yours as --publish-token",
      )
      : ok("401", `${seen}: anybody may read this stream`);
  }
  return judgeStrange("401", unauthorized, seen);
}

function judgeNotFound({ notFound }: Observations): Finding {
  const seen = `another path: ${show(notFound)}`;
  if (isEventStream(notFound)) return ok("404", `${seen}: every path below is the stream`);
  const isRefused = [401, 403, 404, 405, 410].includes(notFound.status ?? 0);
  return isRefused ? ok("404", seen) : judgeStrange("404", notFound, seen);
}

/** An answer in place of a refusal. */
function judgeStrange(check: string, { status }: Answer, seen: string): Finding {
  if (status === undefined) {
    return warning(check, seen, "answer every request at once, also one that is refused");
  }
  const expected = `answer with ${check}`;
  if (status >= 300 && status < 400) {
    return warning(check, `${seen}: an EventSource follows to a page and gives up`, expected);
  }
  if (status >= 500) {
    const change = `${expected}: a ${status} hides the reason from the client`;
    return warning(check, seen, change);
  }
  return status === 200
    ? warning(check, `${seen}: a page in place of a refusal hides the reason`, expected)
    : ok(check, seen);
}

function judgeCrowd({ tried, refused }: Crowd, ways: Ways): Finding {
  const check = "overload";
  const [first] = refused;
  if (first === undefined) {
    return ok(check, `${count(tried, "stream")} at once, none refused; ${ways.more} tries more`);
  }
  const many = `${refused.length} of ${count(tried, "stream")} refused`;
  const goaway = first.arrivals.find(({ event }) => event === "goaway");
  if (goaway !== undefined) {
    return ok(check, `${many}, with goaway: an EventSource reconnects later`);
  }
  if (isEventStream(first)) {
    return first.arrivals.length === 0
      ? ok(check, `${many}, with an event stream that ends: an EventSource reconnects later`)
      : warning(
        check,
        `${many}: their streams end at once`,
        "check the limits of server and proxy",
      );
  }
  const seen = `${many}: ${show(first)}`;
  if (first.status === undefined) {
    return fault(check, seen, "check the limits of connections, of server and proxy");
  }
  return fault(
    check,
    `${seen}: an EventSource gives up for good`,
    "answer event streams with a 200 and `retry: 10000` and end them, and others with a 503 and " +
      "Retry-After; or raise the limit of connections",
  );
}

/** Writes an answer: `401 application/problem+json, WWW-Authenticate`. */
function show({ status, headers, error }: Answer): string {
  if (status === undefined) return error === "timeout" ? "no answer in time" : `${error}`;
  const { "content-type": type, location, "retry-after": retryAfter } = headers;
  const details = [
    type?.split(";", 1)[0],
    location === undefined ? undefined : `to ${location}`,
    retryAfter === undefined ? undefined : `Retry-After ${retryAfter}`,
  ].filter((it) => it !== undefined);
  return [status, details.join(", ")].join(" ").trim();
}
