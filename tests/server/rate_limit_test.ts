import { assertEquals } from "@std/assert";
import { RateLimit } from "../../lib/server/rate_limit.ts";

Deno.test("RateLimit.take() grants the permits of one second at once, then says how long to wait", () => {
  const limit = new RateLimit(2, { now: () => 0 });
  assertEquals([1, 2, 3].map(() => limit.take("a")), [0, 0, 1]);
});

Deno.test("RateLimit.take() fills the bucket evenly, up to the permits of one second", () => {
  let nowMs = 0;
  const limit = new RateLimit(2, { now: () => nowMs });
  const takes = (count: number) => Array.from({ length: count }, () => limit.take("a"));
  assertEquals(takes(3), [0, 0, 1]);
  nowMs = 499;
  assertEquals(takes(1), [1]);
  nowMs = 500;
  assertEquals(takes(2), [0, 1]);
  nowMs = 3_600_000;
  assertEquals(takes(3), [0, 0, 1]);
});

Deno.test("RateLimit.take() keeps keys apart", () => {
  const limit = new RateLimit(1, { now: () => 0 });
  assertEquals(["a", "b", "a"].map((key) => limit.take(key)), [0, 0, 1]);
});

Deno.test("RateLimit.take() with 0 a second allows everything", () => {
  const limit = new RateLimit(0, { now: () => 0 });
  assertEquals(new Set(Array.from({ length: 100 }, () => limit.take("a"))), new Set([0]));
});

Deno.test("RateLimit forgets the least recently used key beyond 10 000", () => {
  const limit = new RateLimit(1, { now: () => 0 });
  limit.take("first");
  limit.take("second");
  for (let i = 0; i < 9_999; i++) limit.take(`${i}`);
  assertEquals([limit.take("second"), limit.take("first")], [1, 0]);
});

Deno.test("RateLimit.take() allows a burst of another size", () => {
  let nowMs = 0;
  const limit = new RateLimit(0.1, { burst: 2, now: () => nowMs });
  assertEquals([1, 2, 3].map(() => limit.take("a")), [0, 0, 10]);
  nowMs = 10_000;
  assertEquals([1, 2].map(() => limit.take("a")), [0, 10]);
});

Deno.test("RateLimit never fills a bucket beyond its size", () => {
  let nowMs = 0;
  const limit = new RateLimit(2, { now: () => nowMs });
  for (const pauseMs of [1_000, 3_600_000, 1e12]) {
    nowMs += pauseMs;
    assertEquals([1, 2, 3].map(() => limit.take("a")), [0, 0, 1]);
  }
});

Deno.test("RateLimit.owe() puts a bucket in debt, which must be paid before the next take", () => {
  let nowMs = 0;
  const limit = new RateLimit(2, { now: () => nowMs });
  assertEquals(limit.take("a"), 0);
  limit.owe("a", 9);
  assertEquals([limit.take("a"), limit.take("b")], [5, 0]);
  nowMs = 4_000;
  assertEquals(limit.take("a"), 1);
  nowMs = 4_750;
  assertEquals([limit.take("a"), limit.take("a")], [0, 1]);
});

Deno.test("RateLimit.owe() with 0 a second owes nothing", () => {
  const limit = new RateLimit(0, { now: () => 0 });
  limit.owe("a", 1_000);
  assertEquals(limit.take("a"), 0);
});

Deno.test("RateLimit.waitMs() returns when a bucket is out of debt", () => {
  let nowMs = 0;
  const limit = new RateLimit(10, { now: () => nowMs });
  assertEquals(limit.waitMs("a"), 0);
  limit.owe("a", 15);
  assertEquals([limit.waitMs("a"), limit.waitMs("b")], [500, 0]);
  nowMs = 400;
  assertEquals(limit.waitMs("a"), 100);
  nowMs = 500;
  assertEquals(limit.waitMs("a"), 0);
  assertEquals(new RateLimit(0).waitMs("a"), 0);
});
