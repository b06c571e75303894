/** What frameworks and their middleware do with the responses of a hub, as lib/README.md says. */

import { assert, assertEquals } from "@std/assert";
import { createServer, type ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { BroadcastHub } from "../lib/mod.ts";
import { readCodeBlocks } from "./code_blocks.ts";
import { lacks } from "./program.ts";
import { lacksNpm } from "./recipes.ts";
import { RawClient } from "./npm/server.ts";
import { macrotask, soon, until } from "./wait.ts";

const ignore = await lacks("net", "read", "write", "run");
const isNpmMissing = ignore || await lacksNpm();
// Node's servers and the modules of npm keep timers of their own.
const options = { sanitizeOps: false, sanitizeResources: false };

// Not written into the imports: without npm the other tests must run.
const HONO = "npm:hono@4";
const ETAG = "npm:hono@4/etag";
const COMPRESS = "npm:hono@4/compress";
const EXPRESS = "npm:express@5";
const COMPRESSION = "npm:compression@1";
const KIT = "npm:@sveltejs/kit@2/node";

/** Reads a response until its text includes another text, and returns all so far. */
async function readUntil(response: Response, text: string): Promise<string> {
  let got = "";
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  while (!got.includes(text)) {
    const { value, done } = await soon(reader.read(), () => `${text} in ${got}`);
    if (done) break;
    got += value;
  }
  await reader.cancel();
  return got;
}

const REQUEST = new Request("http://localhost/sse?stream=a", {
  headers: { "accept-encoding": "gzip" },
});

Deno.test({
  name: "the handlers of the recipe for SvelteKit and Next publish and subscribe, with one hub",
  ignore,
  // The hubs of the recipe have no end.
  ...options,
  async fn() {
    const blocks = (await readCodeBlocks("lib/README.md"))
      .filter(({ headings }) => headings.at(-1) === "SvelteKit and Next");
    assertEquals(blocks.length, 6);
    const folder = await Deno.makeTempDir();
    const hub = new URL("../lib/mod.ts", import.meta.url).href;
    for (const { name, text } of blocks) {
      const file = new URL(name!, `file://${folder}/`);
      await Deno.mkdir(new URL("./", file), { recursive: true });
      const code = text.replace("@sse/hub", hub)
        .replace("$lib/", `file://${folder}/src/lib/`).replace("@/", `file://${folder}/`);
      await Deno.writeTextFile(file, code);
    }
    for (
      const { sse, orders, isKit } of [
        { sse: "src/routes/sse/+server.js", orders: "src/routes/orders/+server.js", isKit: true },
        { sse: "app/sse/route.js", orders: "app/orders/route.js", isKit: false },
      ]
    ) {
      const given = (request: Request) => isKit ? { request } : request;
      const { GET } = await import(`file://${folder}/${sse}`);
      const { POST } = await import(`file://${folder}/${orders}`);
      const response: Response = GET(given(new Request("http://localhost/sse?stream=orders")));
      const posted = new Request("http://localhost/orders", { method: "POST", body: "Tea" });
      assertEquals((await (await POST(given(posted))).json()).subscribers, 1);
      assert((await readUntil(response, "data: Tea\n")).startsWith("retry: 2000\n"));
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "SvelteKit's own server sends events at once, and ends a subscription that was left",
  ignore: isNpmMissing,
  ...options,
  async fn() {
    const { getRequest, setResponse } = await import(KIT);
    await using hub = new BroadcastHub({ heartbeatMs: 0 });
    const server = createServer(async (incoming, outgoing) => {
      const request = await getRequest({ request: incoming, base: "http://localhost" });
      await setResponse(outgoing, hub.subscribe(request));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const response = await fetch(`http://127.0.0.1:${port}/sse?stream=a`);
    await hub.publish("a", "Tea");
    await readUntil(response, "data: Tea\n");
    await until(() => hub.stats().subscribers === 0);
    server.close();
  },
});

Deno.test({
  name: "compress() of Hono leaves a stream alone",
  ignore: isNpmMissing,
  ...options,
  async fn() {
    const [{ Hono }, { compress }] = await Promise.all([import(HONO), import(COMPRESS)]);
    await using hub = new BroadcastHub();
    const app = new Hono().use(compress())
      .get("/sse", (c: { req: { raw: Request } }) => hub.subscribe(c.req.raw));
    const response: Response = await app.fetch(REQUEST);
    assertEquals(response.headers.get("content-encoding"), null);
    await hub.publish("a", "Tea");
    await readUntil(response, "data: Tea\n");
  },
});

Deno.test({
  name: "etag() of Hono answers only once the stream has ended",
  ignore: isNpmMissing,
  ...options,
  async fn() {
    const [{ Hono }, { etag }] = await Promise.all([import(HONO), import(ETAG)]);
    await using hub = new BroadcastHub();
    const app = new Hono().use(etag())
      .get("/sse", (c: { req: { raw: Request } }) => hub.subscribe(c.req.raw));
    let isAnswered = false;
    const answer: Promise<Response> = app.fetch(REQUEST);
    answer.then(() => isAnswered = true);
    await until(() => hub.stats().subscribers === 1);
    await hub.publish("a", "Tea");
    for (let turn = 0; turn < 20; turn++) await macrotask();
    assert(!isAnswered);
    await hub.end("a");
    assert((await (await soon(answer, () => "the answer")).text()).includes("data: Tea\n"));
  },
});

for (const isReplaced of [false, true]) {
  const does = isReplaced ? "compresses a stream without no-transform" : "leaves a stream alone";
  Deno.test({
    name: `compression() of Express ${does}`,
    ignore: isNpmMissing,
    ...options,
    async fn() {
      const [{ default: express }, { default: compression }] = await Promise
        .all([import(EXPRESS), import(COMPRESSION)]);
      await using hub = new BroadcastHub();
      const app = express().use(compression());
      app.get("/sse", (_: unknown, outgoing: ServerResponse) => {
        const { status, headers, body } = hub.subscribe(REQUEST);
        const fields = Object.fromEntries(headers);
        const replaced = isReplaced ? { "cache-control": "no-cache" } : {};
        outgoing.writeHead(status, { ...fields, ...replaced });
        pipeline(Readable.fromWeb(body as never), outgoing, () => {});
      });
      const { promise: listening, resolve } = Promise.withResolvers<void>();
      const server = app.listen(0, "127.0.0.1", resolve);
      await listening;
      using client = await RawClient.connect(new URL(`http://127.0.0.1:${server.address().port}`));
      await client.send("GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n");
      await until(() => hub.stats().subscribers === 1);
      await hub.publish("a", "Tea");
      // What the compressor holds back leaves it with the end.
      if (isReplaced) await hub.end("a");
      await client.until(isReplaced ? /\r\ncontent-encoding: gzip\r\n/i : /data: Tea\n/);
      assertEquals(/content-encoding/i.test(client.text), isReplaced);
      client[Symbol.dispose]();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

Deno.test("a cloned response keeps its subscription until both bodies are cancelled", async () => {
  await using hub = new BroadcastHub();
  const response = hub.subscribe(REQUEST);
  const clone = response.clone();
  const cancelled = response.body!.cancel();
  await macrotask();
  assertEquals(hub.stats().subscribers, 1);
  await clone.body!.cancel();
  await cancelled;
  assertEquals(hub.stats().subscribers, 0);
});
