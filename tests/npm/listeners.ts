/**
 * Tests of the listeners of Node and Bun alone, with handlers of their own.
 *
 * @module
 */

import { Program } from "../program.ts";
import { isNpmMissing, testedRuntimes } from "./npm_missing.ts";
import { install } from "./runtimes.ts";
import { RawClient } from "./server.ts";

for (const runtime of testedRuntimes) {
  Deno.test({
    name: `the listener on ${runtime} cancels a body whose client left before the response`,
    ignore: isNpmMissing,
    async fn() {
      const { folder, program } = await install();
      const name = runtime === "bun" ? "Bun" : "Node";
      const file = `@sse/hub/lib/server/listeners/serve_by_${name.toLowerCase()}.js`;
      await Deno.writeTextFile(
        `${folder}/listener-${runtime}.mjs`,
        `import { serveBy${name} } from "./node_modules/${file}";
        const onListen = ({ port }) => console.log("Listening on " + port);
        const onError = () => new Response(null, { status: 500 });
        serveBy${name}({ hostname: "127.0.0.1", port: 0, onListen, onError }, async (request, info) => {
          console.log("asked");
          const aborted = new Promise((resolve) => request.signal.addEventListener("abort", resolve));
          await Promise.race([aborted, info.completed ?? aborted]);
          const start = (controller) => controller.enqueue(new Uint8Array(9));
          return new Response(new ReadableStream({ start, cancel: () => console.log("cancelled") }));
        });`,
      );
      await using server = new Program(program(runtime), {
        args: [`listener-${runtime}.mjs`],
        cwd: folder,
      });
      const port = (await server.stdout.line("Listening on ")).split(" ").at(-1);
      const client = await RawClient.connect(new URL(`http://127.0.0.1:${port}`));
      await client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await server.stdout.line("asked");
      client[Symbol.dispose]();
      await server.stdout.line("cancelled");
    },
  });
}
