import { assertEquals, assertThrows } from "@std/assert";
import { checkModeOptions, type ModeOptions, parseMode } from "../../lib/hub/mode.ts";

const PLAIN = {
  omitsControl: false,
  hasHeartbeatEvents: false,
  isLabelled: false,
  isJson: false,
  types: undefined,
  key: "",
};
const EVENTS = { types: ["a", "b c"], key: "\na\nb c" };

for (
  const [query, expected] of Object.entries({
    "": PLAIN,
    "control=all&heartbeat=comment&label=none&format=plain": PLAIN,
    "control=none": { ...PLAIN, omitsControl: true, key: "control" },
    "heartbeat=event": { ...PLAIN, hasHeartbeatEvents: true, key: "heartbeat" },
    "label=stream": { ...PLAIN, isLabelled: true, key: "label" },
    "format=json": { ...PLAIN, isJson: true, key: "format" },
    "event=b+c&event=a&event=a": { ...PLAIN, ...EVENTS },
    "format=json&label=stream": { ...PLAIN, isLabelled: true, isJson: true, key: "label,format" },
    "control=none&label=stream": {
      ...PLAIN,
      omitsControl: true,
      isLabelled: true,
      key: "control,label",
    },
    "control=none&format=json": {
      ...PLAIN,
      omitsControl: true,
      isJson: true,
      key: "control,format",
    },
    "control=none&event=a": {
      ...PLAIN,
      omitsControl: true,
      types: ["a"],
      key: "control\na",
    },
    "heartbeat=event&label=stream": {
      ...PLAIN,
      hasHeartbeatEvents: true,
      isLabelled: true,
      key: "heartbeat,label",
    },
    "heartbeat=event&format=json": {
      ...PLAIN,
      hasHeartbeatEvents: true,
      isJson: true,
      key: "heartbeat,format",
    },
    "heartbeat=event&event=a": {
      ...PLAIN,
      hasHeartbeatEvents: true,
      types: ["a"],
      key: "heartbeat\na",
    },
    "label=stream&event=a": { ...PLAIN, isLabelled: true, types: ["a"], key: "label\na" },
    "format=json&event=a": { ...PLAIN, isJson: true, types: ["a"], key: "format\na" },
  })
) {
  Deno.test(`parseMode() reads ?${query}`, () => {
    assertEquals(parseMode(new URLSearchParams(query)), expected);
  });
}

const types = (count: number) => Array.from({ length: count }, (_, i) => `event=t${i}`).join("&");

for (
  const [query, fault] of Object.entries({
    "control=no": "Give control as none or all",
    "heartbeat=": "Give heartbeat as event or comment",
    "label=Stream": "Give label as stream or none",
    "format=xml": "Give format as json or plain",
    "format=json&format=json": "Give format once",
    "control=none&heartbeat=event":
      "control=none leaves out heartbeat=event, which is a control event; use one",
    "event=": "An event type must not be empty; events without a type are message",
    "event=a%0Ab": "An event type must not contain CR or LF",
    "event=gap": "The type gap is reserved and can't be published; leave event=gap out",
    [`event=${"x".repeat(257)}`]: "An event type must have at most 256 characters",
    [types(33)]: "Name at most 32 types of events",
  })
) {
  Deno.test(`parseMode() refuses ?${query.slice(0, 40)}`, () => {
    assertEquals(parseMode(new URLSearchParams(query)), fault);
  });
}

Deno.test("parseMode() accepts 32 types, and takes an option in place of a parameter", () => {
  assertEquals(typeof parseMode(new URLSearchParams(types(32))), "object");
  const query = new URLSearchParams("control=none&format=xml&event=a");
  const options: ModeOptions = { control: "all", format: "json", event: ["b c", "a"] };
  assertEquals(parseMode(query, options), {
    ...PLAIN,
    ...EVENTS,
    isJson: true,
    key: "format\na\nb c",
  });
});

for (
  const [options, ErrorClass, message] of [
    [{ control: "no" }, RangeError, 'control must be "all" or "none", got "no"'],
    [{ control: "none", heartbeat: "event" }, RangeError, "use one"],
    [{ event: [] }, RangeError, "event must have 1 to 32 types, got 0"],
    [{ event: "price" }, TypeError, "event must be a list of types, got price"],
    [{ event: ["a", "goaway"] }, TypeError, "The type goaway is reserved"],
  ] as const
) {
  Deno.test(`checkModeOptions() refuses ${JSON.stringify(options)}`, () => {
    assertThrows(() => checkModeOptions(options as unknown as ModeOptions), ErrorClass, message);
  });
}
