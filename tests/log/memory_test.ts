import { MemoryLog } from "../../lib/log/memory.ts";
import { testLog } from "./contract.ts";

testLog({
  name: "MemoryLog",
  isShared: false,
  isDurable: false,
  ignore: false,
  place: () => ({
    open: () => new MemoryLog(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
});
