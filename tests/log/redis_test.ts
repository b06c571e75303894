import { testLog } from "./contract.ts";
import { redis } from "./places.ts";

testLog(redis);
