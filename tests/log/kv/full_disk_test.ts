import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { BroadcastHub } from "../../../lib/hub/hub.ts";
import { openKvLog } from "../../../lib/log/kv.ts";
import { lacks } from "../../program.ts";
import { until } from "../../wait.ts";
import { kv } from "../places.ts";
import { ResumingClient } from "../resuming_client.ts";

/** A file system in memory, which only the superuser of Linux can mount. */
class SmallDisk implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync();

  static async mount(megabytes: number): Promise<SmallDisk> {
    const disk = new SmallDisk();
    const size = `size=${megabytes}m`;
    assert(await run("mount", "-t", "tmpfs", "-o", size, "tmpfs", disk.path));
    return disk;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
    await Deno.remove(this.path);
  }
}

const isMissing = kv.ignore || await lacks("run") || !await canMount();

async function canMount(): Promise<boolean> {
  const path = Deno.makeTempDirSync();
  const isMounted = await run("mount", "-t", "tmpfs", "tmpfs", path);
  if (isMounted) await run("umount", path);
  await Deno.remove(path);
  return isMounted;
}

async function run(command: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args, stderr: "null" }).output()).success;
  } catch {
    // The program is not installed.
    return false;
  }
}

Deno.test({
  name: "a hub whose disk is full goes on once its entries are too old, again and again",
  ignore: isMissing,
  async fn() {
    // The reserve takes 8 MB, once 16 MB have been free.
    await using disk = await SmallDisk.mount(18);
    const changes: string[] = [];
    await using hub = new BroadcastHub({
      log: openKvLog({ path: `${disk.path}/hub.sqlite`, maxAgeMs: 1_000 }),
      onLogChange: (isUp, reason) => changes.push(isUp ? "back" : `${reason}`),
    });
    await hub.ready;
    await using client = new ResumingClient((request) => hub.subscribe(request), "stream=x");
    await client.connected();
    let published = 0;
    for (const times of [1, 2]) {
      while (hub.isLogUp) {
        await hub.publish("x", { data: `${published} ${"x".repeat(60_000)}` }).then(
          () => published++,
          (error) => assertMatch(`${error}`, /its disk is full/),
        );
      }
      await assertRejects(async () => await hub.publish("x", { data: "" }));
      await until(() => hub.isLogUp);
      assertEquals(changes.filter((change) => change === "back").length, times);
    }
    await hub.publish("x", { data: "last" });
    await until(() => client.data.at(-1) === "last");
    const numbers = client.data.slice(0, -1).map((data) => Number(data.split(" ")[0]));
    assertEquals(numbers, Array.from({ length: published }, (_, i) => i));
    assertEquals([client.connections, client.marks], [1, []]);
  },
});

Deno.test({
  name: "a hub survives a full disk at the time when publishers' keys become too old",
  ignore: isMissing,
  async fn() {
    // Too small for a reserve.
    await using disk = await SmallDisk.mount(4);
    const open = () => openKvLog({ path: `${disk.path}/hub.sqlite`, maxAgeMs: 1_000 });
    {
      await using hub = new BroadcastHub({ log: open() });
      await hub.ready;
      for (let i = 0; i < 100; i++) await hub.publish("x", { id: `${i}`, data: "x" });
    }
    const { promise: trimFailed, resolve } = Promise.withResolvers<unknown>();
    // Deno deletes expired keys when a file is opened, and then once a minute.
    await using hub = new BroadcastHub({ log: open(), onError: resolve });
    await hub.ready;
    // tmpfs writes as much as fits.
    await Deno.writeFile(`${disk.path}/other`, new Uint8Array(4_194_304)).catch(() => {});
    assertMatch(`${await trimFailed}`, /disk is full/);
    await Deno.remove(`${disk.path}/other`);
    await until(() => hub.isLogUp);
    await hub.publish("x", { id: "new", data: "x" });
    assertEquals(hub.stream("x")?.published, 101);
  },
});
