/**
 * Judges when the bytes of the stream arrived: buffering, heartbeats, and the end of the connection.
 *
 * @module
 */

import {
  announcedHeartbeat,
  answersOf,
  count,
  fault,
  isCompressed,
  ok,
  showMs,
  warning,
} from "./findings.ts";
import { isSuccess } from "./judge_head.ts";
import type { Arrival, Finding, Observations, Published, Ways } from "./observations.ts";
import { adviceFor } from "./proxy_advice.ts";

/** An event that takes longer from its publish is held back. */
const LATE_MS = 2_000;
/** Arrivals within this time came together. */
const TOGETHER_MS = 50;
/** A silence after which arrivals that come together look held back. */
const SILENCE_MS = 2_000;
/** A stream without longer silences needs no heartbeat. */
const STEADY_MS = 10_000;
/** A stream that is silent for longer is cut by common proxies. */
const QUIET_MS = 30_000;

/** Judges the arrivals of a stream. */
export function judgeArrivals(observations: Observations): readonly Finding[] {
  return [
    judgeFirstByte(observations),
    judgeBuffering(observations),
    judgeHeartbeat(observations),
    judgeEnd(observations),
  ];
}

function judgeFirstByte({ watched, ways }: Observations): Finding {
  const { firstByteMs, tookMs, endMs } = watched;
  if (firstByteMs === undefined) {
    return warning(
      "first byte",
      `none within ${showMs(endMs)}: the stream is quiet, or its events are held back`,
      `send a comment line at the start of each stream; ${ways.publish} tells the two apart`,
    );
  }
  const afterHeadMs = firstByteMs - tookMs;
  const seen = `after ${showMs(firstByteMs)}`;
  if (afterHeadMs < LATE_MS) return ok("first byte", seen);
  return warning(
    "first byte",
    `${seen}, ${
      showMs(afterHeadMs)
    } after the head: the stream was quiet, or its events are held back`,
    `send a comment line at the start of each stream; ${ways.publish} tells the two apart`,
  );
}

function judgeBuffering(observations: Observations): Finding {
  const { watched, published, ways } = observations;
  const refused = published.find(({ answer }) => !isSuccess(answer.status));
  if (refused !== undefined) return judgeRefusedPublish(refused, ways);
  const delays = published.map((one) => delayOf(one, watched.arrivals));
  const topic = isCompressed(watched) ? "compression" : "buffering";
  const advice = adviceFor(topic, answersOf(observations));
  if (delays.includes(undefined)) {
    const seen = "a published event did not arrive";
    return watched.end === "open"
      ? fault("buffering", `${seen}: it is held back, or was published to another stream`, advice)
      : warning("buffering", `${seen} before the connection broke`, "mend the connection first");
  }
  const slowestMs = Math.max(...delays.map((ms) => ms!));
  if (slowestMs >= LATE_MS) {
    return fault("buffering", `a published event arrived after ${showMs(slowestMs)}`, advice);
  }
  const bursts = burstsOf(watched.arrivals);
  const heartbeats = bursts.map((burst) => burst.filter(isHeartbeat).length);
  if (Math.max(0, ...heartbeats) >= 3) {
    const seen = `${Math.max(...heartbeats)} heartbeats arrived together after a silence`;
    return fault("buffering", `${seen}: something on the way collects them`, advice);
  }
  if (delays.length > 0) {
    return ok("buffering", `a published event arrived after ${showMs(slowestMs)}`);
  }
  if (bursts.filter((burst) => burst.length >= 4).length >= 2) {
    const seen = `${
      Math.max(...bursts.map(({ length }) => length))
    } events arrived together, again and ` +
      "again, with silence between: they are sent like that, or collected on the way";
    return warning("buffering", seen, `${advice}; ${ways.publish} tells the two apart`);
  }
  return ok("buffering", `none seen; ${ways.publish} measures how fast an event arrives`);
}

