/**
 * The form of an audience's events: which of the encoded events go out, and how they are written.
 *
 * @module
 */

import type { EncodedEvent } from "../wire/event.ts";
import type { Slice } from "../history/slab.ts";
import type { Mode } from "./mode.ts";

/** Events in the form of an audience. */
export interface FormedEvents {
  /** Whole events; empty if all are left out. */
  readonly bytes: Uint8Array;
  /** How many events the bytes hold. */
  readonly events: number;
  /** Whether the last one of the events is left out. */
  readonly isLastLeftOut: boolean;
}

/** Writes encoded events in the form that a mode asks for. */
export class EventForm {
  /** Whether all events go out, as the histories keep them. */
  readonly isPlain: boolean;
  /** Whether gaps are written. */
  readonly hasGaps: boolean;
  readonly #mode: Pick<Mode, "isLabelled" | "isJson">;
  readonly #types: ReadonlySet<string> | undefined;

  /** Takes the mode of an audience. */
  constructor(mode: Omit<Mode, "key" | "hasHeartbeatEvents">) {
    const { isLabelled, isJson, types, omitsControl } = mode;
    this.isPlain = !isLabelled && !isJson && !types;
    this.hasGaps = !omitsControl;
    this.#mode = mode;
    this.#types = types && new Set(types);
  }

  /** Writes the events of a slice of a stream's history. */
  ofSlice(slice: Slice, stream: string): FormedEvents {
    const { isLabelled, isJson } = this.#mode;
    return isLabelled || isJson ? this.#rewrite(slice, stream) : this.#select(slice);
  }

  /** Takes the events of the right types as they are: neighbours are one view of the slab. */
  #select({ slab, from, events: all }: Slice): FormedEvents {
    const to = from + all;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let events = 0;
    let start = from;
    for (let index = from; index <= to; index++) {
      if (index < to && this.#includes(slab.type(index))) continue;
      if (start < index) {
        const part = slab.bytes(start, index);
        parts.push(part);
        bytes += part.length;
        events += index - start;
      }
      start = index + 1;
    }
    const isLastLeftOut = !this.#includes(slab.type(to - 1));
    return { bytes: concat(parts, bytes), events, isLastLeftOut };
  }

  #rewrite({ slab, from, events: all }: Slice, stream: string): FormedEvents {
    const label = this.#mode.isLabelled ? labelOf(stream) : undefined;
    const parts: Uint8Array[] = [];
    let bytes = 0;
    let events = 0;
    let isLastLeftOut = false;
    for (let index = from; index < from + all; index++) {
      isLastLeftOut = !this.#includes(slab.type(index));
      if (isLastLeftOut) continue;
      let event = slab.bytes(index, index + 1);
      if (this.#mode.isJson) event = encoder.encode(asJson(decoder.decode(event), stream));
      if (label && hasBlankLine(event)) {
        parts.push(label);
        bytes += label.length;
      }
      parts.push(event);
      bytes += event.length;
      events++;
    }
    return { bytes: concat(parts, bytes), events, isLastLeftOut };
  }

  /** Writes one event of a stream; returns `""` if the event is left out. */
  ofEvent({ text, type }: EncodedEvent, stream: string): string {
    if (!this.#includes(type?.toWellFormed() || undefined)) return "";
    // As JSON, a lone surrogate would become an escape and not U+FFFD.
    const event = this.#mode.isJson ? asJson(text.toWellFormed(), stream) : text;
    return this.#mode.isLabelled && event.endsWith("\n\n") ? `stream: ${stream}\n${event}` : event;
  }

  #includes(type: string = UNTYPED): boolean {
    return this.#types === undefined || this.#types.has(type);
  }
}

/** The form of events as the histories keep them, with gaps. */
export const PLAIN_FORM: EventForm = new EventForm({
  omitsControl: false,
  isLabelled: false,
  isJson: false,
  types: undefined,
});

/** Joins parts that have `bytes` bytes together. */
export function concat(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(bytes);
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

/** The type of events without a type. */
const UNTYPED = "message";
const LF = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A field before the event's own fields. Stream names are ASCII. */
function labelOf(stream: string): Uint8Array {
  return encoder.encode(`stream: ${stream}\n`);
}

/** Whether an event ends with a blank line; a label would otherwise belong to the next event. */
function hasBlankLine(event: Uint8Array): boolean {
  return event.at(-1) === LF && event.at(-2) === LF;
}

/** Writes an encoded event as an event without a type, whose data is JSON. Without data it stays as it is. */
function asJson(text: string, stream: string): string {
  // Lines of comments begin with a colon, and the data comes after all other fields but the id.
  const dataStart = text.startsWith("data: ") ? 0 : text.indexOf("\ndata: ") + 1;
  if (dataStart === 0 && !text.startsWith("data: ")) return text;
  const lastLine = text.lastIndexOf("\n", text.length - 3) + 1;
  const dataEnd = text.startsWith("id:", lastLine) ? lastLine : text.length - 1;
  const head = text.slice(0, dataStart);
  const typeLine = /(?<![^\n])event: ([^\n]*)\n/.exec(head);
  const data = text.slice(dataStart + "data: ".length, dataEnd - 1).replaceAll("\ndata: ", "\n");
  const json = JSON.stringify({ stream, event: typeLine?.[1] ?? UNTYPED, data });
  const others = typeLine
    ? head.slice(0, typeLine.index) + head.slice(typeLine.index + typeLine[0].length)
    : head;
  return `${others}data: ${json}\n${text.slice(dataEnd)}`;
}
