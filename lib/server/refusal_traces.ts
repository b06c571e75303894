/**
 * The traces of refused requests: who was refused, why, how often and when. Kept for an hour, within a
 * bound for all together.
 *
 * @module
 */

import type { ClientIdentity } from "../hub/subscriber_filter.ts";
import { searchParams } from "../wire/search_params.ts";
import { coversStream } from "../wire/stream_name.ts";
import type { Grant } from "./authorize.ts";
import { claimedIdentity } from "./claimed_identity.ts";
import type { FilterNames } from "./connection_filter.ts";
import { parseIpAddress } from "./ip_address.ts";
import type { RefusedFor } from "./refusal.ts";
import { rawPath } from "./router.ts";

/** Why a request was refused, as its trace has it. */
export interface TracedReason extends Omit<RefusedFor, "reason"> {
  /** A reason of the server, or `other` for one of the application's `authorize`. */
  readonly reason: RefusedFor["reason"] | "other";
}

/** Refused requests of one client that are alike. */
export interface RefusalTrace {
  /** The client's address. */
  readonly address: string;
  /** The claim `sub` of the client's JSON Web Token; `null` without one. */
  readonly subject: string | null;
  /** The claim `jti` of the token; `null` without one. */
  readonly tokenId: string | null;
  /** Whether the token was verified. If not, anybody can have written its claims. */
  readonly isVerified: boolean;
  /** The method, at most 16 characters. */
  readonly method: string;
  /** The path, at most 128 characters. */
  readonly path: string;
  /** The first 8 streams and patterns of the request, each at most 128 characters. */
  readonly streams: readonly string[];
  /** The status of the answer: 200 if the client was asked to reconnect later, 204 for ended streams. */
  readonly status: number;
  /** The reason. */
  readonly reason: TracedReason["reason"];
  /** What the client was told; `null` if that is not known. */
  readonly detail: string | null;
  /** How many such requests there were. */
  readonly count: number;
  /** When the first of them came, in milliseconds since 1970. */
  readonly firstMs: number;
  /** When the last of them came, in milliseconds since 1970. */
  readonly lastMs: number;
}

/** Which traces to list. */
export interface RefusalQuery {
  /** The client, or a stream; left out, all. */
  readonly filter?: FilterNames;
  /** A text that the trace has; `""` for all. */
  readonly search?: string;
}

/**
 * The traces of refused requests, in the order of their last request. Requests of one client that are alike
 * are one trace. A public address, for IPv6 its /64, has at most 16 traces, so that nobody can push out the
 * traces of others.
 */
export class RefusalTraces {
  readonly #maxBytes: number;
  readonly #identities = new WeakMap<Request, ClientIdentity>();
  // By what is alike, in the order of the last request.
  readonly #traces = new Map<string, RefusalTrace>();
  // The keys of each public address block, in the same order.
  readonly #blocks = new Map<string, Set<string>>();
  #bytes = 0;

