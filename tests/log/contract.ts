/**
 * What every log must do, whatever keeps its entries: tests for `deno test`, also for a log of your own.
 *
 * @example In a file `my_log_test.ts`
 * ```ts ignore
 * import { SharedLog } from "@sse/hub/log";
 * import { testLog } from "@sse/hub/log/contract";
 *
 * testLog({
 *   name: "MyLog",
 *   isShared: true,
 *   isDurable: true,
 *   ignore: false,
 *   place() {
 *     const database = makeDatabase();
 *     return {
 *       open: (options) => new SharedLog(new MyStore(database), options),
 *       [Symbol.asyncDispose]: () => database.drop(),
 *     };
 *   },
 * });
 * ```
 *
 * @module
 */

// No package: who tests a log of their own needs nothing but this.
import { deepStrictEqual as assertEquals, ok as assert, rejects, throws } from "node:assert/strict";
import type { ServerSentEvent } from "../../lib/wire/event.ts";
import { compareIds } from "../../lib/wire/ids.ts";
import type { EventLog, LogEntry } from "../../lib/log/event_log.ts";
import type { RetentionOptions } from "../../lib/log/retention.ts";
import { macrotask, soon, until } from "../wait.ts";

export type * from "../../lib/log/mod.ts";

/** Where logs keep their entries, for as long as a test lasts. */
export interface LogPlace extends AsyncDisposable {
  /** Makes a log there: the first one, or another instance of it. */
  readonly open: (options?: RetentionOptions) => EventLog;
}

/** A kind of log. */
export interface LogKind {
  /** What it is called. */
  readonly name: string;
  /** Whether several logs may share a place, all open at once: see {@linkcode EventLog.isShared}. */
  readonly isShared: boolean;
  /** Whether a log finds what an earlier one left there: see {@linkcode EventLog.isDurable}. */
  readonly isDurable: boolean;
  /** Whether it can't be had here. */
  readonly ignore: boolean;
  /** Makes a place that nobody has used. */
  readonly place: () => LogPlace | Promise<LogPlace>;
}

/** An open log, and what it has delivered. */
export class OpenLog implements AsyncDisposable {
  /** The log. */
  readonly log: EventLog;
  /** All that it has delivered. */
  readonly entries: LogEntry[] = [];
  /** The ids through which it has said that entries are lost, with their streams; or `reset`. */
  readonly lost: string[] = [];
  /** The ends that it has told of: streams and ids. */
  readonly ends: string[] = [];
  /** Whether it was up, each time that it said so. */
  readonly changes: boolean[] = [];
  #delivered = Promise.withResolvers<void>();

  private constructor(log: EventLog) {
    this.log = log;
  }

  /** Opens a log. */
  static async open(log: EventLog): Promise<OpenLog> {
    const open = new OpenLog(log);
    await log.open({
      deliver: (entries) => {
        open.entries.push(...entries);
        open.#delivered.resolve();
        open.#delivered = Promise.withResolvers();
      },
      lost: (throughId, streams) => open.lost.push([throughId, ...streams ?? []].join(" ")),
      ended: (ends) => open.ends.push(...ends.map(({ stream, id }) => `${stream} ${id}`)),
      reset: () => {
        open.lost.push("reset");
        open.entries.length = 0;
      },
      changed: (isUp) => open.changes.push(isUp),
    });
    return open;
  }

