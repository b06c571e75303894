/**
 * The contract of every log, as tests for `deno test`. Use them to test a log of your own.
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

// No package: a test of another log needs no other import.
import { deepStrictEqual as assertEquals, ok as assert, rejects, throws } from "node:assert/strict";
import type { ServerSentEvent } from "../../lib/wire/event.ts";
import { compareIds } from "../../lib/wire/ids.ts";
import type { EventLog, LogEntry } from "../../lib/log/event_log.ts";
import type { RetentionOptions } from "../../lib/log/retention.ts";
import { macrotask, soon, until } from "../wait.ts";

export type * from "../../lib/log/mod.ts";

/** A place where the logs of one test keep their entries. */
export interface LogPlace extends AsyncDisposable {
  /** Makes a log at the place: the first, or another instance of the same log. */
  readonly open: (options?: RetentionOptions) => EventLog;
}

/** A kind of log. */
export interface LogKind {
  /** The name, which begins the names of all tests. */
  readonly name: string;
  /** Whether several open logs may share a place: see {@linkcode EventLog.isShared}. */
  readonly isShared: boolean;
  /** Whether a log finds the entries of an earlier log: see {@linkcode EventLog.isDurable}. */
  readonly isDurable: boolean;
  /** Whether to skip the tests, since the log's store is not available here. */
  readonly ignore: boolean;
  /** Makes an unused place. */
  readonly place: () => LogPlace | Promise<LogPlace>;
}

/** An open log, with everything that it has delivered. */
export class OpenLog implements AsyncDisposable {
  /** The log. */
  readonly log: EventLog;
  /** All delivered entries. */
  readonly entries: LogEntry[] = [];
  /** Each call of `lost`, as its id and streams, and each call of `reset`. */
  readonly lost: string[] = [];
  /** The ends passed to `ended`, as stream and id. */
  readonly ends: string[] = [];
  /** Each call of `changed`: whether the log was up. */
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

