import { assertThrows } from "@std/assert";
import { openSqliteLog } from "../../lib/log/sqlite.ts";
import { testLog } from "./contract.ts";
import { sqlite } from "./places.ts";

testLog(sqlite);

Deno.test("openSqliteLog() names a path that is missing", () => {
  const open = () => openSqliteLog({} as { path: string });
  assertThrows(open, TypeError, "Cannot open log: expected the path of a file");
});
