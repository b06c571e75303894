import { assertEquals, assertThrows } from "@std/assert";
import { checkStreamName, isStreamName, STREAM_NAMES } from "../../lib/wire/stream_name.ts";

Deno.test("isStreamName() accepts exactly what STREAM_NAMES says", () => {
  const good = [
    "a",
    "A-z0.9_~",
    "a/b",
    "a/b/c",
    "...",
    "a/...",
    "_",
    "user:7",
    "ann@example.com",
    ":",
    "@",
    "a".repeat(128),
  ];
  const bad = [
    "",
    ".",
    "..",
    "a/..",
    "./a",
    "/a",
    "a/",
    "a//b",
    "a b",
    "ä",
    "a;b",
    "a=b",
    "a%3Ab",
    "a".repeat(129),
  ];
  for (const name of good) assertEquals(isStreamName(name), true, name);
  for (const name of bad) assertEquals(isStreamName(name), false, name);
});

Deno.test("checkStreamName() names the rule, and the beginning of the name that breaks it", () => {
  const error = assertThrows(() => checkStreamName(`ä${"x".repeat(1_000)}`), TypeError);
  assertEquals(
    error.message,
    `Cannot use stream name: expected ${STREAM_NAMES}, got "ä${"x".repeat(127)}"`,
  );
});
