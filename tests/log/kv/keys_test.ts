import { assertEquals } from "@std/assert";
import { KvKeys } from "../../../lib/log/kv/keys.ts";
import { kv as place } from "../places.ts";

const MAX_AGE_MS = 60_000;

/** Keys in a store of their own, and a wall clock that the test sets. */
class Keys implements Disposable {
  readonly #now = Date.now;
  readonly #kv: Deno.Kv;
  readonly keys: KvKeys;
  #number = 0;

  constructor(kv: Deno.Kv) {
    this.#kv = kv;
    this.keys = new KvKeys({
      kv,
      prefix: ["keys"],
      lists: ["lists"],
      maxAgeMs: MAX_AGE_MS,
      placeOf: (stamp) => stamp,
      withReserve: (write) => write(),
    });
  }

  move(ms: number): void {
    const now = Date.now;
    Date.now = () => now() + ms;
  }

  async write(...keys: string[]): Promise<void> {
    const items = keys.map((key) => ({ text: "", key }));
    const { fresh } = await this.keys.sort(items);
    await this.keys.addTo(this.#kv.atomic(), fresh, ++this.#number).commit();
  }

  /** The number of keys and the number of lists. */
  async counts(): Promise<number[]> {
    const all = ["keys", "lists"].map((name) => Array.fromAsync(this.#kv.list({ prefix: [name] })));
    return (await Promise.all(all)).map(({ length }) => length);
  }

  [Symbol.dispose](): void {
    Date.now = this.#now;
    this.#kv.close();
  }
}

function test(does: string, run: (keys: Keys) => Promise<void>): void {
  Deno.test({
    name: `KvKeys ${does}`,
    ignore: place.ignore,
    async fn() {
      using keys = new Keys(await Deno.openKv(":memory:"));
      await run(keys);
    },
  });
}

test("deletes all keys that are too old, however many keys an entry has", async (keys) => {
  await keys.write(...Array.from({ length: 900 }, (_, i) => `old ${i}`));
  for (let i = 0; i < 100; i++) await keys.write(`x ${i}`);
  keys.move(MAX_AGE_MS + 1_000);
  await keys.write("new");
  await keys.keys.expire();
  assertEquals(await keys.counts(), [1, 1]);
});

test("keeps a key that was used again after it became too old", async (keys) => {
  await keys.write("a", "b");
  keys.move(MAX_AGE_MS + 1_000);
  await keys.write("a");
  await keys.keys.expire();
  assertEquals(await keys.counts(), [1, 1]);
  assertEquals((await keys.keys.sort([{ text: "", key: "a" }])).fresh, []);
});

test("deletes each key once, even if other processes delete keys at the same time", async (keys) => {
  for (let i = 0; i < 500; i++) await keys.write(`x ${i}`);
  keys.move(MAX_AGE_MS + 1_000);
  await Promise.all(Array.from({ length: 4 }, () => keys.keys.expire()));
  await keys.keys.expire();
  assertEquals(await keys.counts(), [0, 0]);
});
