import { assertEquals } from "@std/assert";
import { BroadcastHub } from "../../lib/hub/hub.ts";
import { isMissing, lacks, Program } from "../program.ts";
import { until } from "../wait.ts";

const ignore = await lacks("net", "read", "write", "run") || await isMissing("/usr/bin/env");

/** A program that prints the events of a stream, and exits at its end. */
const PROGRAM = `
import { subscribe } from "${new URL("../../static/client.js", import.meta.url)}";
const [url] = globalThis.Deno?.args ?? process.argv.slice(-1);
for await (const { event, data } of subscribe(url)) console.log(event, data);
console.log("ended");
`;

const RUNTIMES: readonly (readonly [name: string, command: string, args: readonly string[]])[] = [
  ["Node", "node", ["--input-type=module", "--eval", PROGRAM]],
  ["Bun", "bun", ["--eval", PROGRAM]],
];

/** Whether a program is not in the path. */
async function lacksProgram(command: string): Promise<boolean> {
  if (ignore) return true;
  const { success } = await new Deno.Command("/usr/bin/env", { args: ["which", command] }).output();
  return !success;
}

/** A body that breaks where its second chunk would come. */
function cutAtSecondChunk(): TransformStream<Uint8Array, Uint8Array> {
  let count = 0;
  return new TransformStream({
    transform(chunk, controller) {
      if (++count === 1) controller.enqueue(chunk);
      else controller.error(new Error("cut"));
    },
  });
}

for (const [name, command, args] of RUNTIMES) {
  Deno.test({
    name: `static/client.js reconnects and resumes in ${name}, and ends with the stream`,
    ignore: await lacksProgram(command),
    async fn() {
      await using hub = new BroadcastHub({ retryMs: 100 });
      let connections = 0;
      await using _server = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen() {}, onError: () => new Response(null) },
        (request) => {
          const response = hub.subscribe(request);
          if (++connections > 1) return response;
          return new Response(response.body!.pipeThrough(cutAtSecondChunk()), response);
        },
      );
      const url = `http://127.0.0.1:${_server.addr.port}/?stream=news`;
      await using program = new Program(command, {
        args: [...args, "--", url],
        env: { PATH: Deno.env.get("PATH")!, HOME: Deno.env.get("HOME") ?? "/" },
      });
      await until(() => hub.stats().subscribers === 1);
      await hub.publish("news", "Tea");
      await until(() => connections === 2);
      await program.stdout.line("message Tea");
      await hub.publish("news", "Cake");
      await program.stdout.line("message Cake");
      await hub.end("news");
      await program.stdout.line("ended");
      assertEquals(await program.exitCode(), 0);
    },
  });
}
