/**
 * Carries out random visits over TCP, many at once, and notes what the server answered.
 *
 * @module
 */

import { assert } from "@std/assert";
import { signHs256 } from "../server/jwt_support.ts";
import { type Knowledge, makeVisit, type Visit } from "./visit.ts";

/** Which visits are made, and for how long. */
export interface VisitsOptions {
  /** The seed that determines the visits. */
  readonly seed: number;
  /** The number of the first visit, by default 0. */
  readonly first?: number;
  /** The number of visits, by default unlimited. */
  readonly visits?: number;
  /** The minutes after which no visit begins, by default unlimited. */
  readonly minutes?: number;
}

/** Visits, and the secrets that some of them use. */
export interface StrangersOptions extends VisitsOptions {
  /** The server's `PUBLISH_TOKEN`. */
  readonly publishToken: string;
  /** The server's `JWT_KEY`, with which tokens are signed. */
  readonly jwtKey: string;
}

const STRANGERS = 64;

/** Many clients at once, each of which makes one visit after another. */
export class Strangers {
  /** How many visits have begun. */
  visits = 0;
  /** How often each status was answered. */
  readonly statuses = new Map<number, number>();
  readonly #url: URL;
  readonly #options: StrangersOptions;
  #endMs: number;
  #knowledge: Knowledge = { goodTokens: [], badTokens: [], ids: [""] };

  constructor(url: URL, options: StrangersOptions) {
    this.#url = url;
    this.#options = options;
    this.#endMs = performance.now() + (options.minutes ?? Infinity) * 60_000;
  }

  /** Whether no further visit begins. */
  get areGone(): boolean {
    return this.visits >= (this.#options.visits ?? Infinity) || performance.now() > this.#endMs;
  }

  /** Lets no further visit begin. */
  leave(): void {
    this.#endMs = 0;
  }

  /** Makes all visits. Rejects at the first 5xx other than a 503, the answer of a full server. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: STRANGERS }, () => this.#visitOneByOne()));
  }

  async #visitOneByOne(): Promise<void> {
    const { seed, first = 0 } = this.#options;
    while (!this.areGone) {
      const number = first + this.visits++;
      const visit = makeVisit(seed, number, this.#knowledge);
      for (const status of await carryOut(visit, this.#url)) {
        this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
        assert(status < 500 || status === 503, `${status}: ${this.#describe(number, 10_000)}`);
      }
    }
  }

  /** Signs new tokens, one of which expires within two seconds, and takes over ids. */
  async renewKnowledge(ids: readonly string[]): Promise<void> {
    const { publishToken, jwtKey } = this.#options;
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const sse = { subscribe: ["*"], publish: ["a", "c/*", "made-up/*"] };
    const sign = (seconds: number, key = jwtKey) =>
      signHs256({ exp: nowSeconds + seconds, sse }, key);
    const [good, expiring, expired] = await Promise.all([sign(60), sign(2), sign(-1)]);
    const other = await sign(60, jwtKey.toUpperCase());
    const bearer = (token: string) => `Authorization: Bearer ${token}`;
    const cookies = [good, expiring].map((token) => `Cookie: sse_token=${token}`);
    const tokens = [
      expired,
      other,
      good.slice(1),
      `${good}.`,
      "a".repeat(9_000),
      "",
      "\xff",
      "a b",
    ];
    this.#knowledge = {
      goodTokens: [...[publishToken, publishToken, good, expiring].map(bearer), ...cookies],
      badTokens: [
        ...tokens.map(bearer),
        `Authorization: Basic ${good}`,
        `Cookie: sse_token=${expired}`,
      ],
      ids: [ids[0] ?? "", ids.at(-1) ?? ""],
    };
  }

  /** The seed, and the visits that began last. */
  describe(): string {
    const { seed, first = 0 } = this.#options;
    const end = first + this.visits;
    const numbers = Array.from({ length: Math.min(STRANGERS, this.visits) }, (_, i) => end - i - 1);
    const last = numbers.map((number) => this.#describe(number, 300)).join("\n");
    return `Seed ${seed}, the last visits, the newest first:\n${last}`;
  }

  #describe(number: number, length: number): string {
    const visit = makeVisit(this.#options.seed, number, this.#knowledge);
    const text = JSON.stringify(visit).slice(0, 100_000);
    const isRepeated = /([^]{1,10}?)\1{20,}/g;
    const short = text.replace(
      isRepeated,
      (all, part: string) => `${part}<${all.length / part.length} times>`,
    );
    return `Visit ${number}: ${short.slice(0, length)}`;
  }
}

/** Makes a visit; no error of the connection matters. Returns the statuses that the client read. */
async function carryOut(visit: Visit, { hostname, port }: URL): Promise<number[]> {
  const socket = await Deno.connect({ hostname, port: Number(port) });
  const { promise: over, resolve: leave } = Promise.withResolvers<void>();
  const timer = setTimeout(leave, (visit.pieces.length - 1) * visit.pauseMs + visit.staysMs);
  const statuses: number[] = [];
  const reading = visit.isReading ? readStatuses(socket, statuses).then(leave) : undefined;
  const writing = write(socket, visit);
  await over;
  clearTimeout(timer);
  // Ends a write that the server does not read, and a read to which the server does not write.
  socket.close();
  await Promise.all([reading, writing]);
  return statuses;
}

async function write(socket: Deno.TcpConn, visit: Visit): Promise<void> {
  try {
    for (const [i, piece] of visit.pieces.entries()) {
      if (i > 0) await new Promise((resolve) => setTimeout(resolve, visit.pauseMs));
      const bytes = new Uint8Array(piece.length);
      for (let j = 0; j < bytes.length; j++) bytes[j] = piece.charCodeAt(j);
      for (let sent = 0; sent < bytes.length;) sent += await socket.write(bytes.subarray(sent));
    }
    if (visit.isHalfClosing) await socket.closeWrite();
  } catch {
    // The server closed the connection, or the visit is over.
  }
}

/** Reads to the end, and notes the status of each answer. */
async function readStatuses(socket: Deno.TcpConn, statuses: number[]): Promise<void> {
  const buffer = new Uint8Array(65_536);
  const decoder = new TextDecoder("latin1");
  let text = "";
  try {
    for (let n = await socket.read(buffer); n; n = await socket.read(buffer)) {
      // A status line may be cut in two, and must not be found twice.
      text = text.slice(1 - STATUS_LENGTH) + decoder.decode(buffer.subarray(0, n));
      statuses.push(...Array.from(text.matchAll(STATUS), ([, status]) => Number(status)));
    }
  } catch {
    // The server reset the connection, or the visit is over.
  }
}

const STATUS = /HTTP\/1\.[01] (\d{3})/g;
const STATUS_LENGTH = "HTTP/1.1 200".length;