function judgeRefusedPublish({ answer }: Published, { checkPublish }: Ways): Finding {
  return fault(
    "buffering",
    answer.status === undefined
      ? `not tested: the publish failed: ${answer.error}`
      : `not tested: the publish got a ${answer.status}`,
    checkPublish,
  );
}

/** The time from a publish to the event's arrival; `undefined` if the event did not arrive. */
function delayOf({ marker, sentMs }: Published, arrivals: readonly Arrival[]): number | undefined {
  const arrival = arrivals.find(({ data }) => data?.includes(marker));
  return arrival && Math.max(0, arrival.atMs - sentMs);
}

/** Arrivals that came together after a silence. What comes first may be a history. */
function burstsOf(arrivals: readonly Arrival[]): readonly (readonly Arrival[])[] {
  const bursts: Arrival[][] = [];
  let current: Arrival[] | undefined;
  for (const [i, arrival] of arrivals.entries()) {
    const silenceMs = arrival.atMs - (arrivals[i - 1]?.atMs ?? arrival.atMs);
    if (silenceMs >= SILENCE_MS) bursts.push(current = [arrival]);
    else if (silenceMs <= TOGETHER_MS) current?.push(arrival);
    else current = undefined;
  }
  return bursts;
}

function isHeartbeat({ event }: Arrival): boolean {
  return event === undefined || event === "heartbeat";
}

function judgeHeartbeat({ watched, ways }: Observations): Finding {
  const { arrivals, longestSilenceMs, endMs } = watched;
  const announced = announcedHeartbeat(watched);
  const heartbeats = arrivals.filter(isHeartbeat).length;
  const silence = `longest silence ${showMs(longestSilenceMs)}`;
  if (announced !== undefined && announced > 0) {
    const every = `announced every ${announced} s`;
    if (longestSilenceMs > announced * 1_000 + LATE_MS) {
      return fault("heartbeat", `${every}, ${silence}`, "see buffering: heartbeats are held back");
    }
    return endMs < announced * 1_000
      ? ok("heartbeat", `${every}; ${ways.longer(Math.ceil(announced) + 5)} shows one`)
      : ok("heartbeat", `${every}, ${silence}`);
  }
  if (longestSilenceMs >= QUIET_MS) return warning("heartbeat", silence, HEARTBEAT_ADVICE);
  if (heartbeats > 0) return ok("heartbeat", `${count(heartbeats, "comment")}, ${silence}`);
  if (arrivals.length >= 3 && longestSilenceMs < STEADY_MS) {
    return ok("heartbeat", `none was due: ${silence}`);
  }
  return warning("heartbeat", `none within ${showMs(endMs)}, ${silence}`, HEARTBEAT_ADVICE);
}

const HEARTBEAT_ADVICE =
  "send a comment line (`:` and two line breaks) every 15 s: proxies cut a connection after 30 to 60 " +
  "silent seconds, and a server without heartbeats does not notice that a client is gone";

function judgeEnd(observations: Observations): Finding {
  const { end, endMs, lastSilenceMs, arrivals } = observations.watched;
  const after = `after ${showMs(endMs)}`;
  if (end === "open") return ok("connection", `open for ${showMs(endMs)}`);
  const told = arrivals.findLast(({ event }) => event !== undefined && ENDINGS.includes(event));
  if (told !== undefined) {
    return ok("connection", `the server ended it ${after} with ${told.event}: ${told.data}`);
  }
  const silent = lastSilenceMs >= 1_000
    ? `, ${showMs(lastSilenceMs)} of them silent at the end`
    : "";
  const advice = adviceFor("cut", answersOf(observations));
  return end === "cut" ? fault("connection", `cut ${after}${silent}`, advice) : warning(
    "connection",
    `ended ${after}${silent}: the server had no more to say, or a timeout ended it`,
    advice,
  );
}

/** Events by which an sse-hub ends a connection. */
const ENDINGS: readonly string[] = ["goaway", "expired", "ended"];
