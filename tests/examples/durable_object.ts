/**
 * A hub in a Durable Object of Cloudflare Workers: all requests for a name reach the same object, so that
 * its hub has every subscriber and every publish of that name.
 *
 * An object that has open event streams stays in memory and is billed for that time: event streams can't
 * hibernate, as WebSockets can. When the object moves or its code changes, its history is gone and its
 * clients get a `reset`.
 *
 * @module
 */

import { BroadcastHub } from "@sse/hub";

/** The object, with one hub. */
export class HubObject {
  // workerd notices that a client has left only when it writes: so heartbeats are shorter than elsewhere.
  readonly #hub = new BroadcastHub({ heartbeatMs: 5_000 });

  /** Subscribes with GET, publishes the text of a POST. */
  async fetch(request: Request): Promise<Response> {
    const stream = new URL(request.url).searchParams.get("stream") ?? "";
    if (request.method !== "POST") return this.#hub.subscribe(request);
    return Response.json(await this.#hub.publish(stream, await request.text()));
  }
}

/** The part of the bindings that is used here. */
interface Env {
  readonly HUB: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

/** The worker: one object for each part of the path, such as `/team-7/sse`. */
const worker = {
  fetch(request: Request, { HUB }: Env): Promise<Response> {
    const [, name = ""] = new URL(request.url).pathname.split("/");
    return HUB.get(HUB.idFromName(name)).fetch(request);
  },
};

export { worker as default };
