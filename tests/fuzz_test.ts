import { assertGreater } from "@std/assert";
import { fuzzOnce } from "./fuzz.ts";
import { mulberry32 } from "./random.ts";

Deno.test("readPublishBody() and encodeEvent() forge nothing, whatever 200 000 bodies hold", async () => {
  const random = mulberry32(20_261_123);
  let events = 0;
  for (let i = 0; i < 200_000; i++) events += await fuzzOnce(random);
  // Else they were refused before they were read.
  assertGreater(events, 20_000);
});
