import { assertGreater } from "@std/assert";
import { fuzz } from "./fuzz.ts";

Deno.test("the publish parsers and encodeEvent() let none of 20 000 random bodies inject a field", async () => {
  // Otherwise the bodies were refused before they were read.
  assertGreater(await fuzz(20_261_123, 20_000), 2_000);
});