  /** Waits for a number of entries, and returns all delivered entries as stream and data, in order. */
  async delivered(count: number): Promise<string[]> {
    while (this.entries.length < count) {
      const what = () => `${count} entries, of which ${this.entries.length} are there`;
      await soon(this.#delivered.promise, what);
    }
    return this.entries.map(textOf);
  }

  /** Resolves when the log has trimmed all entries through an id. */
  async dropped(id: string): Promise<void> {
    for (let gone = ""; gone < id;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      gone = (await this.log.read!(this.log.startId)).goneThrough ?? "";
    }
  }

  /** Reads all entries after an id, to the end. */
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

  /** Closes the log. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.log.close();
  }
}

/** Adds the tests of a kind of log. */
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

  test("has the right isShared and isDurable", async (place) => {
    await using a = await OpenLog.open(place.open());
    assertEquals([a.log.isShared, a.log.isDurable], [kind.isShared, kind.isDurable]);
  });

  test("delivers appended events unchanged and in order, with growing ids", async (place) => {
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

  test("resolves append() with the id of the last event", async (place) => {
    await using a = await OpenLog.open(place.open());
    const ids = await Promise.all([
      append(a, "a", "1", "2"),
      append(a, "b", "3"),
      a.log.end("a"),
    ]);
    assertEquals(await a.delivered(4), ["a 1", "a 2", "b 3", "a ends"]);
    assertEquals(ids, [a.entries[1]!.id, a.entries[2]!.id, a.entries[3]!.id]);
  });

  test("keeps the events of an append() together, and the order of the calls", async (place) => {
    await using a = await OpenLog.open(place.open());
    const batches = Array.from({ length: 100 }, (_, i) => [{ data: `${i}a` }, { data: `${i}b` }]);
    await Promise.all(batches.map((batch) => a.log.append("a", batch)));
    const all = batches.flat().map(({ data }) => `a ${data}`);
    assertEquals(await a.delivered(200), all);
    checkIds(a);
  });

  test("begins empty, with a startId before all ids", async (place) => {
    await using a = await OpenLog.open(place.open());
    assertEquals([a.entries, a.log.isUp, a.log.hasId(a.log.startId)], [[], true, true]);
    const id = await append(a, "a", "x");
    assert(compareIds(a.log.startId, id) < 0);
  });

  test("accepts its own ids, and no others", async (place) => {
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

  test("may be closed twice, and delivers nothing afterwards", async (place) => {
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

  test("rejects append() and end() once it is closed, and says so", async (place) => {
    const a = await OpenLog.open(place.open());
    await a.log.close();
    await rejects(async () => await a.log.append("a", [{ data: "x" }]), /closed/);
    await rejects(() => a.log.end("a"), /closed/);
    if (a.log.read) await rejects(() => a.log.read!(""), /closed/);
    assertEquals(a.entries, []);
  });

  testShared(
    "delivers the entries of all instances on every instance, in one order",
    async (place) => {
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
    },
  );

  testDurable(
    "has its entries after a restart, with the same ids, and appends after them",
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

  testShared("reads the entries after any id, page by page", async (place) => {
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

  testShared(
    "rejects events that are too large for an entry at once, and goes on",
    async (place) => {
      await using a = await OpenLog.open(place.open());
      const large = { data: "x".repeat(9_000_000) };
      throws(
        () => a.log.append("a", [large]),
        { name: "RangeError", message: /^Cannot append events: the log takes/ },
      );
      await a.log.append("a", [{ data: "small" }]);
      assertEquals(await a.delivered(1), ["a small"]);
      assertEquals([a.log.isUp, a.changes], [true, []]);
    },
  );

  testShared(
    "trims the oldest entries beyond its bounds, and says through which id",
    async (place) => {
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
      // A client with the id of the last trimmed entry has missed nothing.
      assertEquals(await a.readAll(third!), rest);
      assertEquals(await a.readAll(first!), seen);
      assertEquals(await a.readAll(a.entries[4]!.id), ["a 6"]);
      await a.log.close();
      await using b = await OpenLog.open(place.open());
      assertEquals([b.entries.map(textOf), b.log.startId], [rest, goneThrough]);
    },
  );

  testShared("knows the ends of streams whose entries it has trimmed", async (place) => {
    await using a = await OpenLog.open(place.open({ maxEntries: 2 }));
    const [x, y, z] = await Promise.all(["x", "y", "z"].map((name) => a.log.end(name)));
    // By a hub that has seen the end, a hub that has not, and a hub that does not begin the stream anew.
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

  testShared("forgets the end of a stream once its entry would be too old", async (place) => {
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
    "keeps one event per key, whichever instance appends it, and resolves with its id",
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

  testShared("knows a key for exactly as long as it would keep an entry", async (place) => {
    await using a = await OpenLog.open(place.open({ maxAgeMs: 1_500 }));
    const append = () => a.log.append("x", [{ id: "key", data: "x" }]);
    const { id } = await append();
    assertEquals((await append()).id, id);
    await until(async () => (await append()).id !== id);
  });

  testShared("counts its entries, and times the answers of its store", async (place) => {
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

  testDurable("knows the age of an entry", async (place) => {
    const a = await OpenLog.open(place.open());
    await a.log.append("a", [{ data: "x" }]);
    await a.log.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await using b = await OpenLog.open(place.open());
    await b.delivered(1);
    assert(b.entries[0]!.ageMs >= 45 && b.entries[0]!.ageMs < 60_000, `${b.entries[0]!.ageMs}`);
  });
}

/** Appends events with the given data, and returns the id of the last event. */
async function append({ log }: OpenLog, stream: string, ...data: string[]): Promise<string> {
  const { id, throughId } = await log.append(stream, data.map((data) => ({ data })));
  assertEquals(id, throughId);
  return id;
}

/** An entry in short: its stream, and its data or `ends`. */
export function textOf({ stream, event }: LogEntry): string {
  return `${stream} ${event ? event.data : "ends"}`;
}

function checkIds({ entries }: OpenLog): void {
  for (const [i, { id }] of entries.slice(1).entries()) {
    assert(compareIds(entries[i]!.id, id) < 0);
  }
}
