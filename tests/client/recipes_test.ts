import { assertEquals } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { type CodeBlock, readCodeBlocks } from "../code_blocks.ts";
import { isMissing, lacks, Program } from "../program.ts";
import { until } from "../wait.ts";
import { mount } from "./files/react.ts";
import { disposeScope } from "./files/vue.ts";

const ignore = await lacks("net", "read", "write");
const blocks = ignore ? [] : await readCodeBlocks("lib/client/README.md");

/** A hub at a URL, and the module of a recipe. */
async function stand(name: string) {
  await using stack = new AsyncDisposableStack();
  const hub = stack.use(new BroadcastHub({ heartbeatMs: 0 }));
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => hub.subscribe(request),
  );
  stack.defer(() => server.shutdown());
  const module = await load(blocks.find((block) => block.name === name)!);
  const all = stack.move();
  const url = `http://127.0.0.1:${server.addr.port}/sse?stream=news`;
  return { hub, url, module, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Imports the code of a recipe, with what it imports from packages. */
async function load({ text }: CodeBlock): Promise<Record<string, CallableFunction>> {
  const code = text.replace(
    /from "([^".]+)"/g,
    (_, name: string) =>
      `from "${
        name === "@sse/hub/client"
          ? new URL("../../lib/client/mod.ts", import.meta.url)
          : new URL(`files/${name}.ts`, import.meta.url)
      }"`,
  );
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, code);
    return await import(`file://${file}`);
  } finally {
    await Deno.remove(file);
  }
}

const options = { ignore, sanitizeOps: false, sanitizeResources: false };

Deno.test({
  name: "the hook for React has the newest event, and closes when its component is removed",
  ...options,
  async fn() {
    await using stage = await stand("use_events.ts");
    const seen: { data: string | undefined; state: string }[] = [];
    const remove = mount(() => seen.push(stage.module.useEvents!(stage.url)));
    await until(() => seen.at(-1)?.state === "open");
    await until(() => stage.hub.stats().subscribers === 1);
    await stage.hub.publish("news", "Tea");
    await until(() => seen.at(-1)?.data === "Tea");
    assertEquals(seen[0], { data: undefined, state: "connecting" });
    remove();
    await until(() => stage.hub.stats().subscribers === 0);
  },
});

Deno.test({
  name: "the same for Vue has the newest event, and closes with its scope",
  ...options,
  async fn() {
    await using stage = await stand("use_latest.ts");
    const latest = stage.module.useLatest!(stage.url);
    await until(() => stage.hub.stats().subscribers === 1);
    await stage.hub.publish("news", "Tea");
    await until(() => latest.value === "Tea");
    disposeScope();
    await until(() => stage.hub.stats().subscribers === 0);
  },
});

Deno.test({
  name: "the service worker reads what is new since the last time, and ends",
  ...options,
  async fn() {
    await using stage = await stand("read_news.ts");
    const kept = new Map<string, string>();
    const shown: string[] = [];
    const read = () => stage.module.readNews!(stage.url, kept, (text: string) => shown.push(text));
    await stage.hub.publish("news", "before");
    const first = read();
    await until(() => stage.hub.stats().subscribers === 1);
    await stage.hub.publish("news", "Tea");
    await first;
    await stage.hub.publish("news", "Cake");
    await read();
    assertEquals(shown, ["Tea", "Cake"]);
    await until(() => stage.hub.stats().subscribers === 0);
  },
});

Deno.test({
  name: "the program for Node prints what is published, and ends with the stream",
  ignore: ignore || await lacks("run") || await isMissing("/usr/bin/node"),
  async fn() {
    await using hub = new BroadcastHub({ heartbeatMs: 0 });
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => hub.subscribe(request),
    );
    const { text } = blocks.find(({ name }) => name === "follow.ts")!;
    const code = text
      .replace("@sse/hub/client", `${new URL("../../static/client.js", import.meta.url)}`)
      .replace("localhost:8080", `127.0.0.1:${server.addr.port}`);
    await using program = new Program("/usr/bin/node", {
      args: ["--input-type=module", "--eval", code],
    });
    await until(() => hub.stats().subscribers === 1);
    await hub.publish("time", "Tea");
    await program.stdout.line("Tea");
    await hub.end("time");
    assertEquals(await program.exitCode(), 0);
  },
});
