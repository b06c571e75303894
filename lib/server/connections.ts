/**
 * The open event streams: their number, their limits, and their lines in the log.
 *
 * @module
 */

import { EndCounter } from "../hub/counters.ts";
import type { ConnectionEnd, EndReason } from "../wire/event_response.ts";
import { retryLater, retryReason } from "../wire/retry_later.ts";
import { searchParams } from "../wire/search_params.ts";
import type { ClientIdentity } from "../hub/subscriber_filter.ts";
import type { ClientDetails } from "./client_details.ts";
import { parseIpAddress } from "./ip_address.ts";
import { type OpenConnection, type OwnConnection, OwnConnections } from "./own_connections.ts";
import { asRefusal } from "./refusal.ts";
import { controlOf } from "./stream_parameter.ts";
import type { Log, LogFields } from "./request_log.ts";

/** Options of {@linkcode Connections}. */
export interface ConnectionsOptions {
  /** The most open event streams; with the sockets of ended ones, there may be twice as many. */
  readonly maxConnections: number;
  /**
   * The most for one public IPv4 address or IPv6 /64; 0 is no limit. Loopback and private addresses are
   * not limited, since a proxy with such an address stands for many clients.
   */
  readonly maxConnectionsPerAddress: number;
  /** Writes a line when a connection opens and when it ends. */
  readonly log: Log;
}

/** A client that asks for an event stream. */
export interface Visitor {
  /** The request. Its `Accept` decides how the client is asked to reconnect later. */
  readonly request: Request;
  /** The client's address. */
  readonly address: string;
  /** The streams that it subscribes to; empty for a per-connection stream. */
  readonly streams: readonly string[];
  /** Who the client is. */
  readonly client: ClientIdentity;
  /** What else an operator sees of the client. */
  readonly details: ClientDetails;
  /** Settles when the client's socket is gone, if the runtime reports that. */
  readonly completed: Promise<void> | undefined;
}

/** A figure for each shape: `own` for per-connection streams, `hub` for subscribers of the hub. */
export type ByShape = Readonly<Record<"own" | "hub", number>>;

/** Figures since the start. */
export interface ConnectionsStats {
  /** Open event streams. */
  readonly open: ByShape;
  /** Ended event streams whose sockets are not gone. */
  readonly lingering: number;
  /** Connections opened since the start. */
  readonly total: ByShape;
  /** Ended per-connection streams by reason; the hub counts its own subscribers. */
  readonly ended: Readonly<Record<EndReason, number>>;
  /** Clients told to reconnect later, by the limit that was reached. */
  readonly refused: Readonly<Record<ConnectionLimit, number>>;
}

/** A limit at which clients are asked to reconnect later. */
export type ConnectionLimit = "maxConnections" | "maxConnectionsPerAddress" | "maxAudiences";

/**
 * Counts and limits the open event streams, and the sockets of ended ones: Deno can't close the socket
 * of a client that has stopped reading. Such a socket takes no place from a stream, but streams and
 * sockets together are at most twice `maxConnections`.
 */
export class Connections {
  /** The open per-connection streams. */
  readonly own: OwnConnections = new OwnConnections();
  readonly #options: ConnectionsOptions;
  readonly #byBlock = new Map<string, number>();
  readonly #ids = new WeakMap<Request, string>();
  readonly #open = { own: 0, hub: 0 };
  #lingering = 0;
  readonly #total = { own: 0, hub: 0 };
  readonly #refused = { maxConnections: 0, maxConnectionsPerAddress: 0, maxAudiences: 0 };
  readonly #ended = new EndCounter();

  /** Begins without connections. */
  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** The number of open event streams. */
  get size(): number {
    return this.#open.own + this.#open.hub;
  }

  /** Takes the id that the hub gave to the connection of a request. */
  identify(request: Request, id: string): void {
    this.#ids.set(request, id);
  }

  /** Whether the hub has given an id to the connection of a request. */
  isIdentified(request: Request): boolean {
    return this.#ids.has(request);
  }

