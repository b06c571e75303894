import { lacks } from "../program.ts";
import { checkLoad, loadKv } from "./kv_load.ts";
import { kv } from "./places.ts";

Deno.test({
  name:
    "four processes that publish to one KV file and trim it have no publish refused and lose no event",
  ignore: kv.ignore || await lacks("run"),
  async fn() {
    const folder = await Deno.makeTempDir();
    const load = { processes: 4, rate: 300, seconds: 5 };
    checkLoad(await loadKv(`${folder}/hub.sqlite`, load));
    await Deno.remove(folder, { recursive: true });
  },
});
