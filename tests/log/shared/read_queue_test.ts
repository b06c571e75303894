import { assertEquals, assertRejects } from "@std/assert";
import { ReadQueue } from "../../../lib/log/shared/read_queue.ts";
import { macrotask } from "../../wait.ts";

/** A queue whose reads end when the test ends them, and the keys of the started reads. */
function setUp() {
  const queue = new ReadQueue<string>();
  const started: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  const run = (key: string, signal?: AbortSignal) =>
    queue.run(key, () => {
      started.push(key);
      ends.set(key, Promise.withResolvers());
      return ends.get(key)!.promise;
    }, signal);
  const end = async (key: string) => {
    ends.get(key)!.resolve(`text of ${key}`);
    await macrotask();
  };
  return { queue, run, end, ends, started };
}

Deno.test("ReadQueue runs four reads at a time, in the order of the calls", async () => {
  const { queue, run, end, started } = setUp();
  const all = Promise.all(["a", "b", "c", "d", "e", "f"].map((key) => run(key)));
  assertEquals([started.join(""), queue.size], ["abcd", 2]);
  await end("c");
  assertEquals(started.join(""), "abcde");
  for (const key of ["a", "b", "d", "f", "e"]) await end(key);
  assertEquals((await all).join(), "abcdef".split("").map((key) => `text of ${key}`).join());
  assertEquals(queue.size, 0);
});

Deno.test("ReadQueue reads once for all callers with the same key, until the read has ended", async () => {
  const { run, end, ends, started } = setUp();
  const both = [run("a"), run("a")];
  await end("a");
  assertEquals(await Promise.all(both), ["text of a", "text of a"]);
  const failing = [run("a"), run("a")];
  ends.get("a")!.reject(new Error("disk full"));
  for (const reading of failing) await assertRejects(() => reading, Error, "disk full");
  assertEquals(started, ["a", "a"]);
});

Deno.test("ReadQueue skips a read that all its callers have left", async () => {
  const { run, end, started } = setUp();
  const reading = ["a", "b", "c", "d"].map((key) => run(key));
  const [one, other] = [new AbortController(), new AbortController()];
  const left = Promise.allSettled([run("left", one.signal), run("left", other.signal)]);
  const kept = Promise.all([run("kept", one.signal), run("kept")]);
  for (const leaving of [one, other]) leaving.abort();
  for (const key of ["a", "b", "c", "d", "kept"]) await end(key);
  assertEquals((await left).map(({ status }) => status), ["rejected", "rejected"]);
  assertEquals(await kept, ["text of kept", "text of kept"]);
  await Promise.all(reading);
  assertEquals(started.join(), "a,b,c,d,kept");
});

Deno.test("ReadQueue goes on after a read that throws at once", async () => {
  const queue = new ReadQueue<number>();
  const fail = () => {
    throw new Error("unreachable");
  };
  const failing = Promise.allSettled(Array.from({ length: 10 }, (_, i) => queue.run(`${i}`, fail)));
  assertEquals(await queue.run("next", () => Promise.resolve(1)), 1);
  assertEquals((await failing).filter(({ status }) => status === "rejected").length, 10);
  assertEquals(queue.size, 0);
});

Deno.test("ReadQueue refuses a read while 1 024 reads are waiting, not counting reads that were left", async () => {
  const { queue, run, ends } = setUp();
  const leaving = new AbortController();
  const all = Promise.allSettled(
    Array.from({ length: 1_028 }, (_, i) => run(`${i}`, i < 10 ? leaving.signal : undefined)),
  );
  const { name } = await assertRejects(
    () => run("more"),
    DOMException,
    "1024 reads are waiting already",
  );
  assertEquals([name, queue.size], ["QuotaExceededError", 1_024]);
  // A waiting read can still be joined.
  const joined = run("1027");
  leaving.abort();
  const next = run("more");
  assertEquals(queue.size, 1_019);
  while (ends.size < 1_023) {
    for (const [key, { resolve }] of ends) resolve(key);
    await macrotask();
  }
  for (const [key, { resolve }] of ends) resolve(key);
  assertEquals([await joined, await next], ["1027", "more"]);
  const isDropped = (await all).map(({ status }) => status === "rejected");
  // The first four reads had started.
  assertEquals([isDropped.indexOf(true), isDropped.lastIndexOf(true)], [4, 9]);
});