  /** Figures since the start. */
  stats(): ConnectionsStats {
    return {
      open: { ...this.#open },
      lingering: this.#lingering,
      total: { ...this.#total },
      ended: this.#ended.counts,
      refused: { ...this.#refused },
    };
  }

  /**
   * Calls `open` if the limits allow one more event stream; else tells the client to reconnect later.
   *
   * @param open Opens the stream, calls `onEnd` when the stream has ended, and ends a per-connection
   * stream when the signal is aborted. Its response is returned, and counted if its status is 200.
   */
  admit(
    visitor: Visitor,
    open: (onEnd: (end: ConnectionEnd) => void, signal: AbortSignal | undefined) => Response,
  ): Response {
    const { maxConnections, maxConnectionsPerAddress } = this.#options;
    const block = limitedBlock(visitor.address);
    const isFull = this.size >= maxConnections ||
      this.size + this.#lingering >= 2 * maxConnections;
    if (isFull) return this.#refuse(visitor, "maxConnections");
    const limit = maxConnectionsPerAddress > 0 ? maxConnectionsPerAddress : Infinity;
    if (this.#ofBlock(block) >= limit) return this.#refuse(visitor, "maxConnectionsPerAddress");
    const { request, streams, client, details, completed } = visitor;
    const controller = streams.length === 0 ? new AbortController() : undefined;
    const id = streams.length === 0 ? this.own.nextId() : "";
    const connection = { id, client, details, streams, openedMs: performance.now(), controller };
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const response = open((end) => {
      resolve();
      this.#disconnected(connection, end);
    }, controller?.signal);
    // The hub has only one limit of its own.
    if (retryReason(response) === "overloaded") this.#refused.maxAudiences++;
    if (streams.length > 0) connection.id = this.#ids.get(request) ?? "";
    if (response.status === 200) this.#connected(connection, block, { ended, completed });
    return response;
  }

  #connected(
    connection: OwnConnection,
    block: string | undefined,
    { ended, completed }: {
      readonly ended: Promise<void>;
      readonly completed: Visitor["completed"];
    },
  ): void {
    const shape = shapeOf(connection);
    this.#options.log("connected", fieldsOf(connection));
    if (shape === "own") this.own.add(connection);
    this.#total[shape]++;
    this.#open[shape]++;
    this.#count(block, 1);
    ended.then(() => {
      this.#open[shape]--;
      this.#lingering++;
    });
    Promise.allSettled([ended, completed]).then(() => {
      this.#lingering--;
      this.#count(block, -1);
    });
  }

  #disconnected(connection: OpenConnection, end: ConnectionEnd): void {
    const { durationMs, events, bytes, lastId, reason } = end;
    if (shapeOf(connection) === "own") {
      this.own.delete(connection);
      this.#ended.count(end);
    }
    const seconds = Number((durationMs / 1_000).toFixed(3));
    const last = lastId !== undefined && { lastId };
    const fields = { ...fieldsOf(connection), seconds, events, bytes, ...last, reason };
    this.#options.log("disconnected", fields);
  }

  #refuse({ request }: Visitor, limit: ConnectionLimit): Response {
    this.#refused[limit]++;
    const control = controlOf(searchParams(request));
    return asRefusal("connections", retryLater(request, { ending: "cut", control }));
  }

  #ofBlock(block: string | undefined): number {
    return block === undefined ? 0 : this.#byBlock.get(block) ?? 0;
  }

  #count(block: string | undefined, change: number): void {
    if (block === undefined) return;
    const count = this.#ofBlock(block) + change;
    if (count > 0) this.#byBlock.set(block, count);
    else this.#byBlock.delete(block);
  }
}

/** The block that an address counts for; `undefined` if the address is not limited. */
function limitedBlock(address: string): string | undefined {
  const { isPublic = false, block } = parseIpAddress(address) ?? {};
  return isPublic ? block : undefined;
}

function shapeOf({ streams }: OpenConnection): "own" | "hub" {
  return streams.length > 0 ? "hub" : "own";
}

function fieldsOf({ id, client: { address = "unknown" }, streams }: OpenConnection): LogFields {
  return { address, ...streams.length > 0 && { streams }, connection: id };
}
