import { assertEquals } from "@std/assert";
import { rank } from "../../lib/hub/ranking.ts";

Deno.test("rank() returns a page, the greatest value first, and keeps the order of equal values", () => {
  const items = ["b2", "a1", "c2", "d9"];
  const value = (item: string) => Number(item[1]);
  assertEquals(rank(items, value, { offset: 0, limit: Infinity }), ["d9", "b2", "c2", "a1"]);
  assertEquals(rank(items, value, { offset: 1, limit: 2 }), ["b2", "c2"]);
  assertEquals(rank(items, value, { offset: 9, limit: 2 }), []);
});
