/**
 * A server whose every answer a test gives by hand, for clients.
 *
 * @module
 */

import { macrotask, until } from "../wait.ts";
import { settled } from "./scripted_host.ts";

const encoder = new TextEncoder();

/** The text of `hello`. */
export function hello(id: string, heartbeatSeconds = 15): string {
  return `retry: 2000\nevent: hello\ndata: {"heartbeatSeconds":${heartbeatSeconds}}\nid: ${id}\n\n`;
}

/** A request that waits for its answer. */
export class Call {
  #answer!: (response: Response) => void;
  #fail!: (error: Error) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** The promise that the client has got. */
  readonly answered: Promise<Response>;

  constructor(readonly url: URL, readonly init: RequestInit) {
    this.answered = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
    });
    this.answered.catch(() => {}); // The client may have gone.
    init.signal?.addEventListener("abort", () => this.#cut(init.signal?.reason));
  }

  /** A header of the request. */
  header(name: string): string | null {
    return new Headers(this.init.headers).get(name);
  }

  /** Whether the client has gone. */
  get isGone(): boolean {
    return this.init.signal?.aborted ?? false;
  }

  /** Whether the client has taken all bytes. */
  get isDrained(): boolean {
    return (this.#controller?.desiredSize ?? 0) > 0;
  }

  /** Answers with an event stream that begins so. */
  async open(text = ""): Promise<void> {
    const body = new ReadableStream<Uint8Array>({ start: (it) => void (this.#controller = it) });
    this.#answer(new Response(body, { headers: { "content-type": "text/event-stream" } }));
    if (text !== "") await this.send(text);
    await settled();
  }

  /** Sends text. */
  async send(text: string): Promise<void> {
    this.#controller!.enqueue(encoder.encode(text));
    await settled();
  }

  /** Ends the response. */
  async end(): Promise<void> {
    this.#controller!.close();
    await settled();
  }

  /** Cuts the connection, or refuses one. */
  async fail(): Promise<void> {
    this.#cut(new TypeError("connection reset"));
    await settled();
  }

  #cut(error: Error): void {
    this.#fail(error);
    try {
      this.#controller?.error(error);
    } catch {
      // The response has ended.
    }
  }

  /** Answers with something else. */
  async answer(
    status: number,
    body: unknown = undefined,
    headers: HeadersInit = {},
  ): Promise<void> {
    const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
    this.#answer(new Response(text, { status, headers }));
    await settled();
  }
}

/** A server whose answers a test gives by hand. */
export class ScriptedServer {
  /** All requests. */
  readonly calls: Call[] = [];

  /** What the client uses as `fetch()`. */
  readonly fetch = (url: URL, init: RequestInit): Promise<Response> => {
    const call = new Call(url, init);
    this.calls.push(call);
    return call.answered;
  };

  /** The newest request. */
  get last(): Call {
    return this.calls.at(-1)!;
  }

  /** Waits for the request with this number, counted from 1. */
  async call(count: number): Promise<Call> {
    await until(() => this.calls.length >= count, () => `request ${count}`);
    await macrotask();
    return this.calls[count - 1]!;
  }
}
