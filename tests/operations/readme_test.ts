import { assertStringIncludes } from "@std/assert";
import { lacks } from "../program.ts";

for (const file of ["nginx.conf", "Caddyfile"]) {
  Deno.test({
    name: `README.md shows the ${file} that is tested`,
    ignore: await lacks("read"),
    async fn() {
      const read = (path: string) => Deno.readTextFile(new URL(path, import.meta.url));
      assertStringIncludes(await read("../../README.md"), await read(file));
    },
  });
}
