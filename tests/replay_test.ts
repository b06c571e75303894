import { assertEquals } from "@std/assert";
import { BroadcastHub } from "../lib/hub.ts";
import type { EventLog, LogEntry, LogPage, LogReceiver } from "../lib/log/log.ts";
import { Client, subscription } from "./client.ts";

/** A log that delivers and answers when the test says so. */
class ScriptedLog implements EventLog {
  readonly startId = "e-0";
  readonly isUp = true;
  readonly asked: string[] = [];
  #receiver: LogReceiver | undefined;
  #pages: PromiseWithResolvers<LogPage>[] = [];

  open(receiver: LogReceiver): void {
    this.#receiver = receiver;
  }

  hasId(id: string): boolean {
    return id.startsWith("e-");
  }

  append(): Promise<string> {
    return Promise.reject(new Error("Cannot append: the test delivers"));
  }

  end(): Promise<string> {
    return this.append();
  }

  read(afterId: string): Promise<LogPage> {
    this.asked.push(afterId);
    const page = Promise.withResolvers<LogPage>();
    this.#pages.push(page);
    return page.promise;
  }

  async close(): Promise<void> {}

  /** Delivers the events with these numbers, in a turn of their own. */
  async deliver(...numbers: number[]): Promise<void> {
    this.#receiver!.deliver(numbers.map((number) => entry(number)));
    await Promise.resolve();
  }

  /** Says that what came up to an event is lost. */
  lose(number: number): void {
    this.#receiver!.lost(`e-${number}`);
  }

  /** Answers the oldest of what was asked, as soon as it is. */
  async answer(entries: LogEntry[], goneThrough?: string): Promise<void> {
    while (this.#pages.length === 0) await new Promise((resolve) => setTimeout(resolve));
    this.#pages.shift()!.resolve({ entries, goneThrough });
  }
}

function entry(number: number, stream = "x"): LogEntry {
  return { id: `e-${number}`, stream, event: { data: `${number}` }, isFirst: false, ageMs: 0 };
}

/** What a client that is at event 2 of a hub that is at event 1 gets next, up to an event. */
async function seenAhead(run: (log: ScriptedLog) => unknown, last: string) {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  await log.deliver(1);
  await using client = new Client(hub.subscribe(subscription("stream=x", "e-2")));
  assertEquals((await client.take(1))[0]?.event, "hello");
  await run(log);
  const seen: string[] = [];
  while (seen.at(-1) !== last) {
    const [event] = await client.take(1);
    seen.push(event?.event === "gap" ? `gap ${event.lastEventId}` : event!.data);
  }
  return { seen, gaps: hub.stats().gaps, asked: log.asked };
}

Deno.test("a client ahead of its hub gets from the log what comes next", async () => {
  const result = await seenAhead(async (log) => {
    await log.answer([entry(3)]);
    await log.deliver(2, 3, 4);
  }, "4");
  assertEquals(result, { seen: ["3", "4"], gaps: 0, asked: ["e-2"] });
});

Deno.test("a client reads on past pages of the log that have nothing for it", async () => {
  const result = await seenAhead(async (log) => {
    await log.answer([entry(3, "y")]);
    await log.answer([entry(4, "y"), entry(5, "y")]);
    await log.answer([entry(6)]);
    await log.deliver(2, 6, 7);
  }, "7");
  assertEquals(result, { seen: ["6", "7"], gaps: 0, asked: ["e-2", "e-3", "e-5"] });
});

Deno.test("a client ahead of its hub is told of a gap in the log", async () => {
  const result = await seenAhead(async (log) => {
    await log.answer([entry(6)], "e-5");
    log.lose(5);
    await log.deliver(6, 7);
  }, "7");
  assertEquals(result, { seen: ["gap e-5", "6", "7"], gaps: 1, asked: ["e-2"] });
});

Deno.test("a client ahead of its hub is told of no gap where the hub has it by then", async () => {
  const result = await seenAhead(async (log) => {
    await log.deliver(2, 3, 4);
    await log.answer([], "e-4");
    await log.deliver(5);
  }, "5");
  assertEquals(result, { seen: ["3", "4", "5"], gaps: 0, asked: ["e-2"] });
});

Deno.test("each subscriber is told, and counted, that the log lost what was to come", async () => {
  const log = new ScriptedLog();
  await using hub = new BroadcastHub({ log });
  await using a = new Client(hub.subscribe(subscription("stream=x")));
  await using b = new Client(hub.subscribe(subscription("stream=x")));
  log.lose(2);
  await log.deliver(3);
  for (const client of [a, b]) {
    assertEquals((await client.take(3)).map(({ lastEventId }) => lastEventId), [
      "e-0",
      "e-2",
      "e-3",
    ]);
  }
  assertEquals([hub.stats().gaps, log.asked], [2, []]);
});
