import { assertEquals } from "@std/assert";
import { parseMoved, parseSentinel } from "../../../lib/log/redis/address.ts";

Deno.test("parseSentinel() returns host, port, TLS and login", () => {
  const table = {
    "sentinel.example": ["sentinel.example", 26_379, undefined, undefined, undefined],
    "10.0.0.1:5000": ["10.0.0.1", 5_000, undefined, undefined, undefined],
    "[::1]:5000": ["::1", 5_000, undefined, undefined, undefined],
    ":p%40ss@a": ["a", 26_379, undefined, undefined, "p@ss"],
    "redis://a": ["a", 26_379, false, undefined, undefined],
    "rediss://user:password@a:1/": ["a", 1, true, "user", "password"],
  };
  for (const [text, expected] of Object.entries(table)) {
    const { host, port, tls, username, password } = parseSentinel(text)!;
    assertEquals([host, port, tls, username, password], expected, text);
  }
  for (const text of ["", "a b", "a:port", "http://a", "a/0", "redis://a/0", "u:100%@a", ":1"]) {
    assertEquals(parseSentinel(text), undefined, text);
  }
});

Deno.test("parseMoved() returns the node that has a key, and undefined for other errors", () => {
  assertEquals(parseMoved("MOVED 7638 127.0.0.1:7001"), { host: "127.0.0.1", port: 7_001 });
  assertEquals(parseMoved("MOVED 1 ::1:7001"), { host: "::1", port: 7_001 });
  // A node sends no host if it does not know its own name.
  assertEquals(parseMoved("MOVED 1 :7001"), { host: "", port: 7_001 });
  for (const text of ["ASK 1 a:1", "MOVED 1 a", "ERR MOVED 1 a:1", ""]) {
    assertEquals(parseMoved(text), undefined, text);
  }
});
