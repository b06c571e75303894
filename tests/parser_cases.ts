/**
 * Cases for a parser of event streams: texts with their events, random texts, and a parser that follows
 * the standard to the letter.
 *
 * @module
 */

import type { ParsedEvent } from "../lib/wire/parser.ts";
import type { Arrived } from "./pieces.ts";

const MAX_DIGITS = "9007199254740991";

/** What a parser does, a text, and everything that the parser must find in it. */
export const PARSED: [does: string, text: string | Uint8Array, arrived: Partial<Arrived>][] = [
  ["takes data", "data: a\n\n", { events: [message("a")] }],
  ["takes every field", "event: e\nid: 7\nretry: 5\ndata: a\n: c\n\n", {
    events: [{ event: "e", data: "a", lastEventId: "7" }],
    retries: [5],
    comments: ["c"],
  }],
  ["takes several events", "data: a\n\ndata: b\n\n", { events: [message("a"), message("b")] }],
  ["takes no event from nothing", "", {}],
  ["takes no event from blank lines", "\n\r\n\r\n\n", {}],

  ["takes a value without a space", "data:a\n\n", { events: [message("a")] }],
  ["removes one space of two", "data:  a\n\n", { events: [message(" a")] }],
  ["removes no tab", "data:\ta\n\n", { events: [message("\ta")] }],
  ["keeps trailing spaces", "data: a \n\n", { events: [message("a ")] }],
  ["keeps later colons", "data: a: b:\n\n", { events: [message("a: b:")] }],
  ["takes a field without a colon as empty", "data\n\n", { events: [message("")] }],
  ["takes a field without a value as empty", "data:\n\n", { events: [message("")] }],
  ["takes a field of one space as empty", "data: \n\n", { events: [message("")] }],
  ["joins data lines by LF", "data: a\ndata: b\n\n", { events: [message("a\nb")] }],
  ["joins two empty data lines to one LF", "data\ndata\n\n", { events: [message("\n")] }],
  ["keeps empty data lines at both ends", "data\ndata: a\ndata:\n\n", {
    events: [message("\na\n")],
  }],
  ["joins data lines with others between", "data: a\nid: 7\n:\ndata: b\n\n", {
    events: [message("a\nb", "7")],
    comments: [""],
  }],
  ["ignores unknown fields", "foo: a\ndate: b\ndata: c\ndatas: d\n\n", { events: [message("c")] }],
  ["ignores a name in capitals", "Data: a\nDATA: b\ndata: c\n\n", { events: [message("c")] }],
  ["ignores a name with spaces", " data: a\ndata : b\ndata: c\n\n", { events: [message("c")] }],
  ["takes a line without a colon as a name", "data a\ndata: b\n\n", { events: [message("b")] }],

  ["ends lines at CR", "data: a\rdata: b\r\r", { events: [message("a\nb")] }],
  ["ends lines at CRLF", "data: a\r\ndata: b\r\n\r\n", { events: [message("a\nb")] }],
  ["ends lines at CR and LF mixed", "data: a\rdata: b\ndata: c\r\n\r", {
    events: [message("a\nb\nc")],
  }],
  ["takes LF and CRLF as two line ends", "data: a\n\r\ndata: b\n\r", {
    events: [message("a"), message("b")],
  }],
  ["takes CR and CRLF as two line ends", "data: a\r\r\ndata: b\r\r\n", {
    events: [message("a"), message("b")],
  }],
  ["takes CRLF and LF as two line ends", "data: a\r\n\ndata: b\r\n\n", {
    events: [message("a"), message("b")],
  }],
  ["ends lines at nothing else", "data: a\u2028b\u0085c\v\f\0d\n\n", {
    events: [message("a\u2028b\u0085c\v\f\0d")],
  }],

  ["removes a BOM at the start", "\ufeffdata: a\n\n", { events: [message("a")] }],
  ["removes one BOM of two", "\ufeff\ufeffdata: a\ndata: b\n\n", { events: [message("b")] }],
  ["removes a BOM before a comment", "\ufeff: c\n", { comments: ["c"] }],
  ["removes a BOM before a blank line", "\ufeff\n\ufeffdata: a\ndata: b\n\n", {
    events: [message("b")],
  }],
  ["keeps a BOM at a later line", "data: a\n\ufeffdata: b\n\n", { events: [message("a")] }],
  ["keeps a BOM at a later event", "data: a\n\n\ufeffdata: b\n\n", { events: [message("a")] }],
  ["keeps a BOM in a value", "data:\ufeff\ndata: \ufeffa\n\n", {
    events: [message("\ufeff\n\ufeffa")],
  }],

  ["reports comments", ": a\n:b\n:  c\n::d\n", { comments: ["a", "b", " c", ":d"] }],
  ["reports empty comments", ":\n: \n", { comments: ["", ""] }],
  ["takes no field from a comment", ":data: a\n: id: 7\ndata: b\n\n", {
    events: [message("b")],
    comments: ["data: a", "id: 7"],
  }],

  ["takes the event name", "event: e\ndata: a\n\n", { events: [{ ...message("a"), event: "e" }] }],
  ["takes the event name after data", "data: a\nevent: e\n\n", {
    events: [{ ...message("a"), event: "e" }],
  }],
  ["takes the last event name", "event: d\nevent: e\ndata: a\n\n", {
    events: [{ ...message("a"), event: "e" }],
  }],
  ["takes an empty event name as message", "event: e\nevent\ndata: a\n\n", {
    events: [message("a")],
  }],
  ["forgets the event name with its event", "event: e\ndata: a\n\ndata: b\n\n", {
    events: [{ ...message("a"), event: "e" }, message("b")],
  }],
  ["forgets the event name without data", "event: e\n\ndata: a\n\n", { events: [message("a")] }],
  ["dispatches nothing without data", "event: e\nid: 7\nretry: 5\n\n", { retries: [5] }],

  ["keeps the id for later events", "id: 7\ndata: a\n\ndata: b\n\n", {
    events: [message("a", "7"), message("b", "7")],
  }],
  ["keeps the id of a block without data", "id: 7\n\ndata: a\n\n", { events: [message("a", "7")] }],
  ["takes the last id", "id: 7\ndata: a\nid: 8\n\n", { events: [message("a", "8")] }],
  ["clears the id with an empty one", "id: 7\ndata: a\n\nid:\ndata: b\n\n", {
    events: [message("a", "7"), message("b", "")],
  }],
  ["clears the id with a bare field", "id: 7\ndata: a\n\nid\ndata: b\n\n", {
    events: [message("a", "7"), message("b", "")],
  }],
  ["ignores an id with NUL", "id: 7\nid: a\0b\nid: \0\ndata: a\n\n", {
    events: [message("a", "7")],
  }],
  ["takes an id beyond ASCII", "id:  é \ndata: a\n\n", { events: [message("a", " é ")] }],

  ["reports retry at once", "retry: 5\nretry:0\nretry: 007\n", { retries: [5, 0, 7] }],
  ["reports the largest safe retry", `retry: ${MAX_DIGITS}\n`, { retries: [2 ** 53 - 1] }],
  ["ignores a retry that is not of digits", "retry: -1\nretry: 1.5\nretry: 1e3\nretry: 0x1\n", {}],
  ["ignores a retry with spaces", "retry:  5\nretry: 5 \nretry: 5\t\n", {}],
  ["ignores a retry of digits beyond ASCII", "retry: ٣\nretry: ５\n", {}],
  ["ignores an empty retry", "retry\nretry:\nretry: \n", {}],
  [
    "ignores a retry of absurdly many digits",
    `retry: 9007199254740992\nretry: ${MAX_DIGITS}0\n`,
    {},
  ],

  ["drops an unfinished event", "data: a\n\ndata: b\n", { events: [message("a")] }],
  ["drops an unfinished line", "data: a\n\ndata: b\nretry: 5", { events: [message("a")] }],

  ["takes text beyond ASCII", "event: é\ndata: € 😀\ndata:😀\n\n", {
    events: [{ ...message("€ 😀\n😀"), event: "é" }],
  }],
  ["makes U+FFFD of a stray byte", latin1("data: a\xffb\x80\n\n"), {
    events: [message("a\ufffdb\ufffd")],
  }],
  ["makes U+FFFD of a character cut by LF", latin1("data: \xf0\x9f\x98\ndata: b\n\n"), {
    events: [message("\ufffd\nb")],
  }],
  ["makes U+FFFD of a character cut by CR", latin1("data: \xe2\x82\r\xac\rdata: b\r\r"), {
    events: [message("\ufffd\nb")],
  }],
  ["makes U+FFFD of each byte of an encoded surrogate", latin1("data: \xed\xa0\x80\n\n"), {
    events: [message("\ufffd\ufffd\ufffd")],
  }],
  ["makes U+FFFD of each byte of an overlong LF", latin1("data: \xc0\x8a\n\n"), {
    events: [message("\ufffd\ufffd")],
  }],
];

