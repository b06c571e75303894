/**
 * A server with clients in front of it, each subscribed to the stream that has its name, and what is seen
 * of them: their requests, and what they report.
 *
 * @module
 */

import { readLines } from "../program.ts";
import { until } from "../wait.ts";
import { Browser } from "../browser/support.ts";
import type { Client } from "./clients.ts";
import { Relay, type SeenRequest } from "./relay.ts";
import { serveSite } from "./site.ts";

/** What a client reports: see `drivers.js`. */
export interface Report {
  readonly client: string;
  readonly kind: "event" | "control" | "error" | "end" | "thrown";
  readonly text: string;
  readonly atMs: number;
}

/**
 * What a client is to do after an ending: come back (`return`), come again from time to time until it is
 * served (`wait`), nothing more (`over`), nothing after it has come (`never`), or give up (`refused`).
 */
export type Kind = "return" | "wait" | "over" | "never" | "refused";

/** The time after an ending. */
export interface Part {
  readonly id: string;
  readonly kind: Kind;
  /** The control event that tells of what is missing then. */
  readonly told: "gap" | "reset" | undefined;
  /** When it began, as `Date.now()` tells. */
  readonly atMs: number;
  /** When the next one began. */
  endMs: number;
  /** The numbers that were published in it. */
  readonly sent: number[];
}

/** Where the clients run. */
export interface Runtimes {
  /** The folder in which npm has installed the packages. */
  readonly packages: string;
  /** The certificate of the authority that servers with TLS are to be trusted by; `""` for none. */
  readonly authority: string;
}

/** How clients reach the relay. */
export type Front = (relayPort: number) => Promise<{ readonly url: URL } & AsyncDisposable>;

/** Clients that use a server. Ends with the scope. */
export class Stand implements AsyncDisposable {
  /** What clients have reported, in order. */
  readonly reports: Report[] = [];
  /** The endings so far. */
  readonly parts: Part[] = [];
  readonly relay: Relay;
  readonly #stack: AsyncDisposableStack;
  #token = "";
  #published = 0;

  private constructor(
    readonly clients: readonly Client[],
    readonly runtimes: Runtimes,
    relay: Relay,
    stack: AsyncDisposableStack,
  ) {
    this.relay = relay;
    this.#stack = stack;
  }

  /** Makes it without a server and with no client started. */
  static make(clients: readonly Client[], runtimes: Runtimes): Stand {
    const stack = new AsyncDisposableStack();
    const site = stack.adopt(serveSite(runtimes.packages), (server) => server.shutdown());
    const relay = stack.use(
      new Relay(new URL("http://127.0.0.1:1"), new URL(`http://127.0.0.1:${site.addr.port}`)),
    );
    return new Stand(clients, runtimes, relay, stack);
  }

  /** Ends something with the stand. */
  use<T extends AsyncDisposable | Disposable>(thing: T): T {
    return this.#stack.use(thing);
  }

  /** Does something at the end of the stand. */
  defer(end: () => Promise<void>): void {
    this.#stack.defer(end);
  }

  /** Notes that an ending begins. */
  mark(id: string, kind: Kind, told?: "gap" | "reset"): void {
    const last = this.parts.at(-1);
    const atMs = Date.now();
    if (last) last.endMs = atMs;
    this.parts.push({ id, kind, told, atMs, endMs: Infinity, sent: [] });
  }

  /** Lets clients use a server from now on. */
  serve(server: URL, token: string): void {
    this.relay.server = server;
    this.#token = token;
  }

  /** Makes every stream, with an event that no client waits for. */
  async prepare(): Promise<void> {
    await Promise.all(this.clients.map((client) => this.send(client, client.event(0))));
  }

  /** Starts every client, and waits until each has its stream. */
  async start(front: Front = direct): Promise<void> {
    const { url } = this.use(await front(this.relay.port));
    const urlOf = ({ id, runsIn, query: more = "" }: Client) => {
      const host = runsIn === "chromium" ? `${id}.localhost` : "127.0.0.1";
      return `${url.protocol}//${host}:${url.port}/sse?stream=${id}${more}`;
    };
    const of = (place: Client["runsIn"]) =>
      this.clients.filter(({ runsIn }) => runsIn === place).map((it) =>
        [it.id, urlOf(it)] as const
      );
    this.#run(of("node"), "node", []);
    this.#run(of("deno"), Deno.execPath(), ["run", "--no-lock", "--allow-all"]);
    for (const [id, address] of of("curl")) this.#runInShell(id, ["curl", "-sN", address]);
    const script = new URL("read_events.py", import.meta.url).pathname;
    for (const [id, address] of of("python3")) {
      this.#runInShell(id, ["python3", "-u", script, address]);
    }
    await this.#browse(of("chromium"));
  }

