import { assertEquals, assertRejects } from "@std/assert";
import { failureOf, patiently } from "../../../lib/log/shared/contention.ts";

Deno.test("patiently() retries if the file is locked or a check has failed", async () => {
  const outcomes = [new TypeError("database is locked"), undefined, undefined, "committed"];
  let tries = 0;
  const result = await patiently(() => {
    const outcome = outcomes[tries++];
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  });
  assertEquals([result, tries], ["committed", 4]);
});

Deno.test("patiently() throws errors other than contention at once", async () => {
  for (const message of ["database or disk is full", "disk I/O error", "Bad resource ID"]) {
    let tries = 0;
    const attempt = () => Promise.reject(new TypeError(message + "".repeat(tries++)));
    await assertRejects(() => patiently(attempt), TypeError, message);
    assertEquals(tries, 1, message);
  }
});

Deno.test("failureOf() distinguishes contention, a full disk, and all other errors", () => {
  const rows = [
    [new TypeError("database is locked"), "busy"],
    [new Error("database table is locked: kv"), "busy"],
    [new Error("database schema is locked: main"), "busy"],
    [new TypeError("database or disk is full"), "full"],
    [new TypeError("attempt to write a readonly database"), "other"],
    [new Error("unable to open database file: /none/hub.sqlite"), "other"],
    ["database is locked", "other"],
    [undefined, "other"],
  ];
  for (const [error, kind] of rows) assertEquals(failureOf(error), kind, `${error}`);
});
