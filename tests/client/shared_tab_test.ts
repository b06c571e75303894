import { assert, assertEquals } from "@std/assert";
import { sharing, subscribe, type Subscription, type TextEvents } from "../../lib/client/mod.ts";
import type { SubscriptionOptions } from "../../lib/client/options.ts";
import type { State } from "../../lib/client/state.ts";
import type { TabChannel, TabMessage } from "../../lib/client/tab_channel.ts";
import { ScriptedHost, settled } from "./scripted_host.ts";
import { hello, ScriptedServer } from "./scripted_server.ts";
import { TabWorld } from "./tab_world.ts";

const URL_OF_NEWS = "http://hub.example/sse?stream=news";

/** A tab, and another one whose messages the test writes and reads. */
class Stage implements Disposable {
  readonly host = new ScriptedHost();
  readonly server = new ScriptedServer();
  readonly tabs = new TabWorld();
  /** What the tab tells the other one. */
  readonly heard: TabMessage[] = [];
  readonly got: string[] = [];
  readonly #other = this.tabs.optionsOf(this);
  readonly #url: string;
  readonly #name: string;
  readonly #channel: TabChannel;
  /** Gives away the lock of the other tab. */
  release: () => void = () => {};
  #events: Subscription<TextEvents> | undefined;

  constructor(url = URL_OF_NEWS) {
    this.#url = url;
    this.#name = `sse-hub  ${url}`;
    this.#channel = this.#other.openChannel!(this.#name, (message) => this.heard.push(message));
  }

  /** The tab. */
  get events(): Subscription<TextEvents> {
    return this.#events!;
  }

  /** Lets the other tab have the lock. */
  hold(): void {
    const held = new Promise<void>((resolve) => this.release = resolve);
    this.#other.locks!.request(this.#name, {}, () => held).catch(() => {});
  }

  /** Opens the tab. */
  async open(options: SubscriptionOptions = {}, ms = 300): Promise<void> {
    const { host, server: { fetch } } = this;
    const share = sharing(this.tabs.optionsOf({}));
    this.#events = subscribe(this.#url, { host, fetch, share, page: host.page, ...options });
    if (options.maxMessages === undefined) {
      this.#events.addEventListener("message", ({ data }) => this.got.push(data));
    }
    await host.pass(ms);
  }

  /** Lets the other tab tell something. */
  async tell(message: TabMessage): Promise<void> {
    this.#channel.post(message);
    await settled();
  }

  /** Lets the other tab say that it leads. */
  lead(id: string, state: State = { name: "open" }): Promise<void> {
    return this.tell({ kind: "lead", term: "other", n: 0, id, state });
  }

  /** Lets the other tab pass an event on. */
  pass(n: number, event: string, lastEventId: string, data = lastEventId): Promise<void> {
    return this.tell({ kind: "event", term: "other", n, event: { event, data, lastEventId } });
  }

  /** The ids that the tab has promised as the leader. */
  get promised(): string[] {
    return this.heard.flatMap((it) => it.kind === "lead" ? [it.id] : []);
  }

  [Symbol.dispose](): void {
    this.events.close();
    this.release();
  }
}

/** The text of an event whose data is its id. */
function event(id: string): string {
  return `data: ${id}\nid: ${id}\n\n`;
}

const HELLO = '{"heartbeatSeconds":0}';

Deno.test("a leader keeps the promise of an attempt that was broken off: it begins at the lowest place", async () => {
  using stage = new Stage();
  await stage.open({ lastEventId: "e-9" }, 0);
  await stage.tell({ kind: "place", id: "e-3" });
  await stage.host.fire("online"); // breaks the attempt off
  await stage.host.pass(1_000);
  assertEquals(stage.server.calls.map((call) => call.header("last-event-id")), ["e-3"]);
  assertEquals(new Set(stage.promised), new Set(["e-9", "e-3"]));
  assertEquals(stage.promised.at(-1), "e-3");
  await stage.server.last.open(hello("e-3") + event("e-4") + event("e-10"));
  assertEquals(stage.got, ["e-10"]);
});

Deno.test("a leader does not go back for a tab once its connection has begun", async () => {
  using stage = new Stage();
  await stage.open({ lastEventId: "e-9" });
  await stage.tell({ kind: "place", id: "e-3" });
  assertEquals(stage.promised, ["e-9"]);
  await stage.server.last.open(hello("e-9"));
  await stage.server.last.fail();
  await stage.host.pass(1_000);
  assertEquals(stage.server.last.header("last-event-id"), "e-9");
});

