import { assertEquals, assertLess } from "@std/assert";
import { subscribe } from "../../lib/client/mod.ts";
import { mulberry32 } from "../random.ts";
import { hello } from "./scripted_server.ts";
import { ScriptedHost } from "./scripted_host.ts";

const CLIENTS = 1_000;

Deno.test("1 000 clients whose server dies spread their attempts, each less than one a second", async () => {
  const host = new ScriptedHost(async () => {
    for (let i = 0; i < 30; i++) await undefined;
  });
  host.random = mulberry32(7);
  const attempts: number[][] = [];
  let isDead = false;
  const cuts: (() => void)[] = [];
  const begin = host.now();
  const all = Array.from({ length: CLIENTS }, (_, client) => {
    attempts[client] = [];
    const events = subscribe("http://hub.example/sse?stream=a", {
      host,
      fetch: () => {
        if (isDead) {
          attempts[client]!.push(host.now() - begin);
          return Promise.reject(new TypeError("connection refused"));
        }
        const text = new TextEncoder().encode(`${hello("e-1")}data: a\nid: e-2\n\n`);
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(text);
            cuts.push(() => controller.error(new TypeError("connection reset")));
          },
        });
        const headers = { "content-type": "text/event-stream" };
        return Promise.resolve(new Response(body, { headers }));
      },
    });
    events.addEventListener("message", () => {});
    return events;
  });
  await host.pass(0);
  assertEquals(cuts.length, CLIENTS);
  isDead = true;
  for (const cut of cuts) cut();
  await host.pass(60_000);
  for (const events of all) events.close();
  const most = Math.max(...attempts.map(({ length }) => length));
  assertLess(most, 60);
  // In the first half second all come for the first time; nobody comes with more than a few others.
  const perMoment = Map.groupBy(attempts.flat(), (time) => Math.floor(time / 10));
  assertLess(Math.max(...[...perMoment.values()].map(({ length }) => length)), 60);
  const total = attempts.flat().length / CLIENTS / 60;
  assertLess(total, 0.2);
});