/** An event without a type of its own. */
export function message(data: string, lastEventId = ""): ParsedEvent {
  return { event: "message", data, lastEventId };
}

/** A random text of parts that a parser treats specially. */
export function randomText(random: () => number): string {
  // deno-fmt-ignore
  const parts = [
    "\n", "\n", "\r", "\r", "\r\n", "\n\n", "data", "data: ", "data: a\n", "event", "event: e\r", "id", "id: 7\r\n",
    "retry", "retry: 12\n", ":", ":", ": c\n", " ", "\0", "\ufeff", "é", "😀", "1", "0", "x",
  ];
  const length = Math.floor(random() * 40);
  return Array.from({ length }, () => parts[Math.floor(random() * parts.length)]).join("");
}

/** The events of a whole text, parsed as plainly as the standard describes it. */
export function byTheStandard(text: string): Arrived {
  const arrived: Arrived = { events: [], retries: [], comments: [] };
  let [data, event, lastEventId] = ["", "", ""];
  for (const line of text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/).slice(0, -1)) {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (line.startsWith(":")) arrived.comments.push(value);
    if (name === "data") data += value + "\n";
    if (name === "event") event = value;
    if (name === "id" && !value.includes("\0")) lastEventId = value;
    if (name === "retry" && /^[0-9]+$/.test(value)) arrived.retries.push(parseInt(value, 10));
    if (line !== "") continue;
    if (data) {
      arrived.events.push({ event: event || "message", data: data.slice(0, -1), lastEventId });
    }
    [data, event] = ["", ""];
  }
  return arrived;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
