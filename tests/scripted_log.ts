/**
 * A log for tests that does nothing by itself.
 *
 * @module
 */

import type {
  Appended,
  EventLog,
  LogEntry,
  LogPage,
  LogReceiver,
  ReadOptions,
} from "../lib/log/event_log.ts";
import { macrotask } from "./wait.ts";

/** A log that delivers and answers when the test tells it to. */
export class ScriptedLog implements EventLog {
  startId = "e-0";
  isShared = true;
  readonly isDurable = true;
  readonly isUp = true;
  readonly asked: string[] = [];
  readonly options: Required<ReadOptions>[] = [];
  #receiver: LogReceiver | undefined;
  #pages: PromiseWithResolvers<LogPage>[] = [];

  open(receiver: LogReceiver): void {
    this.#receiver = receiver;
  }

  hasId(id: string): boolean {
    return id.split("-")[0] === this.startId.split("-")[0];
  }

  /** Acknowledges an append as event 1 000, and does not deliver it. */
  append(): Promise<Appended> {
    return Promise.resolve({ id: "e-1000", throughId: "e-1000" });
  }

  async end(): Promise<string> {
    return (await this.append()).id;
  }

  read(afterId: string, options: ReadOptions): Promise<LogPage> {
    this.asked.push(afterId);
    this.options.push(options as Required<ReadOptions>);
    const page = Promise.withResolvers<LogPage>();
    this.#pages.push(page);
    return page.promise;
  }

  idBefore(id: string): string {
    return `e-${Number(id.slice(2)) - 1}`;
  }

  async close(): Promise<void> {}

  /** Delivers entries in the open turn. */
  send(entries: readonly LogEntry[]): void {
    this.#receiver!.deliver(entries);
  }

  /** Delivers the events with these numbers, in a turn of their own. */
  async deliver(...numbers: number[]): Promise<void> {
    this.send(numbers.map((number) => entry(number)));
    await Promise.resolve();
  }

  /** Reports the entries through an event as lost. */
  lose(number: number): void {
    this.#receiver!.lost(`e-${number}`);
  }

  /** Begins anew, with another epoch. */
  reset(startId: string): void {
    this.startId = startId;
    this.#receiver!.reset();
  }

  /** Reports that the log is unreachable, or reachable again. */
  change(isUp: boolean, reason?: unknown): void {
    this.#receiver!.changed(isUp, reason);
  }

  /** Answers the oldest pending read, as soon as there is one. */
  async answer(entries: LogEntry[], goneThrough?: string, throughId?: string): Promise<void> {
    const page = { entries, goneThrough, ...throughId === undefined ? {} : { throughId } };
    (await this.#oldest()).resolve(page);
  }

  /** Rejects the oldest pending read, as soon as there is one. */
  async refuse(reason: unknown): Promise<void> {
    (await this.#oldest()).reject(reason);
  }

  async #oldest(): Promise<PromiseWithResolvers<LogPage>> {
    while (this.#pages.length === 0) await macrotask();
    return this.#pages.shift()!;
  }
}

/** The entry of an event with its number as data. */
export function entry(number: number, stream = "x"): LogEntry {
  return { id: `e-${number}`, stream, event: { data: `${number}` }, isFirst: false, ageMs: 0 };
}
