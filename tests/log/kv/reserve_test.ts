import { assertEquals } from "@std/assert";
import { DiskReserve, RESERVE_BYTES } from "../../../lib/log/kv/reserve.ts";
import { kv } from "../places.ts";

const test = (does: string, run: (path: string) => Promise<void>) =>
  Deno.test({
    name: `DiskReserve ${does}`,
    ignore: kv.ignore,
    async fn() {
      const folder = await Deno.makeTempDir();
      await run(`${folder}/reserve`);
      await Deno.remove(folder, { recursive: true });
    },
  });

test("is created if the disk has room, and leaves no other file", async (path) => {
  const reserve = new DiskReserve(path);
  await Promise.all([reserve.check(), new DiskReserve(path).check()]);
  assertEquals([(await Deno.stat(path)).size, reserve.hasRoom], [RESERVE_BYTES, true]);
  const names = Array.from(Deno.readDirSync(path.slice(0, -"/reserve".length)), ({ name }) => name);
  assertEquals(names, ["reserve"]);
});

test("once given up, lets every process write as many entries as were trimmed", async (path) => {
  const [one, other] = [new DiskReserve(path), new DiskReserve(path)];
  await one.check();
  await other.check();
  await one.giveUp();
  await other.check();
  for (const reserve of [one, other]) {
    const seen = [reserve.hasRoom];
    for (const dropped of [2, -1, -1, 1]) {
      reserve.note(dropped);
      seen.push(reserve.hasRoom);
    }
    assertEquals(seen, [false, true, true, false, true]);
    assertEquals(reserve.hasLastingRoom, false);
  }
  assertEquals((await Deno.stat(path)).size, 0);
});

test("is created again by the next process that starts, and then limits nothing", async (path) => {
  const reserve = new DiskReserve(path);
  await reserve.check();
  await reserve.giveUp();
  await new DiskReserve(path).check();
  assertEquals(reserve.hasRoom, false);
  await reserve.check();
  assertEquals([reserve.hasRoom, (await Deno.stat(path)).size], [true, RESERVE_BYTES]);
});

test("limits nothing if it can't be created", async (path) => {
  const reserve = new DiskReserve(`${path}/none`);
  await reserve.check();
  await reserve.giveUp();
  reserve.note(-5);
  assertEquals([reserve.hasRoom, reserve.hasLastingRoom], [true, true]);
});
