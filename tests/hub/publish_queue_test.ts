import { assertEquals, assertRejects } from "@std/assert";
import { HubError } from "../../lib/hub/hub_error.ts";
import { PublishQueue, type PublishQueueOptions } from "../../lib/hub/publish_queue.ts";
import { macrotask } from "../wait.ts";

type Publish = PublishQueueOptions["publish"];

/** A queue, and the batches that it has published: their streams and data. */
function recorded(publish?: Publish) {
  const batches: string[] = [];
  const failures: unknown[] = [];
  const queue = new PublishQueue({
    publish: (stream, events) => {
      const publishing = publish?.(stream, events) ?? Promise.resolve({ id: events.at(-1)!.data! });
      const data = events.map(({ data }) => data).join();
      return publishing.finally(() => batches.push(`${stream} ${data}`));
    },
    onFail: (error) => failures.push(error),
  });
  return { queue, batches, failures };
}

Deno.test("PublishQueue publishes what comes in one turn as one batch", async () => {
  const { queue, batches } = recorded();
  for (const data of ["1", "2", "3"]) queue.add("a", { data });
  await queue.drained();
  assertEquals([batches, queue.events, queue.id], [["a 1,2,3"], 3, "3"]);
});

Deno.test("PublishQueue publishes one batch at a time, and the next with all that came meanwhile", async () => {
  const first = Promise.withResolvers<{ id: string }>();
  const { queue, batches } = recorded((_, [event]) =>
    event!.data === "1" ? first.promise : Promise.resolve({ id: "" })
  );
  queue.add("a", { data: "1" });
  await macrotask();
  for (const data of ["2", "3"]) queue.add("a", { data });
  await macrotask();
  assertEquals(batches, []);
  first.resolve({ id: "" });
  await queue.drained();
  assertEquals(batches, ["a 1", "a 2,3"]);
});

Deno.test("PublishQueue keeps the order of events of several streams", async () => {
  const { queue, batches } = recorded();
  for (const [i, stream] of ["a", "a", "b", "a"].entries()) queue.add(stream, { data: `${i}` });
  await queue.drained();
  assertEquals(batches, ["a 0,1", "b 2", "a 3"]);
});

Deno.test("PublishQueue halves a batch that the log finds too large", async () => {
  const { queue, batches } = recorded((_, events) => {
    if (events.length > 2) throw new RangeError("too large");
    return Promise.resolve({ id: "" });
  });
  for (const data of ["1", "2", "3", "4", "5"]) queue.add("a", { data });
  await queue.drained();
  assertEquals([batches, queue.events], [["a 1,2", "a 3", "a 4,5"], 5]);
});

Deno.test("PublishQueue publishes nothing after an event that is refused, and says its line", async () => {
  const { queue, batches, failures } = recorded((stream) => {
    if (stream === "b") throw new HubError("ended", "it has ended");
    return Promise.resolve({ id: "" });
  });
  for (const [i, stream] of ["a", "b", "c"].entries()) queue.add(stream, { data: "" }, i + 1);
  await assertRejects(() => queue.drained(), HubError, "it has ended");
  assertEquals([batches, queue.events, queue.failedLine, failures.length], [["a "], 1, 2, 1]);
});

Deno.test("PublishQueue is full at a thousand events, or at 64 KiB", () => {
  const { queue } = recorded();
  for (let i = 0; i < 999; i++) queue.add("a", { data: "" });
  assertEquals(queue.isFull, false);
  queue.add("a", { data: "" });
  assertEquals(queue.isFull, true);
  const { queue: other } = recorded();
  other.add("a", { data: "x".repeat(65_536) });
  assertEquals(other.isFull, true);
});
