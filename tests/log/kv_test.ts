import { assertEquals } from "@std/assert";
import { openKvLog } from "../../lib/log/kv.ts";
import { OpenLog, testLog } from "./contract.ts";
import { kv } from "./places.ts";

testLog(kv);

Deno.test({
  name:
    "openKvLog() makes its folders and files so that nobody else can read them, and leaves others",
  ignore: kv.ignore || Deno.build.os === "windows",
  async fn() {
    const root = await Deno.makeTempDir();
    const mode = async (path: string) => (await Deno.stat(`${root}/${path}`)).mode! & 0o777;
    await using log = await OpenLog.open(openKvLog({ path: `${root}/a/b/hub.sqlite` }));
    await log.log.append("x", [{ data: "x" }]);
    for (const path of ["a", "a/b"]) assertEquals(await mode(path), 0o700, path);
    const files = Array.from(Deno.readDirSync(`${root}/a/b`), ({ name }) => name).sort();
    assertEquals(files, ["hub.sqlite", "hub.sqlite-shm", "hub.sqlite-wal"]);
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
