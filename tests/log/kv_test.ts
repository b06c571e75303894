import { testLog } from "./contract.ts";
import { kv } from "./places.ts";

testLog(kv);
