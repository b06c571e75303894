import { assertEquals } from "@std/assert";
import { LogProgress } from "../../lib/hub/log_progress.ts";

/** A log's progress, and the calls to its waiters for three ids. One waiter has no `onFail`. */
function waitForThree() {
  const progress = new LogProgress(() => "e-0");
  const told: string[] = [];
  const wait = (id: string) =>
    progress.whenReached(id, {
      onReach: () => told.push(`${id} reached`),
      onFail: (failure) => told.push(`${id} ${failure}`),
    });
  wait("e-1");
  wait("e-2");
  progress.whenReached("e-3", { onReach: () => told.push("e-3 reached") });
  return { progress, told, wait };
}

Deno.test("LogProgress calls a waiter at the end of the turn, and at once if the id is already reached", async () => {
  const { progress, told, wait } = waitForThree();
  progress.reach("e-1");
  assertEquals(told, []);
  await Promise.resolve();
  assertEquals(told, ["e-1 reached"]);
  wait("e-1");
  assertEquals(told, ["e-1 reached", "e-1 reached"]);
});

Deno.test("LogProgress.lose() fails the waiters through an id, each once", async () => {
  const { progress, told } = waitForThree();
  progress.lose("e-1");
  progress.reach("e-3");
  await Promise.resolve();
  assertEquals(told, ["e-1 lost", "e-2 reached", "e-3 reached"]);
});

Deno.test("LogProgress.giveUp() fails waiters with onFail, and the others wait on", async () => {
  const { progress, told } = waitForThree();
  progress.giveUp(new Error("cable pulled"));
  assertEquals(told, ["e-1 unreachable", "e-2 unreachable"]);
  progress.reach("e-3");
  await Promise.resolve();
  assertEquals(told.slice(2), ["e-3 reached"]);
});

Deno.test("LogProgress.reset() fails waiters with onFail, calls onReach of the others, and begins anew", () => {
  const { progress, told } = waitForThree();
  progress.reach("e-0");
  progress.reset();
  assertEquals([told, progress.headId], [["e-1 lost", "e-2 lost", "e-3 reached"], "e-0"]);
});

Deno.test("LogProgress.whenReached() returns a function that cancels the wait", async () => {
  const { progress, told, wait } = waitForThree();
  progress.release();
  wait("e-9")();
  progress.reach("e-9");
  await Promise.resolve();
  assertEquals(told, ["e-1 reached", "e-2 reached", "e-3 reached"]);
});