  /** What it has delivered once that is so many entries: streams and data, in order. */
  async delivered(count: number): Promise<string[]> {
    while (this.entries.length < count) {
      const what = () => `${count} entries, beyond ${this.entries.length}`;
      await soon(this.#delivered.promise, what);
    }
    return this.entries.map(textOf);
  }

  /** Resolves when it has dropped everything through an id. */
  async dropped(id: string): Promise<void> {
    for (let gone = ""; gone < id;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      gone = (await this.log.read!(this.log.startId)).goneThrough ?? "";
    }
  }

  /** What it reads after an id, to the end. */
  async readAll(afterId: string): Promise<string[]> {
    const all: string[] = [];
    for (let id = afterId;;) {
      const { entries, goneThrough, goneStreams = [], throughId } = await this.log.read!(id);
      if (goneThrough) all.push(["gone", goneThrough, ...goneStreams].join(" "));
      all.push(...entries.map(textOf));
      if (entries.length === 0 && !goneThrough && !throughId) return all;
      id = throughId ?? entries.at(-1)?.id ?? goneThrough!;
    }
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.log.close();
  }
}

/** Tests a kind of log. */
export function testLog(kind: LogKind): void {
  const test = (does: string, run: (place: LogPlace) => Promise<void>, ignore = kind.ignore) =>
    Deno.test({
      name: `${kind.name} ${does}`,
      ignore,
      async fn() {
        await using place = await kind.place();
        await run(place);
      },
    });
  const testShared = (does: string, run: (place: LogPlace) => Promise<void>) => {
    if (kind.isShared) test(does, run);
  };
  const testDurable = (does: string, run: (place: LogPlace) => Promise<void>) => {
    if (kind.isDurable) test(does, run);
  };

  test("says whether it is shared and whether it is durable", async (place) => {
    await using a = await OpenLog.open(place.open());
    assertEquals([a.log.isShared, a.log.isDurable], [kind.isShared, kind.isDurable]);
  });

  test("delivers what is appended as it was, in order, with ids that grow", async (place) => {
    await using a = await OpenLog.open(place.open());
    const events: ServerSentEvent[] = [
      { data: " leading\nlines\r\n", event: "price", id: "key", retry: 5, comment: "c" },
      { data: "" },
      { comment: "aé🙂\u2028" },
      { data: "\ud800 alone" },
    ];
    await a.log.append("news", events);
    await a.log.append("a/b", [{ data: "x" }]);
    await a.delivered(5);
    assertEquals(a.entries.map(({ event }) => event), [...events, { data: "x" }]);
    assertEquals(a.entries.map(({ stream }) => stream), [...Array(4).fill("news"), "a/b"]);
    checkIds(a);
  });

  test("resolves an append with the id of its last event", async (place) => {
    await using a = await OpenLog.open(place.open());
    const ids = await Promise.all([
      append(a, "a", "1", "2"),
      append(a, "b", "3"),
      a.log.end("a"),
    ]);
    assertEquals(await a.delivered(4), ["a 1", "a 2", "b 3", "a ends"]);
    assertEquals(ids, [a.entries[1]!.id, a.entries[2]!.id, a.entries[3]!.id]);
  });

  test("keeps the events of an append together, and the order in which it was called", async (place) => {
    await using a = await OpenLog.open(place.open());
    const batches = Array.from({ length: 100 }, (_, i) => [{ data: `${i}a` }, { data: `${i}b` }]);
    await Promise.all(batches.map((batch) => a.log.append("a", batch)));
    const all = batches.flat().map(({ data }) => `a ${data}`);
    assertEquals(await a.delivered(200), all);
    checkIds(a);
  });

  test("begins empty, with a start before all ids", async (place) => {
    await using a = await OpenLog.open(place.open());
    assertEquals([a.entries, a.log.isUp, a.log.hasId(a.log.startId)], [[], true, true]);
    const id = await append(a, "a", "x");
    assert(compareIds(a.log.startId, id) < 0);
  });

  test("knows its own ids, and no others", async (place) => {
    await using a = await OpenLog.open(place.open());
    await using elsewhere = await kind.place();
    await using other = await OpenLog.open(elsewhere.open());
    const id = await append(a, "a", "x");
    assertEquals([a.log.hasId(id), other.log.hasId(id)], [true, false]);
    for (
      const wrong of [
        "",
        "x",
        `${id}-`,
        `${id}.`,
        ` ${id}`,
        `${id}\n`,
        id.slice(1),
        id.toUpperCase(),
      ]
    ) {
      assertEquals(a.log.hasId(wrong), false, JSON.stringify(wrong));
    }
  });

  test("may be closed twice, and delivers nothing from then on", async (place) => {
    const a = await OpenLog.open(place.open());
    const appended = a.log.append("a", [{ data: "x" }]);
    await Promise.all([a.log.close(), a.log.close(), appended]);
    const before = a.entries.length;
    assert(before <= 1);
    if (kind.isShared) {
      await using b = await OpenLog.open(place.open());
      await b.log.append("a", [{ data: "later" }]);
      await b.delivered(2);
    }
    await macrotask();
    assertEquals(a.entries.length, before);
    assertEquals(a.changes, []);
  });

  testShared("refuses to append when it is closed", async (place) => {
    const a = await OpenLog.open(place.open());
    await a.log.close();
    await rejects(() => a.log.append("a", [{ data: "x" }]), /it is away/);
  });

  testShared("delivers on every instance what any appends, in one order", async (place) => {
    await using a = await OpenLog.open(place.open());
    await using b = await OpenLog.open(place.open());
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const { log } = i % 2 ? a : b;
        if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, i / 10));
        await log.append("a", [{ data: `${i}` }]);
      }),
    );
    assertEquals(await a.delivered(200), await b.delivered(200));
    assertEquals(a.entries.map(({ id }) => id), b.entries.map(({ id }) => id));
    assertEquals(new Set(a.entries.map(textOf)).size, 200);
    checkIds(a);
  });

  testDurable(
    "finds again what it had, with the same ids, and goes on after them",
    async (place) => {
      const a = await OpenLog.open(place.open());
      await a.log.append("a", [{ data: "1" }, { data: "2" }]);
      await a.log.end("a");
      await a.delivered(3);
      await a.log.close();
      await using b = await OpenLog.open(place.open());
      assertEquals(b.entries.map(textOf), ["a 1", "a 2", "a ends"]);
      assertEquals(b.entries.map(({ id }) => id), a.entries.map(({ id }) => id));
      assertEquals(b.log.startId, a.log.startId);
      await b.log.append("a", [{ data: "3" }]);
      await b.delivered(4);
      checkIds(b);
    },
  );

  testShared("reads what comes after any id, page by page", async (place) => {
    await using a = await OpenLog.open(place.open());
    for (let i = 0; i < 130; i++) await a.log.append("a", [{ data: `${i}a` }, { data: `${i}b` }]);
    const all = await a.delivered(260);
    const ids = [a.log.startId, ...a.entries.map(({ id }) => id)];
    for (const after of [0, 1, 2, 3, 100, 199, 200, 201, 258, 259, 260]) {
      assertEquals(await a.readAll(ids[after]!), all.slice(after));
    }
    const ahead = ids.at(-1)!.slice(0, -1) + "z";
    assert(a.log.hasId(ahead));
    assertEquals(await a.log.read!(ahead), { entries: [], goneThrough: undefined });
  });

  testShared("refuses at once what is more than an entry can have, and goes on", async (place) => {
    await using a = await OpenLog.open(place.open());
    const large = { data: "x".repeat(9_000_000) };
    throws(
      () => a.log.append("a", [large]),
      { name: "RangeError", message: /^Cannot append events: the log takes/ },
    );
    await a.log.append("a", [{ data: "small" }]);
    assertEquals(await a.delivered(1), ["a small"]);
    assertEquals([a.log.isUp, a.changes], [true, []]);
  });

  testShared("drops the oldest beyond its bounds, and says up to where", async (place) => {
    const a = await OpenLog.open(place.open({ maxEntries: 3 }));
    for (let i = 1; i <= 6; i++) await a.log.append("a", [{ data: `${i}` }]);
    await a.delivered(6);
    const [first, , third] = a.entries.map(({ id }) => id);
    let seen: string[] = [];
    await until(async () => (seen = await a.readAll(a.log.startId)).length === 4);
    const [gone = "", ...rest] = seen;
    assertEquals(rest, ["a 4", "a 5", "a 6"]);
    const goneThrough = gone.slice("gone ".length);
    assertEquals(goneThrough, third);
    // Who had the last of what is gone has missed nothing.
    assertEquals(await a.readAll(third!), rest);
    assertEquals(await a.readAll(first!), seen);
    assertEquals(await a.readAll(a.entries[4]!.id), ["a 6"]);
    await a.log.close();
    await using b = await OpenLog.open(place.open());
    assertEquals([b.entries.map(textOf), b.log.startId], [rest, goneThrough]);
  });

  testShared("knows which streams have ended by entries that it has dropped", async (place) => {
    await using a = await OpenLog.open(place.open({ maxEntries: 2 }));
    const [x, y, z] = await Promise.all(["x", "y", "z"].map((name) => a.log.end(name)));
    // A hub that has heard of the end, one that has not, and one that does not say.
    await a.log.append("x", [{ data: "anew" }], { isFirst: true, seenId: z! });
    await a.log.append("y", [{ data: "late" }], { isFirst: true, seenId: a.log.startId });
    await a.log.append("z", [{ data: "late" }]);
    const last = await append(a, "w", "1");
    for (const data of ["2", "3"]) await append(a, "w", data);
    await a.dropped(last);
    await using b = await OpenLog.open(place.open());
    assertEquals(b.ends.sort(), [`y ${y}`, `z ${z}`]);
    assert(a.log.hasId(x!) && a.ends.length === 0);
  });

  testShared("forgets such an end when it would no longer keep the entry", async (place) => {
    const options = { maxEntries: 2, maxAgeMs: 2_500 };
    await using a = await OpenLog.open(place.open(options));
    const id = await a.log.end("x");
    for (const data of ["1", "2"]) await append(a, "w", data);
    await a.dropped(id);
    const told = async () => {
      await using b = await OpenLog.open(place.open(options));
      return b.ends;
    };
    assertEquals(await told(), [`x ${id}`]);
    await soon(
      (async () => {
        while ((await told()).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
      })(),
      () => "the end to be forgotten",
    );
  });

  testShared(
    "keeps what has a key once, whoever appends it, and says where it stands",
    async (place) => {
      await using a = await OpenLog.open(place.open());
      await using b = await OpenLog.open(place.open());
      const keyed = (data: string) => ({ id: "key", data });
      const first = await a.log.append("x", [{ data: "0" }, keyed("1"), keyed("2")]);
      const doubles = await Promise.all([a, b].map(({ log }) => log.append("x", [keyed("3")])));
      const mixed = await b.log.append("x", [{ data: "4" }, keyed("5")]);
      await Promise.all([a, b].map(({ log }) => log.append("y", [keyed("6")])));
      assertEquals(await b.delivered(4), ["x 0", "x 1", "x 4", "y 6"]);
      const [, one, four] = b.entries.map(({ id }) => id);
      assertEquals(first, { id: one!, throughId: one! });
      assertEquals(doubles, [first, first]);
      assertEquals(mixed, { id: one!, throughId: four! });
      assert(b.entries.every(({ isUnique }) => isUnique));
      await using c = await OpenLog.open(place.open());
      assertEquals(await c.log.append("x", [keyed("7")]), first);
      assertEquals(await c.readAll(one!), ["x 4", "y 6"]);
    },
  );

  testShared("knows a key for as long as it would keep an entry, and not longer", async (place) => {
    await using a = await OpenLog.open(place.open({ maxAgeMs: 1_500 }));
    const append = () => a.log.append("x", [{ id: "key", data: "x" }]);
    const { id } = await append();
    assertEquals((await append()).id, id);
    await until(async () => (await append()).id !== id);
  });

  testShared("says how much it keeps, and times what its store answers", async (place) => {
    await using a = await OpenLog.open(place.open({ maxEntries: 2 }));
    await using b = await OpenLog.open(place.open());
    if (!a.log.stats || !b.log.stats) return;
    for (const data of ["1", "2", "3"]) await append(a, "x", data);
    await Promise.all([a.delivered(3), b.delivered(3)]);
    await soon(
      (async () => {
        while (a.log.stats!().entries > 2 || b.log.stats!().checkMs.sum === 0) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      })(),
      () => "a trim and a check",
    );
    const { appendMs, oldestAgeMs, ...others } = a.log.stats!();
    assertEquals(appendMs.counts.reduce((sum, count) => sum + count), 3);
    assert(appendMs.sum > 0 && oldestAgeMs >= 0 && oldestAgeMs < 60_000, `${oldestAgeMs}`);
    const { checkMs: _, ...figures } = others;
    assertEquals(figures, { entries: 2, lagEntries: 0, lagMs: 0, outages: 0, outageMs: 0 });
    assertEquals([b.log.stats!().entries, b.log.stats!().lagEntries], [3, 0]);
  });

  testDurable("tells how old an entry is", async (place) => {
    const a = await OpenLog.open(place.open());
    await a.log.append("a", [{ data: "x" }]);
    await a.log.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await using b = await OpenLog.open(place.open());
    await b.delivered(1);
    assert(b.entries[0]!.ageMs >= 45 && b.entries[0]!.ageMs < 60_000, `${b.entries[0]!.ageMs}`);
  });
}

/** Appends events with some data, and returns the id of the last. */
async function append({ log }: OpenLog, stream: string, ...data: string[]): Promise<string> {
  const { id, throughId } = await log.append(stream, data.map((data) => ({ data })));
  assertEquals(id, throughId);
  return id;
}

/** One thing that a log delivered, in short. */
export function textOf({ stream, event }: LogEntry): string {
  return `${stream} ${event ? event.data : "ends"}`;
}

function checkIds({ entries }: OpenLog): void {
  for (const [i, { id }] of entries.slice(1).entries()) {
    assert(compareIds(entries[i]!.id, id) < 0);
  }
}
