import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Client } from "./client.ts";
import { lacks } from "./program.ts";
import { INSTALLATIONS, QuickStart } from "./quick_start.ts";

const env = (await Deno.permissions.query({ name: "env" })).state;
const ignore = await lacks("net", "read", "write", "run") || env !== "granted" ||
  Deno.build.os === "windows";

for (const installation of INSTALLATIONS) {
  Deno.test({
    name: `README.md's first server publishes in a folder that has only its ${installation}`,
    ignore,
    async fn() {
      await using app = await QuickStart.start(installation);
      await using client = new Client(await fetch(`${app.url}sse?stream=news`));
      const [hello, news] = await client.take(2);
      assertEquals([hello?.event, news?.event], ["hello", "message"]);
      assertMatch(news!.data, /^It is \d{4}-/);
      assertStringIncludes(await (await fetch(app.url)).text(), "new EventSource(");
    },
  });
}
