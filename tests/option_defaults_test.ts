import { assert, assertEquals } from "@std/assert";
import { hubSettings } from "../lib/hub/options.ts";
import { retentionOf } from "../lib/log/retention.ts";
import { declaredOptions } from "./declared_options.ts";
import { lacks } from "./program.ts";

const ignore = await lacks("read");

const INTERFACES: readonly [file: string, name: string][] = [
  ["hub/options.ts", "HubOptions"],
  ["hub/options.ts", "SubscribeOptions"],
  ["hub/mode.ts", "ModeOptions"],
  ["hub/stream_options.ts", "StreamOptions"],
  ["hub/stats.ts", "StreamListOptions"],
  ["hub/stats.ts", "SubscriberListOptions"],
  ["hub/disconnects.ts", "DisconnectOptions"],
  ["wire/event_stream.ts", "EventStreamOptions"],
  ["wire/event_parser.ts", "EventParserOptions"],
  ["hub/pipe.ts", "PipeOptions"],
  ["hub/read_back.ts", "ReadBackOptions"],
  ["client/options.ts", "SubscriptionOptions"],
  ["client/request.ts", "RequestOptions"],
  ["client/publish.ts", "PublishOptions"],
  ["client/sharing.ts", "SharingOptions"],
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
      const options = [...(await declaredOptions(file, name)).values()];
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
      ...await declaredOptions("hub/options.ts", "HubOptions"),
      ...await declaredOptions("hub/stream_options.ts", "StreamOptions"),
      ...await declaredOptions("log/retention.ts", "RetentionOptions"),
    ].filter(([, { byDefault }]) => byDefault !== undefined);
    assert(options.length >= 14);
    for (const [name, { byDefault }] of options) assertEquals(byDefault, settings[name], name);
  },
});
