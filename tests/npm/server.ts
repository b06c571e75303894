/**
 * The whole server as a process on any runtime, and a client that sees the bytes of its connection.
 *
 * @module
 */

import { Program } from "../program.ts";
import { soon } from "../wait.ts";
import { install } from "./runtimes.ts";

/** The token of every server here. */
export const TOKEN = "a-token-for-the-sockets";

/** A server on a runtime, killed at the end of the scope. */
export class RuntimeProcess extends Program {
  private constructor(command: string, options: Deno.CommandOptions) {
    super(command, options);
  }

  /** Starts it. Nothing silences a quiet connection: there are no heartbeats. */
  static async start(
    runtime: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<RuntimeProcess> {
    const { folder, program } = await install();
    const main = `${folder}/node_modules/@sse/hub/main.js`;
    const [command, args, cwd] = runtime === "deno"
      ? [Deno.execPath(), ["run", "-A", "main.ts"], new URL("../../", import.meta.url).pathname]
      : [program(runtime), [main], folder];
    const env = {
      HOST: "127.0.0.1",
      PORT: "0",
      PUBLISH_TOKEN: TOKEN,
      HEARTBEAT_SECONDS: "0",
      NO_COLOR: "1",
      HOME: folder,
      ...settings,
    };
    return new RuntimeProcess(command, { args, cwd, env });
  }

  /** Waits until it listens, and returns its address. */
  async url(): Promise<URL> {
    const line = await this.stdout.line("Listening on ");
    return new URL(/Listening on ([^" ]*)/.exec(line)![1]!);
  }

  /** Its resident memory in bytes. */
  async memoryBytes(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1_024;
  }
}

/** Publishes a text, and returns the status of the answer. */
export async function publish(url: URL, stream: string, body: BodyInit): Promise<number> {
  const headers = { "authorization": `Bearer ${TOKEN}`, "content-type": "text/plain" };
  const response = await fetch(new URL(`/sse?stream=${stream}`, url), {
    method: "POST",
    headers,
    body,
  });
  await response.body?.cancel();
  return response.status;
}

/** A client on a socket. */
export class RawClient implements Disposable {
  /** All text so far. */
  text = "";
  /** Whether the server has closed the connection. */
  isEnded = false;
  readonly #socket: Deno.TcpConn;

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** Connects. */
  static async connect({ hostname, port }: URL): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Subscribes to streams. `headers` end in line breaks. */
  static async subscribe(url: URL, query: string, headers = ""): Promise<RawClient> {
    const client = await RawClient.connect(url);
    const accept = "Accept: text/event-stream\r\n";
    await client.send(`GET /sse?${query} HTTP/1.1\r\nHost: localhost\r\n${accept}${headers}\r\n`);
    return client;
  }

  /** Sends text. */
  async send(text: string): Promise<void> {
    for (let bytes = new TextEncoder().encode(text); bytes.length > 0;) {
      bytes = bytes.subarray(await this.#socket.write(bytes));
    }
  }

  /** Reads until the text matches, or the connection ends. Returns the match. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.text);
      if (match) return match;
      if (this.isEnded) throw new Error(`${pattern} is not in ${JSON.stringify(this.text)}`);
      await this.#read(() => `${pattern} in ${JSON.stringify(this.text)}`);
    }
  }

  /** Reads until the server closes the connection, cleanly or not. */
  async end(): Promise<string> {
    while (!this.isEnded) await this.#read(() => `the end of ${JSON.stringify(this.text)}`);
    return this.text;
  }

  async #read(what: () => string): Promise<void> {
    const buffer = new Uint8Array(65_536);
    const reading = this.#socket.read(buffer).catch(() => null);
    const length = await soon(reading, what);
    if (length === null) this.isEnded = true;
    else this.text += new TextDecoder().decode(buffer.subarray(0, length));
  }

  /** Closes its half of the connection: the server gets a FIN, and later bytes get a RST. */
  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // It is closed.
    }
  }
}
