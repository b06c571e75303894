/**
 * Runs the example of a Durable Object in workerd.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { freePort, Program } from "../program.ts";
import { until } from "../wait.ts";
import { bundle, ROOT } from "./bundle.ts";
import { isNpmMissing } from "./npm_missing.ts";
import { install } from "./runtimes.ts";
import { RawClient } from "./server.ts";

const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .hub)],
  sockets = [(name = "http", address = "127.0.0.1:PORT", http = (), service = "main")],
);
const hub :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-01-01",
  durableObjectNamespaces = [(className = "HubObject", uniqueKey = "hub")],
  durableObjectStorage = (inMemory = void),
  bindings = [(name = "HUB", durableObjectNamespace = "HubObject")],
);
`;

Deno.test({
  name: "a hub in a Durable Object of workerd sends events, resumes clients and keeps names apart",
  ignore: isNpmMissing,
  async fn() {
    const { program, folder } = await install();
    const file = JSON.stringify(`${ROOT}tests/examples/durable_object.ts`);
    await bundle({
      program: `export { default, HubObject } from ${file};`,
      shim: file,
      outfile: `${folder}/worker.mjs`,
    });
    const port = freePort();
    await Deno.writeTextFile(`${folder}/config.capnp`, CONFIG.replace("PORT", `${port}`));
    const env = { PATH: Deno.env.get("PATH")! };
    const args = ["serve", "config.capnp"];
    await using workerd = new Program(program("workerd"), { args, cwd: folder, env });
    const url = new URL(`http://127.0.0.1:${port}/`);
    const publish = async (text: string) => {
      const body = { method: "POST", body: text };
      return await (await fetch(new URL("/team-7/sse?stream=a", url), body)).json();
    };
    await until(async () => await publish("first").then(() => true, () => false));

    const subscribe = async (path: string, headers = "") => {
      const client = await RawClient.connect(url);
      const accept = "Accept: text/event-stream\r\n";
      await client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${accept}${headers}\r\n`);
      return client;
    };
    using client = await subscribe("/team-7/sse?stream=a");
    const [, id] = await client.until(/event: hello\n[^]*?\nid: (\S+)\n/);
    const { subscribers } = await publish("second");
    assertEquals(subscribers, 1);
    await client.until(/data: second\n/);
    using resumed = await subscribe("/team-7/sse?stream=a", `Last-Event-ID: ${id}\r\n`);
    await resumed.until(/data: second\n/);
    assert(!resumed.text.includes("first"));
    using other = await subscribe("/team-8/sse?stream=a&since=earliest");
    await other.until(/event: hello\n/);
    assert(!other.text.includes("data: second"));
    assertEquals(workerd.stderr.all.filter((line) => line.includes("rror")), []);
  },
});