  /** Begins without traces. */
  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** How many bytes all traces take, as an estimate. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes who has sent a request, once its token is verified. */
  identify(request: Request, { subject, tokenId }: Grant): void {
    if ((subject ?? tokenId) === undefined) return;
    this.#identities.set(request, {
      ...subject !== undefined && { subject },
      ...tokenId !== undefined && { tokenId },
    });
  }

  /** Notes that a request was refused. */
  note(
    request: Request,
    why: TracedReason & { readonly address: string; readonly status: number },
    nowMs: number = Date.now(),
  ): void {
    const { reason, detail = null, address, status } = why;
    const known = this.#identities.get(request);
    const { subject = null, tokenId = null } = known ?? claimedIdentity(request.headers);
    const isVerified = known !== undefined || VERIFIED.has(reason);
    const method = request.method.slice(0, 16);
    const path = rawPath(request.url).slice(0, MAX_CHARACTERS);
    const streams = searchParams(request).getAll("stream").slice(0, MAX_STREAMS)
      .map((name) => name.slice(0, MAX_CHARACTERS));
    const alike = { subject, tokenId, isVerified, method, path, streams, status, reason };
    const trace = { address, ...alike, detail, count: 1, firstMs: nowMs, lastMs: nowMs };
    this.#expire(nowMs);
    this.#add(JSON.stringify([address, alike]), trace);
  }

  /** Lists traces, the one with the last request first. */
  list(
    { filter = {}, search = "" }: RefusalQuery = {},
    nowMs: number = Date.now(),
  ): readonly RefusalTrace[] {
    this.#expire(nowMs);
    return [...this.#traces.values()].reverse()
      .filter((trace) => isMeantBy(filter, trace) && hasText(trace, search));
  }

  #add(key: string, trace: RefusalTrace): void {
    const known = this.#traces.get(key);
    if (known) {
      this.#forget(key, known);
      Object.assign(trace, { count: known.count + 1, firstMs: known.firstMs });
    }
    this.#traces.set(key, trace);
    this.#bytes += sizeOf(trace);
    const name = publicBlock(trace);
    if (name !== undefined) {
      const block = this.#blocks.get(name) ?? new Set();
      this.#blocks.set(name, block.add(key));
      if (block.size > MAX_OF_PUBLIC_ADDRESS) this.#forgetFirst(block);
    }
    while (this.#bytes > this.#maxBytes) this.#forgetFirst(this.#traces.keys());
  }

  #expire(nowMs: number): void {
    for (const [key, trace] of this.#traces) {
      if (nowMs - trace.lastMs <= KEPT_MS) return;
      this.#forget(key, trace);
    }
  }

  #forgetFirst(keys: Iterable<string>): void {
    for (const key of keys) return this.#forget(key, this.#traces.get(key)!);
  }

  #forget(key: string, trace: RefusalTrace): void {
    this.#traces.delete(key);
    this.#bytes -= sizeOf(trace);
    const name = publicBlock(trace) ?? "";
    const block = this.#blocks.get(name);
    block?.delete(key);
    if (block?.size === 0) this.#blocks.delete(name);
  }
}

/** The block of a public address; others may be proxies, which stand for many clients. */
function publicBlock({ address }: RefusalTrace): string | undefined {
  const { isPublic = false, block } = parseIpAddress(address) ?? {};
  return isPublic ? block : undefined;
}

/** Reasons that are found only in a token whose signature is valid. */
const VERIFIED: ReadonlySet<TracedReason["reason"]> = new Set(["claims", "expired_token", "scope"]);

function isMeantBy(
  { address, subject, tokenId, stream }: FilterNames,
  trace: RefusalTrace,
): boolean {
  return (address === undefined || address === trace.address) &&
    (subject === undefined || subject === trace.subject) &&
    (tokenId === undefined || tokenId === trace.tokenId) &&
    (stream === undefined || trace.streams.some((asked) => coversStream(asked, stream)));
}

function hasText(trace: RefusalTrace, search: string): boolean {
  if (search === "") return true;
  const { address, subject, tokenId, path, streams, reason, status } = trace;
  const text = [address, subject, tokenId, path, ...streams, reason, status].join("\n");
  return text.toLowerCase().includes(search.toLowerCase());
}

/** An estimate of the memory of a trace, with its key, in bytes. */
function sizeOf({ address, subject, tokenId, path, streams, detail }: RefusalTrace): number {
  const texts = [address, subject, tokenId, path, ...streams].map((text) => text?.length ?? 0);
  return texts.reduce((sum, length) => sum + 2 * length + 8, TRACE_BYTES) + (detail?.length ?? 0);
}

const KEPT_MS = 3_600_000;
const MAX_BYTES = 1_048_576;
const MAX_OF_PUBLIC_ADDRESS = 16;
const MAX_CHARACTERS = 128;
const MAX_STREAMS = 8;
const TRACE_BYTES = 512;
