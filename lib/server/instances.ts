/**
 * The instances that share an event log. Each leaves a note of its figures beside the log every 5
 * seconds; a note counts for 15 seconds.
 *
 * @module
 */

import { startBackgroundTimer } from "../wire/background_timer.ts";
import type { Notes } from "../log/notes.ts";

/** The figures of an instance, as its note has them. */
export interface InstanceFigures {
  /** The version of the server. */
  readonly version: string;
  /** How long ago the instance started, in seconds. */
  readonly uptimeSeconds: number;
  /** Open event streams. */
  readonly connections: number;
  /** Events delivered since the start. */
  readonly delivered: number;
  /** Resident memory in bytes; `null` if it is unknown. */
  readonly residentBytes: number | null;
  /** Whether the instance is stopping. */
  readonly isStopping: boolean;
}

/** An instance in the console's list. */
export interface InstanceRow extends InstanceFigures {
  /** The id of the instance, which the ids of its connections begin with. */
  readonly id: string;
  /** Whether this is the instance that answers. */
  readonly isSelf: boolean;
  /** How old the figures are, in seconds. */
  readonly ageSeconds: number;
}

/** Options of {@linkcode Instances}. */
export interface InstancesOptions {
  /** The id of this instance. */
  readonly id: string;
  /** Resolves when the log is open. */
  readonly ready: Promise<void>;
  /** Returns the notes of the log, once it is open; `undefined` for a log of one instance. */
  readonly notes: () => Notes | undefined;
  /** Returns the figures of this instance. */
  readonly figures: () => InstanceFigures;
}

/** Tells other instances of this one, and lists all of them. */
export class Instances {
  readonly #options: InstancesOptions;
  #endTimer: (() => void) | undefined;
  #telling: Promise<void> | undefined;
  #isClosed = false;

  /** Tells of this instance as soon as the log is open. */
  constructor(options: InstancesOptions) {
    this.#options = options;
    options.ready.then(() => this.#begin(), () => {
      // The hub reports why its log can't be opened.
    });
  }

  /** Lists the instances, by id; without the others if the store is unreachable. */
  async list(): Promise<readonly InstanceRow[]> {
    const { id, figures } = this.#options;
    const rows = new Map<string, InstanceRow>();
    for (const { text, ageMs } of await this.#read()) {
      const row = ageMs <= COUNTS_MS ? parseRow(text, ageMs, id) : undefined;
      if (row) rows.set(row.id, row);
    }
    rows.set(id, { id, ...figures(), isSelf: true, ageSeconds: 0 });
    return [...rows.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  }

  /** Tells no more. Resolves when nothing is being told any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#endTimer?.();
    await this.#telling;
  }

  #begin(): void {
    if (this.#isClosed || !this.#options.notes()) return;
    this.#tell();
    this.#endTimer = startBackgroundTimer(EVERY_MS, () => this.#tell());
  }

  #tell(): void {
    const { id, notes, figures } = this.#options;
    const text = JSON.stringify({ id, ...figures() });
    this.#telling ??= notes()!.add("instances", text).catch(() => {
      // The log reports its own outages; the next note comes in 5 seconds.
    }).finally(() => this.#telling = undefined);
  }

  async #read() {
    try {
      return await this.#options.notes()?.after("instances", "") ?? [];
    } catch {
      // As above.
      return [];
    }
  }
}

const EVERY_MS = 5_000;
const COUNTS_MS = 15_000;

/** Parses a note; `undefined` for a text that no instance of this version has written. */
function parseRow(text: string, ageMs: number, self: string): InstanceRow | undefined {
  try {
    const { id, version, uptimeSeconds, connections, delivered, residentBytes, isStopping } = JSON
      .parse(text);
    if (typeof id !== "string" || typeof uptimeSeconds !== "number") return undefined;
    const figures = { version, uptimeSeconds, connections, delivered, residentBytes, isStopping };
    return { id, ...figures, isSelf: id === self, ageSeconds: Math.round(ageMs / 1_000) };
  } catch {
    return undefined;
  }
}
