import { assert, assertEquals, assertLess } from "@std/assert";
import { bundle, bundleClient, BUNDLES, gzipSize, lacksBundler } from "./bundle.ts";

const ignore = await lacksBundler();

for (const [file, module] of Object.entries(BUNDLES)) {
  Deno.test({
    name: `static/${file} and its map are what lib/ makes: see deno task client`,
    ignore,
    async fn() {
      const { code, map } = await bundle(module, file);
      const read = (name: string) =>
        Deno.readTextFile(new URL(`../../static/${name}`, import.meta.url));
      assertEquals(await read(file), code);
      assertEquals(await read(`${file}.map`), map);
    },
  });
}

Deno.test({
  name: "the smallest client has at most 4 kB, minified and compressed, and all of it at most 9 kB",
  ignore,
  async fn() {
    const core = await bundle('export { openSubscription } from "lib/client/mod.ts";');
    assertLess(await gzipSize(core), 4_096 + 1);
    assertLess(await gzipSize(await bundleClient()), 9_000);
  },
});

Deno.test({
  name: "a bundler leaves out of lib/client/mod.ts what is not imported",
  ignore,
  async fn() {
    const { code } = await bundle('export { openSubscription } from "lib/client/mod.ts";');
    for (const word of ["BroadcastChannel", "visibilitychange", "~standard", "last-event-id of "]) {
      assertEquals([word, code.includes(word)], [word, false]);
    }
    const all = (await bundleClient()).code;
    assert(all.includes("BroadcastChannel") && all.includes("visibilitychange"));
  },
});
