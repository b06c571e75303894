/**
 * Replacing the streams of a subscription.
 *
 * @module
 */

import type { Link } from "./keep_connected.ts";

/** Replaces the streams of a subscription. */
export type SetStreams = (link: Link, streams: readonly string[]) => Promise<void>;

/**
 * Opens a connection to other streams with the current id, and closes the old one when the new one is
 * open. No event is missed or comes twice, since one id is a place in all streams.
 */
export const setStreams: SetStreams = async (link, streams) => {
  while (link.hold) await link.hold;
  const replaced = replace(link, withStreams(link.url, streams));
  // Events wait until the outcome is known.
  link.hold = replaced.catch(() => {}).then(() => link.hold = undefined);
  await replaced;
};

async function replace(link: Link, url: URL): Promise<void> {
  await link.current?.taken();
  if (link.signal.aborted) throw new Error("Cannot set streams: the subscription is over");
  const before = link.url;
  link.url = url;
  if (!link.current?.isOpen()) return link.retry("streams");
  const { ended } = link.next = link.start();
  const end = await Promise.race([ended, new Promise<void>((resolve) => link.onNext = resolve)]);
  link.next = undefined;
  if (!end) return;
  link.url = before;
  if (end.type === "failed") throw end.error;
  throw new Error(`Cannot set streams: ${end.type === "cut" ? end.why.reason : end.type}`);
}

function withStreams(url: URL, streams: readonly string[]): URL {
  const target = new URL(url);
  target.searchParams.delete("stream");
  for (const stream of streams) target.searchParams.append("stream", stream);
  return target;
}
