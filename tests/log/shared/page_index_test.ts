import { assertEquals } from "@std/assert";
import { PageIndex } from "../../../lib/log/shared/page_index.ts";

const id = (place: number, index = "0001") => `e-${place}${index}`;

/** An index of entries at the given places, with 40 characters and a stream each, two per page. */
function list(places: readonly number[], streams: readonly string[] = []): PageIndex {
  const index = new PageIndex(100);
  let afterId = id(0, "0000");
  for (const [i, place] of places.entries()) {
    index.add({ afterId, id: id(place), length: 40, streams: [streams[i] ?? "x"] });
    afterId = id(place);
  }
  return index;
}

/** A found page in short: the place through which it is complete, and its places. */
function found(index: PageIndex, afterId: string, streams?: string[]) {
  const found = index.after(afterId, streams);
  const place = (id: string) => Number(id.slice(2, -4));
  return found && [place(found.throughId), found.page?.ids.map(place)];
}

Deno.test("PageIndex.after() returns the page that has an id, or the page that begins after it", () => {
  const index = list([1, 2, 3, 4, 5]);
  assertEquals(index.size, 3);
  assertEquals(found(index, id(0, "0000")), [0, [1, 2]]);
  assertEquals(found(index, id(1)), [1, [1, 2]]);
  assertEquals(found(index, id(2, "0000")), [2, [1, 2]]);
  assertEquals(found(index, id(2)), [2, [3, 4]]);
  assertEquals(found(index, id(4)), [4, [5]]);
});

Deno.test("PageIndex.after() returns nothing for ids of unlisted entries, or of the last entry", () => {
  const index = list([1, 2, 5, 6]);
  for (const other of [id(6), id(7), id(3), id(0, "0001"), id(6, "0002")]) {
    assertEquals(found(index, other), undefined, other);
  }
});

Deno.test("PageIndex.after() skips pages without events of the streams asked for", () => {
  const index = list([1, 2, 3, 4, 5, 6, 7], ["a", "b", "a", "a", "c", "a", "a"]);
  assertEquals(found(index, id(1), ["b", "c"]), [1, [1, 2]]);
  assertEquals(found(index, id(2), ["b", "c"]), [4, [5, 6]]);
  assertEquals(found(index, id(2), ["b"]), [7, undefined]);
  assertEquals(found(index, id(2), ["a"]), [2, [3, 4]]);
});

Deno.test("PageIndex.after() stops at a place where entries were lost", () => {
  const index = list([1, 2]);
  index.add({ afterId: id(4, "zzzz"), id: id(5), length: 40, streams: ["y"] });
  assertEquals(found(index, id(1), ["y"]), [2, undefined]);
  assertEquals(found(index, id(2), ["y"]), undefined);
  assertEquals(found(index, id(3), ["y"]), undefined);
  assertEquals(found(index, id(4, "zzzz"), ["y"]), [4, [5]]);
});

Deno.test("PageIndex keeps a large entry in a page of its own, and lists each of its streams once", () => {
  const index = list([1]);
  const streams = Array.from({ length: 1_000 }, (_, i) => `stream/${i % 10}`);
  index.add({ afterId: id(1), id: id(2), length: 5_000, streams });
  index.add({ afterId: id(2), id: id(3), length: 1, streams: ["x"] });
  assertEquals([index.size, found(index, id(1))], [3, [1, [2]]]);
  assertEquals(found(index, id(1), ["stream/9"]), [1, [2]]);
  assertEquals(found(index, id(1), ["stream/10"]), [3, undefined]);
});

Deno.test("PageIndex.drop() removes the oldest entries, and ignores entries that it never listed", () => {
  const index = list([2, 3, 4, 5, 6]);
  index.drop([id(1, "zzzz"), id(2), id(2)]);
  assertEquals(found(index, id(0, "0000")), undefined);
  assertEquals(found(index, id(2)), [2, [3]]);
  index.drop([id(3), id(4)]);
  assertEquals([index.size, found(index, id(2)), found(index, id(4))], [2, undefined, [4, [5]]]);
  index.drop([id(5), id(6), id(7)]);
  assertEquals([index.size, found(index, id(5))], [0, undefined]);
});