Deno.test("a tab that gets the lock while it parses an event promises nothing before that event", async () => {
  using stage = new Stage();
  stage.hold();
  let finish = (_: string) => {};
  await stage.open({ parse: () => new Promise((resolve) => finish = resolve) });
  await stage.server.last.open(hello("e-1") + event("e-2"));
  assertEquals(stage.events.lastEventId, "e-1");
  stage.release();
  await settled();
  assertEquals(stage.promised, ["e-2"]);
  finish("e-2");
  await settled();
  assertEquals(stage.got, ["e-2"]);
});

Deno.test("a leader that has passed a reset on promises nothing until it knows where it goes on", async () => {
  using stage = new Stage();
  await stage.open({ lastEventId: "old-5" });
  await stage.server.last.open('event: reset\ndata: {"streams":["news"]}\n\n');
  await stage.tell({ kind: "join" });
  await stage.server.last.send(hello("new-2"));
  await stage.tell({ kind: "join" });
  assertEquals(stage.promised.slice(-2), ["", "new-2"]);
});

Deno.test("a leader that has lost an event which others have tells them that it comes again", async () => {
  using stage = new Stage();
  await stage.open({ parse: (data) => data === "e-2" ? new Promise(() => {}) : data });
  await stage.server.last.open(event("e-1") + event("e-2"));
  await stage.host.pass(1_001);
  await stage.host.fire("online"); // breaks the attempt off
  await stage.host.pass(1_000);
  assertEquals(stage.server.last.header("last-event-id"), "e-1");
  const passed = stage.heard.flatMap((it) => it.kind === "event" ? [it.event.lastEventId] : []);
  assertEquals(passed, ["e-1", "e-2", "e-1"]);
});

Deno.test("a follower that is told of an earlier beginning takes what it has only once", async () => {
  using stage = new Stage();
  stage.hold();
  await stage.open({ lastEventId: "e-1" }, 0);
  await stage.lead("e-1");
  for (const [i, id] of ["e-2", "e-3"].entries()) await stage.pass(i + 1, "message", id);
  await stage.pass(3, "", "e-2", ""); // the leader begins again from here
  for (const [i, id] of ["e-3", "e-4"].entries()) await stage.pass(i + 4, "message", id);
  assertEquals([stage.got, stage.server.calls.length], [["e-2", "e-3", "e-4"], 0]);
});

for (
  const [what, id] of [["that has had no event", ""], ["at another hub", "f-7"]] as const
) {
  Deno.test(`a heartbeat does not make a tab follow a leader ${what}`, async () => {
    using stage = new Stage();
    stage.hold();
    await stage.open({}, 0);
    await stage.lead(id);
    await stage.server.last.open(hello("e-1"));
    await stage.host.pass(2_000);
    await stage.server.last.send(":\n");
    await stage.server.last.send(event("e-2"));
    assertEquals([stage.server.last.isGone, stage.got], [false, ["e-2"]]);
  });
}

Deno.test("a heartbeat makes a tab follow a leader that is at a later id of the same hub", async () => {
  using stage = new Stage();
  stage.hold();
  await stage.open({}, 0);
  await stage.lead("e-5");
  await stage.server.last.open(hello("e-1"));
  for (const isGone of [false, true]) {
    await stage.host.pass(2_000);
    assert(!stage.server.last.isGone);
    await stage.server.last.send(":\n");
    assertEquals(stage.server.last.isGone, isGone);
  }
  await stage.pass(1, "message", "e-6");
  assertEquals(stage.got, ["e-6"]);
});

Deno.test("a heartbeat that a tab has not waited for may be old, and does not make it follow", async () => {
  using stage = new Stage();
  stage.hold();
  let finish = (_: string) => {};
  await stage.open({ parse: () => new Promise((resolve) => finish = resolve) });
  await stage.server.last.open(hello("e-1") + event("e-2"));
  await stage.server.last.send(":\n");
  await stage.lead("e-5");
  await stage.host.pass(5_000);
  finish("e-2");
  await settled();
  assertEquals([stage.got, stage.server.last.isGone], [["e-2"], false]);
});

