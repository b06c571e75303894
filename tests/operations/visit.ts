/**
 * Random visits to a server: the bytes that a client sends on one connection, and how it behaves. A seed and
 * a number determine a visit. This file only makes visits; `strangers.ts` carries them out.
 *
 * @module
 */

import { mulberry32 } from "../random.ts";
import {
  CHUNKS,
  FRAMINGS,
  HEADERS,
  HOSTS,
  IDS,
  JSONS,
  MALFORMED_HEADERS,
  METHODS,
  NOISE,
  ODD_STREAMS,
  PATHS,
  STREAMS,
  TYPES,
} from "./oddities.ts";

/** One connection: the bytes sent on it, and how its client behaves. */
export interface Visit {
  /** The pieces, sent one after the other. Each character is a byte. */
  readonly pieces: readonly string[];
  /** The pause between two pieces, in milliseconds. */
  readonly pauseMs: number;
  /** Whether the client ends its side of the connection after the last piece. */
  readonly isHalfClosing: boolean;
  /** Whether the client reads. A client that leaves with unread bytes resets the connection. */
  readonly isReading: boolean;
  /** How long the client stays after the last piece, in milliseconds. */
  readonly staysMs: number;
}

/** The secrets and ids that the clients know. */
export interface Knowledge {
  /** Headers with a valid token, for all streams or for some. */
  readonly goodTokens: readonly string[];
  /** Headers with an invalid token. */
  readonly badTokens: readonly string[];
  /** Ids of events of the server. */
  readonly ids: readonly string[];
}

/** Makes the visit of this number. */
export function makeVisit(seed: number, number: number, knowledge: Knowledge): Visit {
  return new Stranger(mulberry32(seed + number * 7_919), knowledge).visit();
}

class Stranger {
  readonly #random: () => number;
  readonly #knowledge: Knowledge;

  constructor(random: () => number, knowledge: Knowledge) {
    this.#random = random;
    this.#knowledge = knowledge;
  }

  visit(): Visit {
    const isAsleep = this.#chance(0.02);
    if (isAsleep) {
      return { ...this.#manners(), isReading: false, pieces: [SUBSCRIBE], staysMs: 6_000 };
    }
    if (this.#chance(0.05)) return { ...this.#manners(), pieces: this.#flood() };
    let text = this.#list(this.#chance(0.1) ? 6 : 1, () => this.#message()).join("");
    if (this.#chance(0.05)) text = this.#spoil(text);
    if (this.#chance(0.1)) text = text.slice(0, this.#below(text.length));
    return { ...this.#manners(), pieces: this.#cut(text, this.#chance(0.15) ? 9 : 1) };
  }

  #manners(): Omit<Visit, "pieces"> {
    return {
      pauseMs: this.#below(120),
      isHalfClosing: this.#chance(0.1),
      isReading: this.#chance(0.85),
      staysMs: this.#below(this.#chance(0.2) ? 3_000 : 100),
    };
  }

  /** One request, or some noise in its place. */
  #message(): string {
    const chance = this.#random();
    if (chance < 0.25) return this.#publish();
    if (chance < 0.27) return this.#burst();
    if (chance < 0.5) return this.#subscribe();
    if (chance < 0.53) {
      return this.#request("DELETE", `/sse?stream=${this.#pick(ENDED)}`, this.#good());
    }
    if (chance < 0.58) return this.#chance(0.5) ? this.#pick(NOISE) : this.#bytes(this.#below(400));
    return this.#anything();
  }

  #publish(): string {
    const isJson = this.#chance(0.5);
    const length = this.#pick([this.#below(200), this.#below(200), this.#below(15_000), 65_900]);
    const data = "x".repeat(length);
    const text = isJson ? JSON.stringify(Array(1 + this.#below(4)).fill({ data })) : data;
    const body = this.#chance(0.9) ? text : this.#body();
    const type = this.#chance(0.9) ? TYPES[Number(isJson)] : this.#pick(TYPES);
    const headers = [...this.#good(), "Sec-Fetch-Site: same-origin", `Content-Type: ${type}`];
    return this.#request("POST", `/sse?stream=${this.#stream()}`, headers, this.#framed(body));
  }

  #burst(): string {
    const publish = this.#publish();
    return publish.repeat(Math.min(200, Math.ceil(3_000_000 / publish.length)));
  }

  #subscribe(): string {
    const streams = this.#list(3, () => `stream=${this.#stream()}`).join("&");
    const since = this.#chance(0.3) ? `&since=${this.#pick(["earliest", "3", "0"])}` : "";
    const id = this.#chance(0.3) ? `&lastEventId=${this.#id()}` : "";
    const target = this.#chance(0.2) ? "/sse" : `/sse?${streams}${since}${id}`;
    return this.#request("GET", target, this.#chance(0.3) ? this.#good() : []);
  }

  #anything(): string {
    const headers = this.#list(this.#chance(0.05) ? 300 : 5, () => this.#header());
    const credentials = this.#chance(0.6) ? this.#good() : [this.#pick(this.#knowledge.badTokens)];
    const body = this.#chance(0.5) ? this.#framed(this.#body()) : undefined;
    const target = this.#pick(PATHS) + this.#query();
    return this.#request(this.#pick(METHODS), target, [...headers, ...credentials], body);
  }

  #request(method: string, target: string, headers: readonly string[], framed = "\r\n"): string {
    const host = this.#chance(0.9) ? HOSTS[0] : this.#pick(HOSTS);
    const address = this.#chance(0.95) ? `198.51.100.${this.#below(8)}` : this.#address();
    const lines = [
      `${method} ${target} HTTP/1.1`,
      `Host: ${host}`,
      `X-Forwarded-For: ${address}`,
      ...headers,
    ];
    return lines.join("\r\n") + "\r\n" + framed;
  }

  /** The headers that give the length of a body, and the body; a third of them are wrong. */
  #framed(body: string): string {
    const chance = this.#random();
    if (chance < 0.5) return `Content-Length: ${body.length}\r\n\r\n${body}`;
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
    if (chance < 0.7) return `Transfer-Encoding: chunked\r\n\r\n${body && chunk}0\r\n\r\n`;
    if (chance < 0.8) return `Transfer-Encoding: chunked\r\n\r\n${chunk}${this.#pick(CHUNKS)}`;
    if (chance < 0.9) return `Content-Length: ${this.#below(2 * body.length + 2)}\r\n\r\n${body}`;
    return `${this.#pick(FRAMINGS)}\r\n\r\n${body}`;
  }

