import { assert, assertEquals, assertRejects } from "@std/assert";
import { publish } from "../../lib/client/mod.ts";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { ScriptedServer } from "./scripted_server.ts";
import { ScriptedHost, settled } from "./scripted_host.ts";

const URL_OF_NEWS = "http://hub.example/sse?stream=news";
const ANSWER = { id: "e-2", stream: "news", subscribers: 1 };

/** The body of a request, from JSON. */
function sent(server: ScriptedServer, index: number) {
  return JSON.parse(server.calls[index]!.init.body as string);
}

Deno.test("publish() gives an event a key and sends it again until it is acknowledged", async () => {
  const host = new ScriptedHost();
  host.chance = 0.999999;
  const server = new ScriptedServer();
  const published = publish(URL_OF_NEWS, "Tea", { host, fetch: server.fetch });
  await settled();
  await server.last.fail();
  await host.pass(500);
  await server.last.answer(503, undefined, { "retry-after": "9" });
  await host.pass(9_000);
  assertEquals(server.calls.length, 2);
  await host.pass(1_000);
  await server.last.answer(200, ANSWER);
  assertEquals(await published, ANSWER);
  assertEquals(server.calls.length, 3);
  const { id, data } = sent(server, 0);
  assert(id.length > 12);
  assertEquals([data, sent(server, 1).id, sent(server, 2).id], ["Tea", id, id]);
});

Deno.test("publish() gives each event of a list a key, and keeps one that it has", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const published = publish(URL_OF_NEWS, ["a", { data: "b", id: "mine" }], {
    host,
    fetch: server.fetch,
  });
  await settled();
  await server.last.answer(200, ANSWER);
  await published;
  const [first, second] = sent(server, 0);
  assert(first.id !== undefined);
  assertEquals(second, { data: "b", id: "mine" });
});

Deno.test("publish() rejects with the refusal, after one refresh of the headers", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const asked: boolean[] = [];
  const headers = ({ refresh }: { refresh: boolean }) => (asked.push(refresh), {});
  const options = { host, fetch: server.fetch, headers };
  const rejected = assertRejects(
    () => publish(URL_OF_NEWS, "Tea", options),
    Error,
    "Cannot publish: Bad token",
  );
  await settled();
  await server.last.answer(401);
  await server.last.answer(401, { detail: "Bad token" });
  const error = await rejected;
  assertEquals([error.name, asked], ["Failure", [false, true]]);
});

Deno.test("publish() gives up when its signal aborts", async () => {
  const host = new ScriptedHost();
  const server = new ScriptedServer();
  const end = new AbortController();
  const published = publish(URL_OF_NEWS, "Tea", { host, fetch: server.fetch, signal: end.signal });
  const rejected = assertRejects(() => published, DOMException);
  await settled();
  await server.last.fail();
  end.abort();
  await rejected;
  assertEquals([server.calls.length, host.timers], [1, 0]);
});

Deno.test("publish() gives up headers that don't come when its signal aborts", async () => {
  const server = new ScriptedServer();
  const end = new AbortController();
  const headers = () => new Promise<Record<string, string>>(() => {});
  const options = { fetch: server.fetch, headers, signal: end.signal };
  const rejected = assertRejects(() => publish(URL_OF_NEWS, "Tea", options), DOMException);
  await settled();
  end.abort();
  await rejected;
  assertEquals(server.calls.length, 0);
});

Deno.test("an event that a hub has, and whose acknowledgement is lost, is published once", async () => {
  await using hub = new BroadcastHub();
  const host = new ScriptedHost();
  let count = 0;
  const fetch = async (_: URL, init: RequestInit) => {
    const answer = await hub.publish("news", JSON.parse(init.body as string));
    if (++count === 1) throw new TypeError("connection reset");
    return Response.json(answer);
  };
  const published = publish(URL_OF_NEWS, "Tea", { host, fetch });
  await host.pass(500);
  await published;
  assertEquals([count, hub.stats().published], [2, 1]);
});