Deno.test("a tab of several streams follows only once no gap can be on its way", async () => {
  using stage = new Stage(`${URL_OF_NEWS}&stream=prices`);
  stage.hold();
  await stage.open({}, 0);
  const gaps: string[] = [];
  stage.events.addEventListener("gap", ({ streams }) => gaps.push(...streams));
  await stage.lead("e-3");
  await stage.server.last.open(hello("e-1"));
  // The events of "prices" through "e-2" are gone, which is told after those of "news".
  await stage.server.last.send(event("e-3"));
  assertEquals([stage.got, stage.server.last.isGone], [["e-3"], false]);
  await stage.server.last.send('event: gap\ndata: {"streams":["prices"]}\n\n');
  await stage.server.last.send(":\n");
  assertEquals([gaps, stage.server.last.isGone], [["prices"], true]);
});

Deno.test("a tab with a connection follows a leader at another hub once that is at the same hub", async () => {
  using stage = new Stage();
  stage.hold();
  await stage.open({}, 0);
  await stage.lead("old-5");
  await stage.server.last.open(hello("new-7"));
  await stage.pass(1, "reset", "old-5", '{"streams":["news"]}');
  await stage.pass(2, "hello", "new-7", HELLO);
  await stage.pass(3, "message", "new-8");
  await stage.server.last.send(event("new-8"));
  assert(stage.server.last.isGone);
  await stage.pass(4, "message", "new-9");
  assertEquals(stage.got, ["new-8", "new-9"]);
});

Deno.test("a tab keeps its connection while the leader has none", async () => {
  using stage = new Stage();
  stage.hold();
  await stage.open({}, 0);
  await stage.lead("e-1", { name: "waiting", until: Infinity, why: { reason: "refused" } });
  await stage.server.last.open(hello("e-1"));
  await stage.server.last.send(event("e-2"));
  assertEquals([stage.got, stage.server.last.isGone], [["e-2"], false]);
  await stage.tell({ kind: "state", term: "other", state: { name: "open" } });
  await stage.server.last.send(event("e-3"));
  assertEquals([stage.got, stage.server.last.isGone], [["e-2", "e-3"], true]);
});

for (
  const [what, act] of [
    ["reads", async (stage: Stage) => await stage.server.last.open(event("e-1") + event("e-2"))],
    ["follows", async (stage: Stage) => {
      await stage.lead("e-1");
      await stage.pass(1, "message", "e-2");
    }],
  ] as const
) {
  Deno.test(`a tab whose loop is stuck while it ${what} gives the lock away each time it gets it`, async () => {
    using stage = new Stage();
    stage.hold();
    await stage.open({ maxMessages: 1, lastEventId: "e-1" }, 0);
    stage.events[Symbol.asyncIterator]();
    if (what === "reads") await stage.host.pass(300);
    else await settled();
    await act(stage);
    for (let i = 0; i < 2; i++) {
      stage.release();
      await settled();
      stage.hold();
      assert(stage.tabs.holder !== stage);
      await stage.host.pass(5_000);
      assertEquals([i, stage.tabs.holder === stage], [i, true]);
    }
  });
}

Deno.test("a tab that has taken the lock away does not wait for it besides", async () => {
  using stage = new Stage();
  stage.hold();
  await stage.open({ maxMessages: 1 });
  stage.events[Symbol.asyncIterator]();
  await settled();
  await stage.host.pass(300);
  await stage.server.last.open(hello("e-1"));
  await stage.host.pass(10_000);
  assert(stage.tabs.holder !== stage); // it has taken the lock
  stage.hold();
  await stage.server.last.send(event("e-2"));
  await stage.host.pass(5_000); // nobody reads, so it gives the lock away
  assert(stage.tabs.holder === stage);
});

Deno.test("a tab that gets no answer about the lock connects all the same", async () => {
  using stage = new Stage();
  const locks = { request: () => new Promise<void>(() => {}) };
  await stage.open({ share: sharing({ ...stage.tabs.optionsOf({}), locks }) });
  assertEquals(stage.server.calls.length, 1);
});

for (const ms of [0, 50, 350]) {
  Deno.test(`a tab closed ${ms} ms after it was opened leaves nothing behind`, async () => {
    using stage = new Stage();
    await stage.open({ lastEventId: "e-1" }, 0);
    await stage.host.pass(ms);
    stage.events.close();
    stage.events.close();
    await settled();
    assertEquals([stage.tabs.holder, stage.host.timers], [undefined, 0]);
    const { length } = stage.heard;
    await stage.tell({ kind: "join" });
    await stage.host.pass(20_000);
    assertEquals([stage.heard.length, stage.server.calls.length], [length, ms > 100 ? 1 : 0]);
  });
}