  #body(): string {
    if (this.#chance(0.2)) return this.#bytes(this.#below(300));
    return this.#chance(0.1) ? "x".repeat(this.#below(200_000)) : this.#pick(JSONS);
  }

  #query(): string {
    const parameter = () =>
      this.#pick([
        `stream=${this.#stream()}`,
        `lastEventId=${this.#id()}`,
        `since=${this.#pick(["-1", "1e9", "earliest", "", "9".repeat(30)])}`,
        `${this.#bytes(5)}=%zz`,
        "q".repeat(this.#below(500)),
      ]);
    return this.#chance(0.3)
      ? ""
      : `?${this.#list(this.#chance(0.1) ? 60 : 4, parameter).join("&")}`;
  }

  #header(): string {
    const chance = this.#random();
    if (chance < 0.1) return `Last-Event-ID: ${this.#id()}`;
    if (chance < 0.2) return `Content-Type: ${this.#pick(TYPES)}`;
    if (chance < 0.25) return `X-Huge: ${"h".repeat(this.#below(100_000))}`;
    return this.#pick(this.#chance(0.05) ? MALFORMED_HEADERS : HEADERS);
  }

  #address(): string {
    if (this.#chance(0.5)) return this.#bytes(9);
    return this.#pick(["1", "a:", "[", ", 1.2.3.4"]).repeat(this.#below(30_000));
  }

  #stream(): string {
    const chance = this.#random();
    if (chance < 0.8) return this.#pick(STREAMS);
    return chance < 0.9 ? `made-up/${this.#below(1_000)}` : this.#pick(ODD_STREAMS);
  }

  #id(): string {
    return this.#pick(this.#chance(0.5) ? this.#knowledge.ids : IDS);
  }

  #good(): string[] {
    return [this.#pick(this.#knowledge.goodTokens)];
  }

  /** A request to any route whose body is large and never ends. */
  #flood(): string[] {
    const type = `Content-Type: ${this.#pick(TYPES)}`;
    const length = this.#pick(["Content-Length: 100000000", "Transfer-Encoding: chunked"]);
    const headers = [type, ...(this.#chance(0.5) ? this.#good() : [])];
    const start = this.#request("POST", this.#pick(PATHS), headers, `${length}\r\n\r\n`);
    return [start, ...Array(2 + this.#below(30)).fill(`10000\r\n${"f".repeat(65_536)}\r\n`)];
  }

  #spoil(text: string): string {
    const at = this.#below(text.length);
    return text.slice(0, at) + this.#bytes(this.#below(6)) + text.slice(at + this.#below(6));
  }

  #cut(text: string, pieces: number): string[] {
    const length = Math.max(1, Math.ceil(text.length / pieces));
    return Array.from({ length: pieces }, (_, i) => text.slice(i * length, (i + 1) * length));
  }

  #bytes(count: number): string {
    return Array.from({ length: count }, () => String.fromCharCode(this.#below(256))).join("");
  }

  #list<T>(most: number, make: () => T): T[] {
    return Array.from({ length: 1 + this.#below(most) }, make);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!;
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

const ENDED = ["c/d", "e~f"];
const SUBSCRIBE =
  "GET /sse?stream=a&stream=b&stream=time&since=earliest HTTP/1.1\r\nHost: a\r\n\r\n";
