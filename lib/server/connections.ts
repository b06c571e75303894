/**
 * The open event streams: how many there are, how many there may be, and a line in the log for each
 * end of one.
 *
 * @module
 */

import { type ConnectionEnd, retryLater } from "../response.ts";
import { addressBlock } from "./client_address.ts";
import type { Log, LogFields } from "./request_log.ts";

/** Options of {@linkcode Connections}. */
export interface ConnectionsOptions {
  /** The most open event streams. */
  readonly maxConnections: number;
  /** The most from one address, of IPv6 from one /64; 0 is no limit. */
  readonly maxConnectionsPerAddress: number;
  /** Gets the lines. */
  readonly log: Log;
}

/** Whose connection it is. */
export interface Visitor {
  /** The client's address. */
  readonly address: string;
  /** The streams it subscribes to; none for a stream of its own. */
  readonly streams: readonly string[];
  /** Settles when its socket is gone, where the runtime tells. */
  readonly completed: Promise<void> | undefined;
}

/** Counts the open event streams. A stalled client counts until its socket is gone. */
export class Connections {
  /** How many were told to come back later, by the limit that was reached. */
  readonly refused = { maxConnections: 0, maxConnectionsPerAddress: 0 };
  readonly #options: ConnectionsOptions;
  readonly #byBlock = new Map<string, number>();
  #size = 0;

  /** Begins with none. */
  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** How many are open. */
  get size(): number {
    return this.#size;
  }

  /**
   * Has `open` open an event stream if there is room for one more; else it is told to come back later.
   *
   * @param open Gets what to call when the stream has ended. What it returns is passed on, and counted
   * if it is an event stream.
   */
  admit(visitor: Visitor, open: (onEnd: (end: ConnectionEnd) => void) => Response): Response {
    const { maxConnections, maxConnectionsPerAddress, log } = this.#options;
    const block = addressBlock(visitor.address);
    const ofBlock = this.#byBlock.get(block) ?? 0;
    if (this.#size >= maxConnections) return this.#refuse("maxConnections");
    if (maxConnectionsPerAddress > 0 && ofBlock >= maxConnectionsPerAddress) {
      return this.#refuse("maxConnectionsPerAddress");
    }
    const { address, streams, completed } = visitor;
    const fields: LogFields = streams.length > 0 ? { address, streams } : { address };
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const response = open(({ durationMs, events, bytes, reason }) => {
      resolve();
      const seconds = Number((durationMs / 1_000).toFixed(3));
      log("disconnected", { ...fields, seconds, events, bytes, reason });
    });
    if (response.status !== 200) return response;
    log("connected", fields);
    this.#count(block, 1);
    const free = () => this.#count(block, -1);
    (completed ?? ended).then(free, free);
    return response;
  }

  #refuse(limit: keyof Connections["refused"]): Response {
    this.refused[limit]++;
    return retryLater();
  }

  #count(block: string, change: number): void {
    this.#size += change;
    const ofBlock = (this.#byBlock.get(block) ?? 0) + change;
    if (ofBlock > 0) this.#byBlock.set(block, ofBlock);
    else this.#byBlock.delete(block);
  }
}
