import { assertEquals, assertThrows } from "@std/assert";
import { ANY, checkOptions, nearestName, type OptionRules } from "../../lib/wire/check_options.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { eventStream } from "../../lib/wire/event_stream.ts";
import { EventParserStream } from "../../lib/mod.ts";
import { openKvLog } from "../../lib/log/kv.ts";
import { openSqliteLog } from "../../lib/log/sqlite.ts";
import { SharedLog } from "../../lib/log/mod.ts";
import { openRedisLog } from "../../lib/log/redis.ts";
import { createApp, readConfig } from "../../lib/server/app.ts";
import { ListStore } from "../log/list_store.ts";
import { subscription } from "../client.ts";

interface TestOptions {
  readonly historyEvents?: number;
  readonly onEnd?: () => void;
}

const RULES: OptionRules<TestOptions> = { historyEvents: { above: 0 }, onEnd: ANY };

/** Checks options that the compiler would refuse. */
function check(options: unknown): void {
  checkOptions("test", options as TestOptions, RULES);
}

Deno.test("checkOptions() accepts known options, and every option that is undefined", () => {
  for (
    const options of [{}, { historyEvents: 1, onEnd() {} }, { onEnd: undefined, x: undefined }]
  ) {
    check(options);
  }
});

Deno.test("checkOptions() refuses an unknown option, and names the nearest one or all", () => {
  const table: [options: unknown, message: string][] = [
    [{ historyEvent: 5 }, 'there is no option "historyEvent"; did you mean historyEvents?'],
    [{ HistoryEvents: 5 }, 'there is no option "HistoryEvents"; did you mean historyEvents?'],
    [{ history: 5 }, 'there is no option "history"; the options are historyEvents, onEnd'],
    [{ toString: 5 }, 'there is no option "toString"; the options are historyEvents, onEnd'],
    [
      { ["x".repeat(9_999)]: 5 },
      `there is no option "${"x".repeat(100)}"; the options are historyEvents, onEnd`,
    ],
    [null, "the options must be an object, got null"],
    ["news", "the options must be an object, got news"],
  ];
  for (const [options, message] of table) {
    const error = assertThrows(() => check(options), TypeError);
    assertEquals(error.message, `Cannot test: ${message}`);
  }
});

Deno.test("checkOptions() refuses a number out of range", () => {
  assertThrows(() => check({ historyEvents: 0 }), RangeError, "historyEvents must be");
});

Deno.test("nearestName() finds a name with one character in three wrong, and no more distant name", () => {
  const names = ["retryMs", "headers", "signal"];
  const table: [name: string, expected: string | undefined][] = [
    ["retry", "retryMs"],
    ["retryMS", "retryMs"],
    ["retrySeconds", undefined],
    ["header", "headers"],
    ["abort", undefined],
    ["singal", "signal"],
    ["", undefined],
    ["x".repeat(100_000), undefined],
  ];
  for (const [name, expected] of table) assertEquals(nearestName(name, names), expected, name);
});

// deno-lint-ignore no-explicit-any
type Any = any;

/** Every public function that takes options, called with a misspelled option. */
const CALLS: Record<string, [option: string, call: (options: Any) => unknown]> = {
  "new BroadcastHub()": ["historyEvent", (options) => new BroadcastHub(options)],
  "new BroadcastHub() with an option of a stream": [
    "ephemeral",
    (options) => new BroadcastHub(options),
  ],
  "BroadcastHub.createStream()": [
    "replayEvent",
    (options) => new BroadcastHub().createStream("a", options),
  ],
  "BroadcastHub.subscribe()": [
    "expireInMs",
    (options) => new BroadcastHub().subscribe(subscription("stream=a"), options),
  ],
  "BroadcastHub.streams()": ["limits", (options) => new BroadcastHub().streams(options)],
  "BroadcastHub.subscribers()": ["limits", (options) => new BroadcastHub().subscribers(options)],
  "eventStream()": ["heartBeat", (options) => eventStream(() => {}, options)],
  "new EventParserStream()": ["onComments", (options) => new EventParserStream(options)],
  "openKvLog()": ["maxAge", (options) => openKvLog(options)],
  "openSqliteLog()": ["maxAge", (options) => openSqliteLog({ path: "x", ...options })],
  "openRedisLog()": ["uri", (options) => openRedisLog({ url: "redis://localhost", ...options })],
  "new SharedLog()": ["maxEntry", (options) => new SharedLog(new ListStore(), options)],
  "createApp()": [
    "eventlogs",
    (options) => createApp(readConfig(() => undefined), { pages: new Map(), ...options }),
  ],
};

for (const [name, [option, call]] of Object.entries(CALLS)) {
  Deno.test(`${name} refuses the unknown option ${option}`, () => {
    const error = assertThrows(() => call({ [option]: 1 }), TypeError);
    assertEquals(error.message.includes(`there is no option "${option}"; `), true, error.message);
  });
}
