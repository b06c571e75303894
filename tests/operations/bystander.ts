/**
 * A well-behaved publisher and subscriber of a stream that nobody else uses.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ResumingClient } from "../log/resuming_client.ts";

/** With `TRUST_PROXY=1`, an address that no other client has, so that it reaches no limit per address. */
const OWN_ADDRESS = { "x-forwarded-for": "192.0.2.1" };

/** Publishes numbers and checks that they arrive. */
export class Bystander implements AsyncDisposable {
  /** How many events have been published. */
  published = 0;
  /** Headers that authorize everything. */
  readonly operator: Readonly<Record<string, string>>;
  /** The subscriber. */
  readonly client: ResumingClient;
  readonly #url: URL;

  private constructor(url: URL, publishToken: string) {
    this.#url = url;
    this.operator = { authorization: `Bearer ${publishToken}`, ...OWN_ADDRESS };
    const open = ({ headers, signal }: Request) =>
      fetch(url, { headers: { ...Object.fromEntries(headers), ...OWN_ADDRESS }, signal });
    this.client = new ResumingClient(open, url.search);
  }

  /** Connects the subscriber. */
  static async open(server: URL, publishToken: string): Promise<Bystander> {
    const bystander = new Bystander(new URL("/sse?stream=own", server), publishToken);
    await bystander.client.connected();
    return bystander;
  }

  /** Publishes the next number. */
  async publish(): Promise<void> {
    const data = `${this.published}`;
    const response = await fetch(this.#url, {
      method: "POST",
      headers: { ...this.operator, "content-type": "application/json" },
      body: JSON.stringify({ data, id: data }),
    });
    assertEquals([response.status, typeof (await response.json()).id], [200, "string"]);
    this.published++;
  }

  /** Checks that the subscriber gets every event, in order and once. */
  async check(): Promise<void> {
    await this.client.has(this.published);
    assertEquals(this.client.data, Array.from({ length: this.published }, (_, i) => `${i}`));
    assertEquals(this.client.marks.filter((mark) => mark === "gap" || mark === "reset"), []);
  }

  /** Leaves. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
  }
}
