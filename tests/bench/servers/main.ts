/** The whole server as `deno task start` runs it, without its log lines. */

import { createApp, readConfig } from "../../../lib/server/app.ts";
import { openLog } from "./open_log.ts";
import { serve } from "./serve.ts";

const settings: Record<string, string | undefined> = {
  LOG_FORMAT: "off",
  PUBLISH_TOKEN: Deno.env.get("PUBLISH_TOKEN"),
  JWT_KEY: Deno.env.get("JWT_KEY"),
};
const isOpen = Deno.env.get("BENCH_OPEN") !== undefined;
const { fetch, hub } = createApp(readConfig((name) => settings[name]), {
  eventLog: openLog(),
  // A bundle for another runtime is not beside static/.
  pages: new Map(),
  ...isOpen && { authorize: () => ({}) },
});
await hub.ready;

await serve({ fetch, publish: (stream, data) => void hub.publish(stream, { data }) });
