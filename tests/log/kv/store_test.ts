import { assert, assertEquals } from "@std/assert";
import { encodeItem, type StoredEntry } from "../../../lib/log/entries.ts";
import { PLACE_LENGTH } from "../../../lib/log/kv/places.ts";
import { KvStore } from "../../../lib/log/kv/store.ts";
import { macrotask } from "../../wait.ts";
import { kv } from "../places.ts";

Deno.test({
  name: "KvStore.next() reads once for each call that begins after everything was read",
  ignore: kv.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const store = new KvStore({ path: `${folder}/hub.sqlite` });
    const epoch = await store.open();
    let floor = "0".repeat(PLACE_LENGTH);
    await store.next(floor, 100, false);
    using reads = countReads();
    let calls = 0;
    for (let number = 1; number <= 3; number++) {
      let page: StoredEntry[] = [];
      let isWritten = false;
      // A wait that ends for an earlier ring brings nothing.
      for (; page.length === 0; calls++) {
        const waiting = store.next(floor, 100, true);
        if (!isWritten) {
          await store.write([encodeItem("s", { data: "" })], { epoch, floor, number });
        }
        isWritten = true;
        page = await waiting;
      }
      floor = page.at(-1)!.place;
    }
    assertEquals(reads.count, calls);
    await store.close();
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "KvStore.next() reads on at once after a full page",
  ignore: kv.ignore,
  async fn() {
    const store = new KvStore({ path: ":memory:" });
    const epoch = await store.open();
    let floor = "0".repeat(PLACE_LENGTH);
    const places: string[] = [];
    for (let number = 0; number < 3; number++) {
      const [placed] = await store.write([encodeItem("s")], { epoch, floor, number });
      places.push(placed!.place);
      floor = placed!.place;
    }
    const found: string[] = [];
    for (let from = "0".repeat(PLACE_LENGTH); found.length < 3; from = found.at(-1)!) {
      found.push(...(await store.next(from, 1, true)).map(({ place }) => place));
    }
    assertEquals(found, places);
    await store.close();
  },
});

/** Counts the ranges that are read from any KV store, until it is disposed. */
function countReads() {
  const { list } = Deno.Kv.prototype;
  const reads = {
    count: 0,
    [Symbol.dispose]() {
      Deno.Kv.prototype.list = list;
    },
  };
  Deno.Kv.prototype.list = function <T>(...args: Parameters<Deno.Kv["list"]>) {
    reads.count++;
    return list.apply(this, args) as Deno.KvListIterator<T>;
  };
  return reads;
}

Deno.test({
  name: "KvStore.close() may come at any moment of open(), and twice",
  ignore: kv.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    for (let turns = 0; turns < 60; turns++) {
      const store = new KvStore({ path: `${folder}/hub.sqlite` });
      const opening = store.open().then(() => "open", () => "refused");
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      if (turns % 3 === 0) await macrotask();
      await store.close();
      assert(["open", "refused"].includes(await opening));
      await store.close();
    }
    await Deno.remove(folder, { recursive: true });
  },
});
