import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { encodeChecked, type ServerSentEvent } from "../../lib/wire/event.ts";
import { History } from "../../lib/history/history.ts";
import { EventForm } from "../../lib/hub/event_form.ts";
import { parseMode } from "../../lib/hub/mode.ts";
import { EventParserStream } from "../../lib/wire/parser.ts";

const EVENTS: readonly ServerSentEvent[] = [
  { data: "" },
  { data: "one" },
  { data: " two\n\nlines:\ndata: x\nid: 9\n", event: "price" },
  { data: '{"json":"\u2028 \ud83d\ude00"}', event: "pri" },
  { comment: "é\n\u2028event: no\nevent: no", event: "price", data: "three", retry: 5 },
  { comment: "event: no\nx", retry: 7, data: "four" },
  { event: "message", data: "five" },
  { event: "\ud800", data: "six" },
  { event: "x".repeat(257), data: "seven" },
  { comment: "remark" },
  { retry: 9 },
];

function formOf(query: string): EventForm {
  const mode = parseMode(new URLSearchParams(query));
  assert(typeof mode === "object");
  return new EventForm(mode);
}

/** Writes events from a history, and one by one as the log's are; both must be the same. */
function write(query: string, events: readonly ServerSentEvent[], hasIds = true): string {
  const form = formOf(query);
  const history = new History(0, "e-0");
  const texts = events.map((event, i) => {
    const encoded = encodeChecked(event, hasIds ? `e-${i + 1}` : undefined);
    history.append(i + 1, encoded, 0);
    return form.ofEvent(encoded, "a/b");
  });
  const formed = form.ofSlice(history.slice(0, Infinity, Infinity)!, "a/b");
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(formed.bytes);
  assertEquals(text, texts.join("").toWellFormed());
  assertEquals(formed.events, texts.filter((text) => text !== "").length);
  assertEquals(formed.isLastLeftOut, texts.at(-1) === "");
  return text;
}

function parse(text: string): Promise<{ event: string; data: string; lastEventId: string }[]> {
  const body = ReadableStream.from([new TextEncoder().encode(text)]);
  return Array.fromAsync(body.pipeThrough(new EventParserStream()));
}

Deno.test("EventForm with label=stream puts the stream's name before an event", () => {
  assertEquals(
    write("label=stream", EVENTS.slice(1, 3)),
    "stream: a/b\ndata: one\nid: e-1\n\n" +
      "stream: a/b\nevent: price\ndata:  two\ndata: \ndata: lines:\ndata: data: x\ndata: id: 9\ndata: \nid: e-2\n\n",
  );
});

Deno.test("EventForm with label=stream labels nothing that has no blank line", () => {
  assertEquals(write("label=stream", EVENTS.slice(-2), false), ": remark\nretry: 9\n");
});

Deno.test("EventForm with format=json writes exactly this", () => {
  assertEquals(
    write("format=json", [{ comment: "c", event: "price", retry: 5, data: "a\nb" }, { data: "" }]),
    ': c\nretry: 5\ndata: {"stream":"a/b","event":"price","data":"a\\nb"}\nid: e-1\n\n' +
      'data: {"stream":"a/b","event":"message","data":""}\nid: e-2\n\n',
  );
});

for (const query of ["format=json", "format=json&label=stream"]) {
  Deno.test(`EventForm with ${query} keeps type, data and id of every event`, async () => {
    const plain = await parse(write("", EVENTS));
    const json = await parse(write(query, EVENTS));
    assertEquals(
      json.map(({ event, data, lastEventId }) => ({ ...JSON.parse(data), of: event, lastEventId })),
      plain.map(({ event, data, lastEventId }) => {
        return { stream: "a/b", event, data, of: "message", lastEventId };
      }),
    );
  });
}

Deno.test("EventForm with event= keeps exactly the events of these types", async () => {
  const rows: Record<string, string[]> = {
    "event=price": [EVENTS[2]!.data!, "three"],
    "event=pri": [EVENTS[3]!.data!],
    "event=message": ["", "one", "four", "five"],
    "event=%EF%BF%BD": ["six"],
    "event=price&event=pri": [EVENTS[2]!.data!, EVENTS[3]!.data!, "three"],
    "event=prices": [],
  };
  for (const [query, expected] of Object.entries(rows)) {
    assertEquals((await parse(write(query, EVENTS))).map(({ data }) => data), expected);
  }
});

Deno.test("EventForm.ofSlice() copies nothing if all events are of the types asked for", () => {
  const history = new History(0, "e-0");
  for (const i of [1, 2]) history.append(i, encodeChecked({ event: "a", data: "x" }), 0);
  const slice = history.slice(0, 2, Infinity)!;
  const { bytes } = formOf("event=a").ofSlice(slice, "s");
  assertStrictEquals(bytes.buffer, slice.bytes.buffer);
  assertEquals(bytes.length, slice.bytes.length);
});
