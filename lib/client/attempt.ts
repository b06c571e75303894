/**
 * One attempt of a subscription: what happens to the events that its transport brings.
 *
 * @module
 */

import type { ParsedEvent } from "../wire/event_parser.ts";
import { type ControlData, controlData } from "./control_message.ts";
import type { Cut } from "./state.ts";
import type { Attempts, End, Sink, Transport } from "./transport.ts";
import { waitForTime } from "./wall_clock.ts";

/** The subscription, as its attempts see it. */
export interface AttemptOwner extends Attempts {
  /** How long a server may be silent, in milliseconds; `undefined` if it tells so itself. */
  readonly fixedMs: number | undefined;
  /** Returns the server's `retry`. */
  readonly retryMs: () => number | undefined;
  /** Is told that an attempt is open. */
  readonly onOpen: (attempt: Attempt) => void;
  /** Returns a promise while the events of an attempt have to wait. */
  readonly wait: () => Promise<unknown> | undefined;
  /** Takes an event, and its control data if it has any. */
  readonly take: (
    event: ParsedEvent,
    control: ControlData | undefined,
    signal: AbortSignal,
  ) => void | Promise<void>;
}

/** One attempt, from its request to its end. */
export interface Attempt extends Sink {
  /** Resolves at the end of the attempt. */
  readonly ended: Promise<End>;
  /** Whether events come. */
  readonly isOpen: () => boolean;
  /** Whether it brought something new, or was alive for two heartbeats or ten seconds. */
  readonly hasProgress: () => boolean;
  /** Whether nothing has come for so many milliseconds; left out, for a heartbeat. */
  readonly isStale: (ms?: number) => boolean;
  /** Resolves when the event has been taken that came last. */
  readonly taken: () => unknown;
  /** Ends the attempt. */
  readonly end: (end: End) => void;
}

/** Starts an attempt. */
export function startAttempt(owner: AttemptOwner, url: URL, transport: Transport): Attempt {
  const { host, fixedMs, lastEventId, retryMs } = owner;
  const { now } = host;
  const controller = new AbortController();
  const { signal } = controller;
  // Until the server tells of its heartbeats, if it does.
  let silenceMs = fixedMs ?? 45_000;
  let openedAt = Infinity;
  let heardAt = now();
  let hasNews = false;
  let isBusy = false;
  let taken: void | Promise<void>;
  let settle!: (end: End) => void;

  const hear = () => heardAt = now();
  const isOpen = () => openedAt < Infinity;
  // After two and a half heartbeats that did not come, the connection counts as broken.
  const heartbeatMs = () => silenceMs / 2.5;
  const end = (end: End) => {
    settle(end);
    stop();
    controller.abort();
  };
  const cut = (reason: Cut["reason"], detail?: string, floorMs?: number) =>
    end({ type: "cut", why: { reason, detail }, floorMs });

  /** Takes an event: what it says of the connection, and then what the application gets. */
  function receive(event: ParsedEvent): void | Promise<void> {
    if (signal.aborted) return;
    hear();
    const waiting = owner.wait();
    if (waiting) return busy(waiting.then(() => receive(event)));
    const control = controlData(event);
    const type = control && event.event;
    if (type !== "hello") hasNews ||= event.lastEventId !== lastEventId();
    else silenceMs = fixedMs ?? (control!.heartbeatSeconds || Infinity) * 2_500;
    taken = owner.take(event, control, signal);
    if (type === "ended") end({ type });
    if (type === "expired") cut(type);
    if (type === "goaway") cut(type, control!.reason, retryMs());
    return taken && busy(taken);
  }

  /** Whoever does not read can't tell whether the server is silent. */
  async function busy(promise: Promise<void>): Promise<void> {
    isBusy = true;
    await promise;
    isBusy = false;
    hear();
  }

  const attempt: Attempt = {
    ...owner,
    signal,
    url,
    cut,
    hear,
    receive,
    isOpen,
    end,
    ended: new Promise((resolve) => settle = resolve),
    open() {
      openedAt = hear();
      owner.onOpen(attempt);
    },
    hasProgress: () => hasNews || heardAt - openedAt >= Math.min(2 * heartbeatMs(), 10_000),
    isStale: (ms = heartbeatMs()) => now() - heardAt > ms,
    taken: () => taken,
  };
  // A server has ten seconds to answer.
  const due = () => isBusy ? Infinity : heardAt + (isOpen() ? silenceMs : 10_000);
  const stop = waitForTime(host, due, (hasSlept) => {
    // The timers of a hidden page are late by up to a minute, and its bytes are not.
    const isAwake = hasSlept && host.isHidden() && now() < due();
    if (!isAwake) cut(hasSlept ? "slept" : "silent");
    return isAwake;
  });
  transport(attempt).then(end);
  return attempt;
}
