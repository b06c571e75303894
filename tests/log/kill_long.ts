import { assertLess } from "@std/assert";
import { lacks } from "../program.ts";
import { killWithKv, killWithRedis, killWithSqlite } from "./kill.ts";
import { kv, redis, sqlite } from "./places.ts";

const TIMES = 10;
const SEED = 20_261_124;

const KINDS = [[kv, killWithKv], [sqlite, killWithSqlite], [redis, killWithRedis]] as const;

for (const [{ name, ignore }, kill] of KINDS) {
  Deno.test({
    name: `a server with ${name} that is killed ${TIMES} times loses and repeats no event`,
    ignore: ignore || await lacks("net", "run"),
    async fn() {
      const { acknowledged, cutOff } = await kill(TIMES, SEED);
      assertLess(100, acknowledged);
      assertLess(0, cutOff);
    },
  });
}
