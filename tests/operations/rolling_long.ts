import { assertEquals } from "@std/assert";
import { lacks } from "../program.ts";
import { ServerProcess } from "../server/support.ts";
import { until } from "../wait.ts";

const PUBLISH_TOKEN = "a-token-for-rolling";

/** An `EventSource` that notes the numbers it gets. */
class Listener implements Disposable {
  readonly seen: number[] = [];
  readonly #source: EventSource;

  constructor(url: URL) {
    this.#source = new EventSource(new URL("/sse?stream=news", url));
    this.#source.onmessage = ({ data }) => this.seen.push(Number(data));
  }

  [Symbol.dispose](): void {
    this.#source.close();
  }
}

/** Publishes a number, and again until it is accepted. Returns how often it was refused. */
async function publish(url: URL, n: number): Promise<number> {
  for (let refused = 0;; refused++) {
    const response = await fetch(new URL("/sse?stream=news", url), {
      method: "POST",
      headers: { authorization: `Bearer ${PUBLISH_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ id: `n${n}`, data: `${n}` }),
    }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return refused;
  }
}

Deno.test({
  name: "clients of servers that are replaced one by one get every event once, in order",
  ignore: await lacks("net", "read", "write", "run"),
  async fn() {
    const folder = await Deno.makeTempDir();
    const shared = { REUSE_PORT: "true", EVENT_LOG: "kv", KV_PATH: `${folder}/hub.sqlite` };
    const settings = { ...shared, PUBLISH_TOKEN, DRAIN_SECONDS: "2" };
    await using stack = new AsyncDisposableStack();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    let server = stack.use(new ServerProcess(settings, { folder }));
    const url = await server.url();
    const listeners = Array.from({ length: 20 }, () => stack.use(new Listener(url)));
    let sent = 0;
    const refused: number[] = [];
    const isOver = new AbortController();
    const publishing = (async () => {
      while (!isOver.signal.aborted) {
        refused.push(await publish(url, ++sent));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    await until(() => listeners.every(({ seen }) => seen.length > 0));
    for (let i = 0; i < 2; i++) {
      const next = stack.use(new ServerProcess({ ...settings, PORT: url.port }, { folder }));
      await next.url();
      server.kill("SIGTERM");
      assertEquals(await server.exitCode(), 0);
      server = next;
      const count = sent + 40;
      await until(() => listeners.every(({ seen }) => seen.at(-1)! >= count));
    }
    isOver.abort();
    await publishing;
    await until(() => listeners.every(({ seen }) => seen.at(-1) === sent));
    for (const { seen } of listeners) {
      const first = seen[0]!;
      assertEquals(seen, Array.from({ length: sent - first + 1 }, (_, i) => first + i));
    }
    assertEquals(refused.filter((count) => count > 1), []);
  },
});
