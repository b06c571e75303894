/**
 * Keeping a subscription connected: one attempt after another, until it is over.
 *
 * @module
 */

import { type Attempt, type AttemptOwner, startAttempt } from "./attempt.ts";
import { pauseMs } from "./backoff.ts";
import type { Host } from "./host.ts";
import { isFunction, type RequestOptions, sendRequest } from "./request.ts";
import type { Cut, State } from "./state.ts";
import type { End, Transport } from "./transport.ts";
import { waitForTime } from "./wall_clock.ts";

/** What a kept connection needs of its subscription. */
export interface LinkOwner extends Pick<AttemptOwner, "host" | "lastEventId" | "take" | "fixedMs"> {
  /** Shows a state; by default the same again. */
  readonly show: (state?: State) => void;
  /** How its requests are made. */
  readonly options: RequestOptions;
  /** What brings the events. */
  readonly transport: Transport;
  /** Resolves when somebody listens and the id is known. */
  readonly ready: Promise<void>;
  /** Is told that the page may be gone soon. */
  readonly leave: () => void;
}

/** A kept connection, as the parts that act on it see it. */
export interface Link {
  /** Where the client runs. */
  readonly host: Host;
  /** Aborts when the subscription is over. */
  readonly signal: AbortSignal;
  /** The URL, with the streams. */
  url: URL;
  /** The attempt that brings events. */
  current?: Attempt | undefined;
  /** The attempt that is to take its place. */
  next?: Attempt | undefined;
  /** Is called when an attempt is open. */
  onNext: () => void;
  /** While this is pending, the events of the current attempt wait. */
  hold?: Promise<void> | undefined;
  /** Whether there is to be no connection for now. */
  isSuspended?: boolean;
  /** Whether the browser knows that it is offline. */
  isOffline?: boolean;
  /** Starts an attempt. */
  readonly start: () => Attempt;
  /** Ends the attempts, and goes on. */
  readonly cut: (reason: Cut["reason"]) => void;
  /** Ends the attempts or the wait for one, so that another one follows at once, unless suspended. */
  readonly retry: (reason: Cut["reason"]) => void;
  /** Shows a state; by default the same again. */
  readonly show: (state?: State) => void;
  /** Tells the subscription that the page may be gone soon. */
  readonly leave: () => void;
  /** Ends the subscription. May be called twice. */
  readonly end: (state: State) => void;
}

/** Connects, and goes on until the state is `ended`, `failed` or `closed`. */
export function keepConnected(url: URL, owner: LinkOwner): Link {
  const { host, options, show } = owner;
  const life = new AbortController();
  let wake = () => {};
  let wasOpen = false;
  let failures = 0;
  let downSince = host.now();
  let retryMs: number | undefined;
  let refresh = false;

  const attempts: AttemptOwner = {
    ...owner,
    request: ({ url, signal, lastEventId }) =>
      sendRequest(
        options,
        url,
        signal,
        { refresh, lastEventId: lastEventId() },
        wasOpen || failures > 0,
      ),
    retry: (ms) => retryMs = ms,
    retryMs: () => retryMs,
    wait: () => link.hold,
    onOpen(attempt) {
      refresh = false;
      wasOpen = true;
      // It is the current one already, or it takes the place of that one.
      const old = link.current;
      link.current = attempt;
      if (old !== attempt) old?.cut("streams");
      link.onNext();
      show({ name: "open" });
    },
  };

  const link: Link = {
    host,
    url,
    signal: life.signal,
    onNext: wake,
    show,
    leave: owner.leave,
    start: () => startAttempt(attempts, link.url, owner.transport),
    cut: (reason) => stop({ type: "cut", why: { reason } }),
    retry(reason) {
      link.cut(reason);
      wake();
    },
    end(state) {
      if (life.signal.aborted) return;
      life.abort();
      show(state);
      owner.leave();
      stop({ type: "closed" });
      wake();
    },
  };

  function stop(end: End): void {
    link.current?.end(end);
    link.next?.end(end);
  }

  async function run(): Promise<void> {
    await owner.ready;
    while (!life.signal.aborted) {
      if (link.isSuspended) await pause(Infinity, { reason: "hidden" });
      else {
        const attempt = link.current ??= link.start();
        const end = await attempt.ended;
        // Another attempt may have taken its place.
        if (attempt === link.current) link.current = link.next;
        if (!link.current) await goOn(end, attempt.hasProgress());
      }
    }
  }

  /** Ends the subscription, or waits for the time of the next attempt. */
  async function goOn(end: End, hadProgress: boolean): Promise<void> {
    if (end.type === "failed") {
      const { error } = end;
      const { headers, params } = options;
      if (error.status === 401 && !refresh && [headers, params].some(isFunction)) {
        refresh = true;
        return;
      }
      // Where it was right before, a page in place of the events is the login page of a network.
      if (error.status !== 200 || !wasOpen) return link.end({ name: "failed", error });
    } else if (end.type !== "cut") return link.end({ name: end.type });
    // A failure that the client gets over is a cut without a reason of its own.
    const cut = end as Partial<End & { readonly type: "cut" }>;
    const why: Cut = cut.why ?? { reason: "refused" };
    let { floorMs } = cut;
    const { reason } = why;
    if (reason === "expired") refresh = true;
    // A server that ends its responses asks by "retry" to be asked again then.
    if (reason === "closed") floorMs = retryMs;
    failures++;
    if (hadProgress) {
      failures = 0;
      downSince = host.now();
    }
    if (!AT_ONCE.test(reason)) {
      await pause(pauseMs(failures, host.random(), host.now() - downSince, retryMs, floorMs), why);
    }
    if (!life.signal.aborted) show({ name: "connecting" });
  }

  /** Waits, until the time has come or something has changed. */
  async function pause(ms: number, why: Cut): Promise<void> {
    const until = host.now() + ms;
    let stop!: () => void;
    await new Promise<void>((resolve) => {
      stop = waitForTime(host, () => until, resolve as () => void);
      wake = resolve;
      show({ name: "waiting", until, why });
    });
    stop();
  }

  run();
  return link;
}

/** After these the next attempt follows at once. */
const AT_ONCE = /slept|online|shown|hidden|streams|tab/;