  /** Waits until each client has got an answer. */
  async connected(): Promise<void> {
    await this.#each(({ id }) => this.requestsOf(id).some(({ status }) => status), "an answer to");
  }

  /** Waits until each client has shown a number, but for those that have thrown. */
  async shown(n: number): Promise<void> {
    const hasThrown = ({ id }: Client) =>
      this.reports.some(({ client, kind }) => client === id && kind === "thrown");
    await this.#each((it) => this.eventsOf(it.id).includes(n) || hasThrown(it), `event ${n} at`);
  }

  async #each(isSo: (client: Client) => boolean, what: string): Promise<void> {
    const missing = () => this.clients.filter((client) => !isSo(client));
    const names = () => `${what} ${missing().map(({ id }) => id).join(", ")}`;
    await until(() => missing().length === 0, names);
  }

  /** The requests of a client. */
  requestsOf(id: string): SeenRequest[] {
    return this.relay.requests.filter(({ client }) => client === id);
  }

  /** The numbers that a client has shown. */
  eventsOf(id: string): number[] {
    return this.reports.filter(({ client, kind }) => client === id && kind === "event")
      .map(({ text }) => Number(text)).filter((n) => n > 0);
  }

  /** Publishes the next number to every client. */
  async publish(): Promise<number> {
    const n = ++this.#published;
    this.parts.at(-1)?.sent.push(n);
    await Promise.all(this.clients.map((client) => this.send(client, client.event(n))));
    return n;
  }

  /** Publishes an event for one client. */
  async send({ id }: Client, event: object): Promise<void> {
    const response = await fetch(new URL(`/sse?stream=${id}`, this.relay.server), {
      method: "POST",
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json" },
      body: JSON.stringify(event),
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    await response.body?.cancel();
  }

  /** Ends every stream. */
  async end(): Promise<void> {
    for (const client of this.clients) {
      if (client.done) await this.send(client, client.done);
      const url = new URL(`/sse?stream=${client.id}`, this.relay.server);
      const headers = { authorization: `Bearer ${this.#token}` };
      await (await fetch(url, { method: "DELETE", headers })).body?.cancel();
    }
  }

  /** Ends all of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #report(client: string, kind: Report["kind"], text: string): void {
    this.reports.push({ client, kind, text, atMs: Date.now() });
  }

  #run(clients: readonly (readonly [string, string])[], command: string, args: string[]): void {
    if (clients.length === 0) return;
    const script = `${this.runtimes.packages}/run_drivers.js`;
    this.#spawn(command, [...args, script, JSON.stringify(clients)], (line) => {
      const { client, kind, text } = JSON.parse(line);
      this.#report(client, kind, text);
    });
  }

  #runInShell(id: string, [command = "", ...args]: readonly string[]): void {
    const ended = this.#spawn(command, args, (line) => {
      const [, name, value = ""] = /^(data|event): (.*)$/.exec(line) ?? [];
      if (name === "event") this.#report(id, "control", value);
      if (name === "data" && /^\d+$/.test(value)) this.#report(id, "event", value);
    });
    ended.then((code) => this.#report(id, "end", `${code}`));
  }

  /** Runs a program until the stand ends, and returns its exit code. */
  #spawn(command: string, args: readonly string[], read: (line: string) => void): Promise<number> {
    const { packages, authority } = this.runtimes;
    const child = new Deno.Command(command, {
      args: [...args],
      cwd: packages,
      clearEnv: true,
      env: {
        HOME: packages,
        PATH: Deno.env.get("PATH") ?? "",
        ...authority !== "" && {
          NODE_EXTRA_CA_CERTS: authority,
          DENO_CERT: authority,
          SSL_CERT_FILE: authority,
          CURL_CA_BUNDLE: authority,
        },
      },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const printed = Promise.all([readLines(child.stdout, read), readLines(child.stderr, () => {})]);
    this.#stack.defer(async () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
      await child.status;
      await printed;
    });
    return printed.then(async () => (await child.status).code);
  }

  async #browse(clients: readonly (readonly [string, string])[]): Promise<void> {
    if (clients.length === 0) return;
    const browser = this.use(await Browser.start({ ignoreHTTPSErrors: true }));
    await Promise.all(clients.map(async ([id, url]) => {
      const page = await browser.open("about:blank");
      page.on("console", (entry) => {
        if (entry.type() !== "log" || !entry.text().startsWith("{")) return;
        const { client, kind, text } = JSON.parse(entry.text());
        this.#report(client, kind, text);
      });
      page.on("pageerror", (error) => this.#report(id, "thrown", `${error}`));
      await page.goto(`${new URL(`/${id}?url=${encodeURIComponent(url)}`, url)}`);
    }));
  }
}

const direct: Front = (port) =>
  Promise.resolve({
    url: new URL(`http://127.0.0.1:${port}`),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
