/**
 * Judges whether a client that reconnects gets the events that it missed.
 *
 * @module
 */

import { announcedHeartbeat, fault, isEventStream, ok, showMs, warning } from "./findings.ts";
import { isSuccess } from "./judge_head.ts";
import type { Finding, Observations } from "./observations.ts";

/** Judges the second connection. */
export function judgeResume(
  { watched, resumed, published, ways }: Observations,
): readonly Finding[] {
  const check = "resume";
  if (resumed === undefined) {
    return [
      watched.arrivals.some(({ event }) => event !== undefined)
        ? warning(
          check,
          "the events have no ids, so a client that reconnects misses what came meanwhile",
          "if clients must not miss events, give each an id, and send those after `Last-Event-ID` to a client " +
            "that reconnects",
        )
        : warning(
          check,
          "no event arrived after which to resume",
          `have one published: ${ways.publish}`,
        ),
    ];
  }
  const { fromId, expectedId, watched: second } = resumed;
  const id = JSON.stringify(fromId);
  if (second.status === 204) {
    return [ok(check, "the stream has ended: a client that reconnects gets a 204 and stays away")];
  }
  if (!isEventStream(second)) {
    const seen = second.status === undefined ? second.error : `a ${second.status}`;
    const change = "answer a request with `Last-Event-ID` as any other";
    return [fault(check, `a client with Last-Event-ID ${id} gets ${seen}`, change)];
  }
  const lost = announcedHeartbeat(second) === undefined
    ? undefined
    : second.arrivals.find(({ event }) => event === "reset" || event === "gap");
  if (lost !== undefined) {
    return [
      fault(
        check,
        `a client with Last-Event-ID ${id} gets ${lost.event}: the server no longer has the events`,
        "keep more events (HISTORY_EVENTS, HISTORY_SECONDS), or share them between instances by EVENT_LOG",
      ),
    ];
  }
  const arrival = second.arrivals.find((one) => one.id === expectedId);
  if (expectedId !== undefined && arrival !== undefined) {
    return [ok(check, `the event after ${id} came again after ${showMs(arrival.atMs)}`)];
  }
  if (expectedId === undefined) {
    return [
      published.some(({ answer }) => isSuccess(answer.status))
        ? warning(
          check,
          "the published events have no ids",
          "publish to a stream that keeps its events",
        )
        : ok(
          check,
          `Last-Event-ID ${id} is accepted; ${ways.publish} shows an event that comes again`,
        ),
    ];
  }
  return [
    fault(
      check,
      `the event after ${id} did not come again: a client that reconnects misses events`,
      "let the server send the events after `Last-Event-ID`, and the proxy pass this header on",
    ),
  ];
}
