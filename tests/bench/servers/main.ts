/** The whole server as `deno task start` runs it, without its log. */

import { createApp, readConfig } from "../../../lib/server/app.ts";
import { serve } from "./serve.ts";

const settings: Record<string, string | undefined> = {
  LOG_FORMAT: "off",
  PUBLISH_TOKEN: Deno.env.get("PUBLISH_TOKEN"),
};
const { fetch, hub } = createApp(readConfig((name) => settings[name]));

await serve({ fetch, publish: (stream, data) => void hub.publish(stream, { data }) });
