import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openSqliteLog } from "../../lib/log/sqlite.ts";
import { soon } from "../wait.ts";
import { OpenLog, testLog } from "./contract.ts";
import { sqlite } from "./places.ts";

testLog(sqlite);

Deno.test({
  name: "openSqliteLog() creates private folders and files",
  ignore: sqlite.ignore || Deno.build.os === "windows",
  async fn() {
    const root = await Deno.makeTempDir();
    const mode = async (path: string) => (await Deno.stat(`${root}/${path}`)).mode! & 0o777;
    await using log = await OpenLog.open(openSqliteLog({ path: `${root}/a/b/hub.db` }));
    await log.log.append("x", [{ data: "x" }]);
    for (const path of ["a", "a/b"]) assertEquals(await mode(path), 0o700, path);
    for (const end of ["", "-shm", "-wal"]) assertEquals(await mode(`a/b/hub.db${end}`), 0o600);
    await log.log.close();
    await Deno.remove(root, { recursive: true });
  },
});

Deno.test({
  name: "openSqliteLog() rejects no publish while another process locks the file for a second",
  ignore: sqlite.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    await using log = await OpenLog.open(openSqliteLog({ path: `${folder}/hub.db` }));
    const other = new DatabaseSync(`${folder}/hub.db`);
    other.exec("BEGIN IMMEDIATE");
    const appending = log.log.append("x", [{ data: "1" }]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    other.exec("ROLLBACK");
    other.close();
    await appending;
    assertEquals([await log.delivered(1), log.changes], [["x 1"], []]);
    await log.log.close();
    await Deno.remove(folder, { recursive: true });
  },
});

for (const replace of [Deno.remove, (path: string) => Deno.rename(`${path}-other`, path)]) {
  const what = replace === Deno.remove ? "removed" : "replaced";
  Deno.test({
    name: `openSqliteLog() reports that its file was ${what}`,
    ignore: sqlite.ignore || Deno.build.os === "windows",
    async fn() {
      const folder = await Deno.makeTempDir();
      const path = `${folder}/hub.db`;
      await Deno.writeTextFile(`${path}-other`, "");
      const log = openSqliteLog({ path });
      const { promise, resolve } = Promise.withResolvers<string>();
      await log.open({
        deliver() {},
        lost() {},
        reset() {},
        changed: (isUp, reason) => resolve(`${isUp} ${reason}`),
      });
      await replace(path);
      assertMatch(await soon(promise, () => "a word"), /^false .*hub\.db" was removed or replaced/);
      await log.close();
      await Deno.remove(folder, { recursive: true });
    },
  });
}

Deno.test("openSqliteLog() names a path that is missing", () => {
  const open = () => openSqliteLog({} as { path: string });
  assertThrows(open, TypeError, "Cannot open log: expected the path of a file");
});
