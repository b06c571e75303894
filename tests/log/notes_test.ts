import { assert, assertEquals } from "@std/assert";
import type { Notes } from "../../lib/log/notes.ts";
import { type LogKind, OpenLog } from "./contract.ts";
import { kv, redis, sqlite } from "./places.ts";

for (const kind of [kv, sqlite, redis]) testNotes(kind);

async function texts(notes: Notes, place = ""): Promise<string[]> {
  return (await notes.after("disconnects", place)).map(({ text }) => text);
}

function testNotes(kind: LogKind): void {
  Deno.test({
    name: `the notes of ${kind.name} are read by every hub, in order, and are no entries`,
    ignore: kind.ignore,
    async fn() {
      await using place = await kind.place();
      await using a = await OpenLog.open(place.open());
      await using b = await OpenLog.open(place.open());
      for (const text of ["1", "2", "3"]) await a.log.notes!.add("disconnects", text);
      await b.log.notes!.add("instances", "other");
      assertEquals(await texts(b.log.notes!), ["1", "2", "3"]);
      const [first, second] = await b.log.notes!.after("disconnects", "");
      assert(first!.place < second!.place && first!.ageMs < 60_000);
      assertEquals(await texts(b.log.notes!, second!.place), ["3"]);
      await using later = await OpenLog.open(place.open());
      assertEquals(await texts(later.log.notes!), ["1", "2", "3"]);
      assertEquals([a.entries, b.entries, later.entries], [[], [], []]);
    },
  });

  Deno.test({
    name: `the notes of ${kind.name} are bounded: the oldest are dropped`,
    ignore: kind.ignore,
    async fn() {
      await using place = await kind.place();
      await using open = await OpenLog.open(place.open());
      const { notes } = open.log;
      for (let i = 0; i < 510; i++) await notes!.add("instances", `${i}`);
      const kept = await notes!.after("instances", "");
      assertEquals([kept.length, kept[0]!.text, kept.at(-1)!.text], [500, "10", "509"]);
    },
  });
}
