import { assert, assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { openKvLog } from "../../lib/log/kv.ts";
import { soon } from "../wait.ts";
import { OpenLog, testLog } from "./contract.ts";
import { kv } from "./places.ts";

testLog(kv);

Deno.test({
  name: "openKvLog() creates private folders and files, and leaves the modes of existing ones",
  ignore: kv.ignore || Deno.build.os === "windows",
  async fn() {
    const root = await Deno.makeTempDir();
    const mode = async (path: string) => (await Deno.stat(`${root}/${path}`)).mode! & 0o777;
    await using log = await OpenLog.open(openKvLog({ path: `${root}/a/b/hub.sqlite` }));
    await log.log.append("x", [{ data: "x" }]);
    for (const path of ["a", "a/b"]) assertEquals(await mode(path), 0o700, path);
    const files = Array.from(Deno.readDirSync(`${root}/a/b`), ({ name }) => name).sort();
    assertEquals(files, ["", "-bell", "-reserve", "-shm", "-wal"].map((end) => `hub.sqlite${end}`));
    for (const file of files) assertEquals(await mode(`a/b/${file}`), 0o600, file);
    await Deno.mkdir(`${root}/c`);
    await Deno.chmod(`${root}/c`, 0o750);
    await Deno.writeFile(`${root}/c/hub.sqlite`, new Uint8Array());
    await Deno.chmod(`${root}/c/hub.sqlite`, 0o640);
    await using other = await OpenLog.open(openKvLog({ path: `${root}/c/hub.sqlite` }));
    assertEquals([await mode("c"), await mode("c/hub.sqlite"), other.entries], [0o750, 0o640, []]);
    await log.log.close();
    await other.log.close();
    await Deno.remove(root, { recursive: true });
  },
});

Deno.test({
  name: "openKvLog() rejects no publish while another process locks the file for 6 seconds",
  ignore: kv.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    await using log = await OpenLog.open(openKvLog({ path: `${folder}/hub.sqlite` }));
    const other = new DatabaseSync(`${folder}/hub.sqlite`);
    other.exec("BEGIN IMMEDIATE");
    const appending = log.log.append("x", [{ data: "1" }]);
    // SQLite itself waits for 5 seconds.
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    other.exec("ROLLBACK");
    other.close();
    await appending;
    assertEquals([await log.delivered(1), log.changes], [["x 1"], []]);
    await log.log.close();
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "openKvLog() gives all hubs that open a new file at once the same epoch",
  ignore: kv.ignore,
  async fn() {
    for (let i = 0; i < 10; i++) {
      const folder = await Deno.makeTempDir();
      const logs = await Promise.all(
        Array.from({ length: 8 }, () => OpenLog.open(openKvLog({ path: `${folder}/hub.sqlite` }))),
      );
      const { id } = await logs[0]!.log.append("x", [{ data: "1" }]);
      for (const { log } of logs) assert(log.hasId(id));
      await Promise.all(logs.map(({ log }) => log.close()));
      await Deno.remove(folder, { recursive: true });
    }
  },
});

for (const replace of [Deno.remove, (path: string) => Deno.rename(`${path}-other`, path)]) {
  Deno.test({
    name: `openKvLog() reports that its file was ${
      replace === Deno.remove ? "removed" : "replaced"
    }`,
    ignore: kv.ignore || Deno.build.os === "windows",
    async fn() {
      const folder = await Deno.makeTempDir();
      const path = `${folder}/hub.sqlite`;
      await Deno.writeTextFile(`${path}-other`, "");
      const log = openKvLog({ path });
      const { promise, resolve } = Promise.withResolvers<string>();
      await log.open({
        deliver() {},
        lost() {},
        reset() {},
        changed: (isUp, reason) => resolve(`${isUp} ${reason}`),
      });
      await replace(path);
      assertMatch(
        await soon(promise, () => "a word"),
        /^false .*hub\.sqlite" was removed or replaced/,
      );
      await log.close();
      await Deno.remove(folder, { recursive: true });
    },
  });
}
