import { assertEquals, assertLess, assertMatch } from "@std/assert";
import {
  createLog,
  type LogFields,
  type LogFormat,
  printable,
} from "../../lib/server/request_log.ts";
import { macrotask } from "../wait.ts";

/** The line that a log of this format writes, at the beginning of 2027. */
function line(format: LogFormat, message: string, fields?: LogFields): string {
  const lines: string[] = [];
  const now = () => new Date(Date.UTC(2027, 0, 1));
  createLog(format, (line) => lines.push(line), now)(message, fields);
  assertEquals(lines.length, 1);
  return lines[0]!;
}

/** Characters that could break a line or control a terminal, with their escapes. */
const HOSTILE: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r\n": "\\r\\n",
  "\0": "\\u0000",
  "\x1b[2J\x1b]0;owned\x07": "\\u001b[2J\\u001b]0;owned\\u0007",
  "\x7f": "\\u007f",
  "\x85\x9b31m": "\\u0085\\u009b31m",
  "\u2028\u2029": "\\u2028\\u2029",
};

Deno.test("createLog() writes a line of text", () => {
  assertEquals(
    line("text", "connected", { address: "192.0.2.7", seconds: 1.5 }),
    "2027-01-01T00:00:00.000Z connected address=192.0.2.7 seconds=1.5",
  );
});

Deno.test("createLog() writes a line of JSON", () => {
  assertEquals(
    line("json", "connected", { address: "192.0.2.7", seconds: 1.5 }),
    '{"time":"2027-01-01T00:00:00.000Z","message":"connected","address":"192.0.2.7","seconds":1.5}',
  );
});

Deno.test("createLog() writes a message without fields", () => {
  assertEquals(line("text", "ready"), "2027-01-01T00:00:00.000Z ready");
  assertEquals(line("json", "ready"), '{"time":"2027-01-01T00:00:00.000Z","message":"ready"}');
});

Deno.test("createLog() writes nothing when it is off", () => {
  const lines: string[] = [];
  createLog("off", (line) => lines.push(line))("connected", { address: "192.0.2.7" });
  assertEquals(lines, []);
});

Deno.test("createLog() writes the time of each line", () => {
  const lines: string[] = [];
  let ms = 0;
  const log = createLog("text", (line) => lines.push(line), () => new Date(ms++));
  log("a");
  log("b");
  assertEquals(lines, ["1970-01-01T00:00:00.000Z a", "1970-01-01T00:00:00.001Z b"]);
});

Deno.test("createLog() writes the current time by default", () => {
  const lines: string[] = [];
  const before = new Date().toISOString();
  createLog("text", (line) => lines.push(line))("a");
  const [time = "", message] = lines[0]!.split(" ");
  assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assertEquals([before <= time, message], [true, "a"]);
});

Deno.test("createLog() writes a list with commas as text, as an array in JSON", () => {
  const streams = ["news/de", "time"];
  assertEquals(line("text", "a", { streams }), "2027-01-01T00:00:00.000Z a streams=news/de,time");
  assertEquals(JSON.parse(line("json", "a", { streams })).streams, streams);
});

Deno.test("createLog() quotes text that could be mistaken for another field", () => {
  const table = {
    "": '""',
    "two words": '"two words"',
    "a=b": '"a=b"',
    'say "hi"': '"say \\"hi\\""',
    "back\\slash": '"back\\\\slash"',
    "no\u00a0break": '"no\u00a0break"',
    "grün": "grün",
  };
  for (const [text, quoted] of Object.entries(table)) {
    assertEquals(line("text", "a", { text }), `2027-01-01T00:00:00.000Z a text=${quoted}`);
  }
});

Deno.test("createLog() escapes line breaks and control characters in fields of text", () => {
  for (const [text, escaped] of Object.entries(HOSTILE)) {
    assertEquals(
      line("text", "a", { text: `x ${text}` }),
      `2027-01-01T00:00:00.000Z a text="x ${escaped}"`,
    );
  }
});

Deno.test("createLog() escapes line breaks of every kind in a line of text", () => {
  assertEquals(line("text", "a", { b: "\x1b[2J" }), "2027-01-01T00:00:00.000Z a b=\\u001b[2J");
  assertEquals(
    line("text", "a", { b: "\\u001b[2J" }),
    '2027-01-01T00:00:00.000Z a b="\\\\u001b[2J"',
  );
});

Deno.test("createLog() escapes line breaks in JSON, and keeps the field's text", () => {
  for (const [text, escaped] of Object.entries(HOSTILE)) {
    const json = line("json", "a", { text });
    assertEquals(json, `{"time":"2027-01-01T00:00:00.000Z","message":"a","text":"${escaped}"}`);
    assertEquals(JSON.parse(json).text, text);
  }
});

Deno.test("createLog() escapes line breaks in lists and messages", () => {
  for (const format of ["text", "json"] as const) {
    for (const text of Object.keys(HOSTILE)) {
      const all = line(format, `a${text}b`, { streams: [`x${text}y`, "z"] });
      // deno-lint-ignore no-control-regex
      assertEquals(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(all), false, all);
    }
  }
});

Deno.test("createLog() writes each item of a list once", () => {
  const streams = ["news", "time", "news"];
  assertEquals(line("text", "a", { streams }), "2027-01-01T00:00:00.000Z a streams=news,time");
  assertEquals(JSON.parse(line("json", "a", { streams })).streams, ["news", "time"]);
});

Deno.test("createLog() writes 256 characters of a list, and the number of the other items", () => {
  const streams = Array.from({ length: 440 }, (_, i) => `${i}`.padStart(127, "n"));
  const first = streams.slice(0, 2);
  const text = `2027-01-01T00:00:00.000Z a streams=${first.join(",")} moreStreams=438`;
  assertEquals(line("text", "a", { streams }), text);
  const { time: _, ...fields } = JSON.parse(line("json", "a", { streams }));
  assertEquals(fields, { message: "a", streams: first, moreStreams: 438 });
});

Deno.test("createLog() writes only the number of items if the first item of a list is too long", () => {
  const streams = ["x".repeat(300), "a"];
  const text = '2027-01-01T00:00:00.000Z a streams="" moreStreams=2';
  assertEquals(line("text", "a", { streams }), text);
});

Deno.test("createLog() cuts every text that is too long, in any format", () => {
  const long = "x".repeat(1_000_000);
  for (const format of ["text", "json"] as const) {
    const all = line(format, long, { address: long, reason: long, streams: [long] });
    assertEquals(all.match(/x{1023}…/g)?.length, 3);
    assertLess(all.length, 3_300);
  }
});

Deno.test("createLog() keeps a text of 1024 characters whole", () => {
  const text = "x".repeat(1_024);
  assertEquals(line("text", "a", { text }), `2027-01-01T00:00:00.000Z a text=${text}`);
});

Deno.test("createLog() ignores errors and rejections of print()", async () => {
  const error = new Error("No space left on device");
  createLog("text", () => {
    throw error;
  })("a");
  createLog("text", async () => await Promise.reject(error))("a");
  await macrotask(); // in which an unhandled rejection would fail
});

Deno.test("printable() makes one line of any text, which can be read back from the line", () => {
  for (const text of Object.keys(HOSTILE)) {
    const one = printable(`a${text}b`);
    assertMatch(one, /^[ -~]+$/);
    assertEquals(JSON.parse(`"${one}"`), `a${text}b`);
  }
});
