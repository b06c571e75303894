import { assertEquals } from "@std/assert";
import type { DueEntry } from "../../../lib/log/entry_store.ts";
import { KvTrimming, type MarkNumber } from "../../../lib/log/kv/trimming.ts";
import { kv } from "../places.ts";

const PLACES = Array.from({ length: 500 }, (_, i) => `${i}`.padStart(4, "0"));

/** Entries at places, which are also their numbers. */
function entries(...places: string[]): DueEntry[] {
  return places.map((place) => ({ place, number: Number(place) }));
}

/** A store with an entry at each place, which several processes trim. */
class Store implements Disposable {
  readonly #kv: Deno.Kv;

  private constructor(store: Deno.Kv) {
    this.#kv = store;
  }

  static async open(): Promise<Store> {
    const store = new Store(await Deno.openKv(":memory:"));
    await store.put(...PLACES);
    return store;
  }

  async put(...places: string[]): Promise<void> {
    for (const place of places) await this.#kv.set(["entries", place], place);
  }

  trimming(openedAt = ""): KvTrimming {
    return new KvTrimming({
      kv: this.#kv,
      mark: ["trimmed"],
      markNumber: ["number"],
      keyOf: (place) => ["entries", place],
      placeLength: 4,
      openedAt,
      withReserve: (write) => write(),
    });
  }

  /** The mark, its number, and the places of the remaining entries. */
  async state(): Promise<[mark: string | null, number: number | undefined, places: string[]]> {
    const places: string[] = [];
    for await (const { value } of this.#kv.list<string>({ prefix: ["entries"] })) {
      places.push(value);
    }
    const [{ value: mark }, { value: numbered }] = await this.#kv
      .getMany<[string, MarkNumber]>([["trimmed"], ["number"]]);
    return [mark, numbered?.[0] === mark ? numbered?.[1] : undefined, places];
  }

  [Symbol.dispose](): void {
    this.#kv.close();
  }
}

function test(does: string, run: (store: Store) => Promise<void>): void {
  Deno.test({
    name: `KvTrimming ${does}`,
    ignore: kv.ignore,
    async fn() {
      using store = await Store.open();
      await run(store);
    },
  });
}

test("deletes all entries that any of several processes trims at once", async (store) => {
  const counts = [480, 450, 490, 470];
  await Promise.all(counts.map((count) => {
    const due = entries(...PLACES.slice(0, count));
    return store.trimming().trim(due, `${due.at(-1)!.place}0002`);
  }));
  assertEquals(await store.state(), ["04890002", 489, PLACES.slice(490)]);
});

test("skips entries that another process has trimmed", async (store) => {
  const [one, other] = [store.trimming(), store.trimming()];
  await one.trim(entries(...PLACES.slice(0, 300)), "02990001");
  await store.put("0007");
  await other.trim(entries(...PLACES.slice(0, 310)), "03090001");
  assertEquals(await store.state(), ["03090001", 309, ["0007", ...PLACES.slice(310)]]);
});

test("deletes entries that a killed process had marked but not deleted", async (store) => {
  await store.trimming().trim(entries(...PLACES.slice(0, 300)), "02990001");
  await store.put("0298", "0299");
  const next = store.trimming("02990001");
  await next.trim(entries("0298", "0299", "0300"), "03000001");
  assertEquals(await store.state(), ["03000001", 300, PLACES.slice(301)]);
});
