import { assertEquals, assertLess } from "@std/assert";
import { lacks } from "../program.ts";
import { complaintsOf, type RedisKind, runFaults } from "./faults.ts";
import { redis } from "./places.ts";

const MS = 25_000;
const SEED = 20_261_126;

for (const kind of ["durable", "forgetful"] satisfies RedisKind[]) {
  Deno.test({
    name: `three servers with random faults of a ${kind} Redis lose and repeat nothing in silence`,
    ignore: redis.ignore || await lacks("net", "run"),
    async fn() {
      const report = await runFaults(kind, MS, SEED);
      // So few gaps show no share of needless ones.
      assertEquals(complaintsOf({ ...report, needless: [] }), []);
      assertLess(100, report.acknowledged);
    },
  });
}
