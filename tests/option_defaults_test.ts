import { assert, assertEquals } from "@std/assert";
import { hubSettings } from "../lib/hub/options.ts";
import { retentionOf } from "../lib/log/retention.ts";
import { lacks } from "./program.ts";

const ignore = await lacks("read");

/** An option as its interface declares it. */
interface Declared {
  readonly name: string;
  readonly comment: string;
  /** The value of `@default`; `undefined` if there is none. */
  readonly byDefault: unknown;
}

/** The options of an interface, by name. */
async function declared(file: string, name: string): Promise<Map<string, Declared>> {
  const text = await Deno.readTextFile(new URL(`../lib/${file}`, import.meta.url));
  const [, body = ""] =
    new RegExp(`export interface ${name}\\b[^]*?{\\n([^]*?)\\n}\\n`).exec(text) ?? [];
  const members = body.matchAll(/\/\*\*([^]*?)\*\/\s*readonly (\w+)\?:/g);
  return new Map([...members].map(([, comment = "", option = ""]) => {
    const [, value] = /@default \{(.*)\}/.exec(comment) ?? [];
    const byDefault = value === undefined ? undefined : parseDefault(value);
    return [option, { name: option, comment, byDefault }];
  }));
}

/** Reads a number as a program has it, `Infinity` included, or a JSON value. */
function parseDefault(text: string): unknown {
  const number = Number(text.replaceAll("_", ""));
  return Number.isNaN(number) ? JSON.parse(text) : number;
}

const INTERFACES: readonly [file: string, name: string][] = [
  ["hub/options.ts", "HubOptions"],
  ["hub/options.ts", "SubscribeOptions"],
  ["hub/stream.ts", "StreamOptions"],
  ["hub/stats.ts", "StreamListOptions"],
  ["hub/stats.ts", "SubscriberListOptions"],
  ["wire/event_stream.ts", "EventStreamOptions"],
  ["wire/parser.ts", "EventParserOptions"],
  ["log/retention.ts", "RetentionOptions"],
  ["log/kv.ts", "KvLogOptions"],
  ["log/redis.ts", "RedisLogOptions"],
  ["server/app_options.ts", "AppOptions"],
];

for (const [file, name] of INTERFACES) {
  Deno.test({
    name: `${name} says what holds where an option is left out, unless then nothing happens`,
    ignore,
    async fn() {
      const options = [...(await declared(file, name)).values()];
      assert(options.length > 0);
      for (const { name, comment, byDefault } of options) {
        const isSaid = byDefault !== undefined || /by default|left out|without it/i.test(comment);
        // Hooks, and what is added to a connection or to a client's settings.
        const isNothing = /^(?:on[A-Z]\w+|headers|signal|context|client|url|sentinels|master)$/;
        assert(isSaid || isNothing.test(name), name);
      }
    },
  });
}

Deno.test({
  name:
    "the defaults in the comments of HubOptions, StreamOptions and RetentionOptions are the code's",
  ignore,
  async fn() {
    const settings: Readonly<Record<string, unknown>> = { ...hubSettings({}), ...retentionOf({}) };
    const options = [
      ...await declared("hub/options.ts", "HubOptions"),
      ...await declared("hub/stream.ts", "StreamOptions"),
      ...await declared("log/retention.ts", "RetentionOptions"),
    ].filter(([, { byDefault }]) => byDefault !== undefined);
    assert(options.length >= 14);
    for (const [name, { byDefault }] of options) assertEquals(byDefault, settings[name], name);
  },
});
