import { assert, assertEquals } from "@std/assert";
import { openRedisLog } from "../../lib/log/redis.ts";
import { RedisClock } from "../../lib/log/redis/clock.ts";
import { SharedLog } from "../../lib/log/shared_log.ts";
import { until } from "../wait.ts";
import { OpenLog } from "./contract.ts";
import { ListStore, SharedList } from "./list_store.ts";
import { redis } from "./places.ts";
import { RedisServer } from "./redis_server.ts";

const HOUR_MS = 3_600_000;
const TICK_MS = 5;

/** Sets the wall clock of this process ahead, until disposed. */
class MovedClock implements Disposable {
  readonly #now = Date.now;

  constructor(aheadMs: number) {
    Date.now = () => this.#now() + aheadMs;
  }

  [Symbol.dispose](): void {
    Date.now = this.#now;
  }
}

for (const hours of [-2, 2]) {
  Deno.test(`SharedLog measures age by its store's clock, which is ${hours} hours ahead`, async () => {
    const list = new SharedList();
    list.aheadMs = hours * HOUR_MS;
    const options = { maxEntries: 3, maxAgeMs: HOUR_MS };
    const open = () =>
      OpenLog.open(new SharedLog(new ListStore(list), options, undefined, TICK_MS));
    await using a = await open();
    for (const data of ["1", "2", "3", "4"]) await a.log.append("x", [{ data }]);
    await until(() => list.entries.length < 4);
    await using b = await open();
    const { entries } = await b.log.read!(b.log.startId);
    assertEquals([b.entries.length, entries.length], [3, 3]);
    for (const { ageMs } of [...a.entries, ...b.entries, ...entries]) assert(ageMs < 60_000);
    list.aheadMs += HOUR_MS + 60_000;
    await until(() => list.entries.length === 0);
  });

  Deno.test({
    name: `openRedisLog() measures age by the clock of Redis if its own is ${hours} hours ahead`,
    ignore: redis.ignore,
    async fn() {
      await using server = await RedisServer.start();
      using _ = new MovedClock(hours * HOUR_MS);
      const open = (maxAgeMs: number) =>
        OpenLog.open(openRedisLog({ url: server.url, maxEntries: 3, maxAgeMs }));
      const length = async () => Number((await server.command("XLEN", "sse-hub")).slice(1));
      await using a = await open(HOUR_MS);
      for (const data of ["1", "2", "3", "4"]) await a.log.append("x", [{ data }]);
      await until(async () => await length() < 4);
      assertEquals(await length(), 3);
      await using b = await open(1_000);
      const { entries } = await b.log.read!(b.log.startId);
      assertEquals([b.entries.length, entries.length], [3, 3]);
      for (const { ageMs } of [...a.entries, ...b.entries, ...entries]) assert(ageMs < 60_000);
      await until(async () => await length() === 0);
    },
  });
}

Deno.test("RedisClock counts on from the last answer of Redis, whatever this machine's clock is set to", () => {
  const clock = new RedisClock();
  clock.note(["1000", "500000"]);
  using _ = new MovedClock(HOUR_MS);
  assert(clock.nowMs >= 1_000_500 && clock.nowMs < 1_060_500, `${clock.nowMs}`);
  clock.note(["999", "0"]);
  assert(clock.nowMs >= 999_000 && clock.nowMs < 1_000_500, `${clock.nowMs}`);
});
