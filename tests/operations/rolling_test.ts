import { assertEquals, assertMatch } from "@std/assert";
import { lacks } from "../program.ts";
import { Body, ServerProcess } from "../server/support.ts";
import { until } from "../wait.ts";

const HEADERS = { accept: "text/event-stream" };

/** Sends a request on a new connection. */
async function ask(url: URL, path: string): Promise<Response> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  return await fetch(new URL(path, url), { headers: HEADERS, client });
}

async function isReady(url: URL): Promise<boolean> {
  const response = await ask(url, "/readyz");
  await response.body?.cancel();
  return response.status === 200;
}

Deno.test({
  name: "a server that stops leaves new clients to the other process on its port",
  ignore: await lacks("net", "read", "write", "run"),
  sanitizeResources: false, // the clients of the connections stay open
  async fn() {
    const folder = await Deno.makeTempDir();
    const settings = {
      REUSE_PORT: "true",
      EVENT_LOG: "kv",
      KV_PATH: `${folder}/hub.sqlite`,
      DRAIN_SECONDS: "5",
    };
    await using old = new ServerProcess(settings, { folder });
    const url = await old.url();
    const body = new Body(await ask(url, "/sse?stream=news"));
    await body.until(/hello/);
    await using young = new ServerProcess({ ...settings, PORT: url.port }, { folder });
    await young.url();
    old.kill("SIGTERM");
    await old.stdout.line("Stopping");
    await until(() => isReady(url));
    const answers = await Promise.all(Array.from({ length: 40 }, () => isReady(url)));
    assertEquals(new Set(answers), new Set([true]));
    const goaway = /event: goaway\nretry: \d{3}\ndata: \{"reason":"draining"\}\n\n$/;
    assertMatch(await body.end(), goaway);
    assertEquals([body.isCut, await old.exitCode(), old.stderr.all], [true, 0, []]);
  },
});
