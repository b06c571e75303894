import { assertLess } from "@std/assert";
import { lacks } from "../program.ts";
import { killWithKv, killWithRedis } from "./kill.ts";
import { kv, redis } from "./places.ts";

const TIMES = 10;
const SEED = 20_261_124;

for (const [{ name, ignore }, kill] of [[kv, killWithKv], [redis, killWithRedis]] as const) {
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
