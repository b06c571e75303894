import { assertEquals, assertGreater } from "@std/assert";
import { declaredOptions } from "./declared_options.ts";
import { MANUAL, readFile } from "./manual.ts";
import { anchors, links, table } from "./markdown.ts";
import { lacks } from "./program.ts";

const ignore = await lacks("read");

/** The section of a text below a heading. */
function section(text: string, heading: string): string {
  const [, body = ""] = new RegExp(`^## ${heading}\\n([^]*?)(?=^## )`, "m").exec(text + "\n## ") ??
    [];
  return body;
}

/** Where the options of an interface stand in the manual, and what is told elsewhere. */
const TABLES: readonly [file: string, heading: string, source: string, name: string][] = [
  ["lib/README.md", "Options of a hub", "hub/options.ts", "HubOptions"],
  ["lib/README.md", "Streams", "hub/stream_options.ts", "StreamOptions"],
  ["lib/README.md", "Publishing", "hub/pipe.ts", "PipeOptions"],
  ["lib/README.md", "Subscribing", "hub/options.ts", "SubscribeOptions"],
  ["lib/README.md", "Modes", "hub/mode.ts", "ModeOptions"],
  ["lib/README.md", "A stream for one client", "wire/event_stream.ts", "EventStreamOptions"],
  ["lib/README.md", "Reading events", "wire/event_parser.ts", "EventParserOptions"],
  ["lib/client/README.md", "Options", "client/options.ts", "SubscriptionOptions"],
  ["lib/client/README.md", "Requests", "client/request.ts", "RequestOptions"],
  ["lib/log/README.md", "Which one", "log/retention.ts", "RetentionOptions"],
  ["lib/log/README.md", "KV", "log/kv.ts", "KvLogOptions"],
  ["lib/log/README.md", "Redis", "log/redis.ts", "RedisLogOptions"],
  ["lib/server/README.md", "Inside another server", "server/app_options.ts", "AppOptions"],
];
for (const [file, heading, source, name] of TABLES) {
  Deno.test({
    name: `${file} lists the options of ${name}, each with its default`,
    ignore,
    async fn() {
      const rows = table(section(await readFile(file), heading), "option.*?", "(?:by )?default");
      const declared = [...(await declaredOptions(source, name)).values()];
      assertGreater(declared.length, 1);
      assertEquals(rows.map(([option]) => option), declared.map(({ name }) => name));
      for (const [i, { name, source }] of declared.entries()) {
        if (source !== undefined) assertEquals([name, rows[i]![1]], [name, source]);
      }
    },
  });
}

Deno.test({
  name: "each file of the manual begins with a contents list of its sections",
  ignore,
  async fn() {
    for (const file of MANUAL) {
      const text = await readFile(file);
      const [preface = "", ...sections] = text.split(/^## /m);
      assertEquals(
        links(preface).filter((link) => link.startsWith("#")).sort(),
        [
          ...anchors(sections.map((section) => `## ${section.split("\n")[0]}`).join("\n")),
        ].map((anchor) => `#${anchor}`).sort(),
      );
    }
  },
});
