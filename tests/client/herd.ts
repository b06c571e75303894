/**
 * Many clients whose server dies, on a scripted clock.
 *
 * @module
 */

import { subscribe } from "../../lib/client/mod.ts";
import { mulberry32 } from "../random.ts";
import { ScriptedHost } from "./scripted_host.ts";
import { hello } from "./scripted_server.ts";

/**
 * Lets clients connect, lets their server die, and returns when each of them has tried again in the
 * minute that follows, in milliseconds.
 */
export async function firstMinuteOf(clients: number): Promise<number[][]> {
  const host = new ScriptedHost(async () => {
    for (let i = 0; i < 30; i++) await undefined;
  });
  host.random = mulberry32(7);
  const attempts: number[][] = [];
  let isDead = false;
  const cuts: (() => void)[] = [];
  const begin = host.now();
  const all = Array.from({ length: clients }, (_, client) => {
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
  if (cuts.length !== clients) throw new Error(`Only ${cuts.length} clients have connected`);
  isDead = true;
  for (const cut of cuts) cut();
  await host.pass(60_000);
  for (const events of all) events.close();
  return attempts;
}

/** The most times in any span of so many milliseconds, of spans that follow each other. */
export function mostIn(ms: number, times: readonly number[]): number {
  const spans = Map.groupBy(times, (time) => Math.floor(time / ms));
  return Math.max(...[...spans.values()].map(({ length }) => length));
}
