import { assert, assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openKvLog } from "../../lib/log/kv.ts";
import { openSqliteLog } from "../../lib/log/sqlite.ts";
import type { EventLog } from "../../lib/log/event_log.ts";
import { soon } from "../wait.ts";
import { OpenLog } from "./contract.ts";
import { kv, sqlite } from "./places.ts";

/** A log in a file. */
interface FileLog {
  readonly name: string;
  readonly ignore: boolean;
  readonly open: (path: string) => EventLog;
  /** The ends of the names of all its files. */
  readonly files: readonly string[];
  /** For how long another process locks the file; SQLite itself waits for Deno KV for 5 seconds. */
  readonly lockedMs: number;
}

const LOGS: readonly FileLog[] = [
  {
    name: "openKvLog()",
    ignore: kv.ignore,
    open: (path) => openKvLog({ path }),
    files: ["", "-bell", "-reserve", "-shm", "-wal"],
    lockedMs: 6_000,
  },
  {
    name: "openSqliteLog()",
    ignore: sqlite.ignore,
    open: (path) => openSqliteLog({ path }),
    files: ["", "-shm", "-wal"],
    lockedMs: 1_000,
  },
];

const isWindows = Deno.build.os === "windows";

for (const { name, ignore, open, files, lockedMs } of LOGS) {
  Deno.test({
    name: `${name} creates private folders and files, and leaves the modes of existing ones`,
    ignore: ignore || isWindows,
    async fn() {
      const root = await Deno.makeTempDir();
      const mode = async (path: string) => (await Deno.stat(`${root}/${path}`)).mode! & 0o777;
      await using log = await OpenLog.open(open(`${root}/a/b/hub`));
      await log.log.append("x", [{ data: "x" }]);
      for (const path of ["a", "a/b"]) assertEquals(await mode(path), 0o700, path);
      const found = Array.from(Deno.readDirSync(`${root}/a/b`), ({ name }) => name).sort();
      assertEquals(found, files.map((end) => `hub${end}`));
      for (const file of found) assertEquals(await mode(`a/b/${file}`), 0o600, file);
      await Deno.mkdir(`${root}/c`);
      await Deno.chmod(`${root}/c`, 0o750);
      await Deno.writeFile(`${root}/c/hub`, new Uint8Array());
      await Deno.chmod(`${root}/c/hub`, 0o640);
      await using other = await OpenLog.open(open(`${root}/c/hub`));
      assertEquals([await mode("c"), await mode("c/hub"), other.entries], [0o750, 0o640, []]);
      await log.log.close();
      await other.log.close();
      await Deno.remove(root, { recursive: true });
    },
  });

  Deno.test({
    name: `${name} rejects no publish while another process locks the file for ${lockedMs} ms`,
    ignore,
    async fn() {
      const folder = await Deno.makeTempDir();
      await using log = await OpenLog.open(open(`${folder}/hub`));
      const other = new DatabaseSync(`${folder}/hub`);
      other.exec("BEGIN IMMEDIATE");
      const appending = log.log.append("x", [{ data: "1" }]);
      await new Promise((resolve) => setTimeout(resolve, lockedMs));
      other.exec("ROLLBACK");
      other.close();
      await appending;
      assertEquals([await log.delivered(1), log.changes], [["x 1"], []]);
      await log.log.close();
      await Deno.remove(folder, { recursive: true });
    },
  });

  Deno.test({
    name: `${name} gives all hubs that open a new file at once the same epoch`,
    ignore,
    async fn() {
      for (let i = 0; i < 10; i++) {
        const folder = await Deno.makeTempDir();
        const logs = await Promise.all(
          Array.from({ length: 8 }, () => OpenLog.open(open(`${folder}/hub`))),
        );
        const { id } = await logs[0]!.log.append("x", [{ data: "1" }]);
        for (const { log } of logs) assert(log.hasId(id));
        await Promise.all(logs.map(({ log }) => log.close()));
        await Deno.remove(folder, { recursive: true });
      }
    },
  });

  for (const replace of [Deno.remove, (path: string) => Deno.rename(`${path}-other`, path)]) {
    const what = replace === Deno.remove ? "removed" : "replaced";
    Deno.test({
      name: `${name} reports that its file was ${what}`,
      ignore: ignore || isWindows,
      async fn() {
        const folder = await Deno.makeTempDir();
        const path = `${folder}/hub`;
        await Deno.writeTextFile(`${path}-other`, "");
        const log = open(path);
        const { promise, resolve } = Promise.withResolvers<string>();
        await log.open({
          deliver() {},
          lost() {},
          reset() {},
          changed: (isUp, reason) => resolve(`${isUp} ${reason}`),
        });
        await replace(path);
        const said = await soon(promise, () => "a word");
        assertMatch(said, /^false .*hub" was removed or replaced/);
        await log.close();
        await Deno.remove(folder, { recursive: true });
      },
    });
  }
}
