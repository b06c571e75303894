import { assertEquals, assertThrows } from "@std/assert";
import {
  fromBase64,
  fromBase64Url,
  fromHex,
  toBase64Url,
  toHex,
} from "../../lib/wire/byte_text.ts";

const ALL = Uint8Array.from({ length: 256 }, (_, i) => i);

Deno.test({
  name: "toHex() and toBase64Url() write what the runtime's own methods write",
  ignore: !("toHex" in ALL),
  fn() {
    for (let length = 0; length <= ALL.length; length++) {
      const bytes = ALL.subarray(-length || ALL.length);
      assertEquals(toHex(bytes), bytes.toHex());
      const own = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
      assertEquals(toBase64Url(bytes), own);
      assertEquals([fromHex(toHex(bytes)), fromBase64Url(own)], [bytes.slice(), bytes.slice()]);
      assertEquals(fromBase64(bytes.toBase64()), bytes.slice());
    }
  },
});

Deno.test("toHex() and toBase64Url() are undone by fromHex() and fromBase64Url()", () => {
  assertEquals([toHex(ALL.subarray(14, 17)), toBase64Url(ALL.subarray(250))], [
    "0e0f10",
    "-vv8_f7_",
  ]);
  assertEquals([fromHex(toHex(ALL)), fromBase64Url(toBase64Url(ALL))], [ALL, ALL]);
});

Deno.test("fromBase64() and fromBase64Url() reject what is not their alphabet", () => {
  for (const text of ["-_8", "a", "é", "aa=a"]) assertThrows(() => fromBase64(text));
  for (const text of ["+/8", "a", "é", "aa=a"]) assertThrows(() => fromBase64Url(text));
});
