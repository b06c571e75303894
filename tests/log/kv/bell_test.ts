import { assertEquals } from "@std/assert";
import { KvBell } from "../../../lib/log/kv/bell.ts";
import { FileBell } from "../../../lib/log/kv/file_bell.ts";
import { lacks } from "../../program.ts";
import { macrotask, soon } from "../../wait.ts";
import { kv } from "../places.ts";

Deno.test({
  name: "FileBell rings for every process that watches its file, until it is closed",
  ignore: kv.ignore,
  async fn() {
    const folder = await Deno.makeTempDir();
    const heard = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const open = (onRing: () => void) => FileBell.open(`${folder}/bell`, onRing);
    const bells = [await open(heard[0]!.resolve), await open(heard[1]!.resolve)];
    bells[0]!.ring();
    await soon(Promise.all(heard.map(({ promise }) => promise)), () => "the bell");
    assertEquals(bells.map((bell) => bell!.isHeard), [true, true]);
    for (const bell of bells) await bell!.close();
    assertEquals(bells.map((bell) => bell!.isHeard), [false, false]);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name:
    "FileBell.open() resolves with undefined without the permission to write, and does not prompt",
  ignore: await lacks("read"),
  permissions: { read: true },
  async fn() {
    assertEquals(await FileBell.open("bell", () => {}), undefined);
  },
});

Deno.test({
  name: "KvBell.wait() resolves for an earlier ring, and only once",
  ignore: kv.ignore,
  async fn() {
    using store = await Deno.openKv(":memory:");
    const bell = new KvBell({ kv: store, key: ["bell"] });
    bell.ring();
    await soon(bell.wait(), () => "the ring");
    let isOver = false;
    const waiting = bell.wait().then(() => isOver = true);
    await macrotask();
    assertEquals(isOver, false);
    bell.ring();
    await soon(waiting, () => "the next ring");
  },
});

Deno.test({
  name: "KvBell.wait() resolves when a commit rings the key, and at once when the bell is closed",
  ignore: kv.ignore,
  async fn() {
    using store = await Deno.openKv(":memory:");
    const bell = new KvBell({ kv: store, key: ["bell"] });
    await bell.open();
    await bell.addTo(store.atomic()).commit();
    await soon(bell.wait(), () => "a ring of the key");
    const waiting = bell.wait();
    await bell.close();
    await soon(Promise.all([waiting, bell.wait(), bell.wait()]), () => "the end");
  },
});
