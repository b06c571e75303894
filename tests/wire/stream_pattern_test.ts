import { assertEquals } from "@std/assert";
import {
  coversStream,
  isStreamPattern,
  patternsOf,
  withoutCovered,
} from "../../lib/wire/stream_name.ts";

Deno.test("isStreamPattern() accepts * and a stream's name with /*, and nothing else", () => {
  const right = ["*", "a/*", "a/b/*", "a.b~:@-/*"];
  const wrong = ["", "a", "/*", "a*", "*/a", "a/*/b", "a//*", "../*", "**", "a/**", "*/*"];
  assertEquals([...right, ...wrong].filter(isStreamPattern), right);
});

Deno.test("coversStream() covers everything below a pattern's name, but not the name", () => {
  const names = [
    "orders",
    "orders/1",
    "orders/eu/1",
    "others/1",
    "orders2/1",
    "orders/*",
    "orders/eu/*",
    "*",
  ];
  const covered = (pattern: string) => names.filter((name) => coversStream(pattern, name));
  assertEquals(covered("orders/*"), ["orders/1", "orders/eu/1", "orders/*", "orders/eu/*"]);
  assertEquals(covered("orders/eu/*"), ["orders/eu/1", "orders/eu/*"]);
  assertEquals(covered("orders"), ["orders"]);
  assertEquals(covered("*"), names);
});

Deno.test("patternsOf() returns exactly the patterns that cover a name", () => {
  assertEquals(patternsOf("a"), ["*"]);
  assertEquals(patternsOf("a/b/c"), ["*", "a/*", "a/b/*"]);
});

Deno.test("withoutCovered() leaves out what a pattern of the list covers", () => {
  assertEquals(withoutCovered(["a", "a/*", "a/1", "a/b/*", "b"]), ["a", "a/*", "b"]);
  assertEquals(withoutCovered(["*", "a/*", "b"]), ["*"]);
});
