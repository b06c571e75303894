import { assertEquals } from "@std/assert";
import { toHex } from "../../lib/wire/byte_text.ts";
import { hashToken, matchesToken } from "../../lib/server/bearer_token.ts";

const PUBLISH_TOKEN = "the-publish-token";

Deno.test("matchesToken() is true only for the hashed token", async () => {
  const expected = await hashToken(PUBLISH_TOKEN);
  assertEquals(await matchesToken(PUBLISH_TOKEN, expected), true);
  const others = [
    "",
    "x",
    `${PUBLISH_TOKEN} `,
    PUBLISH_TOKEN.slice(1),
    PUBLISH_TOKEN.toUpperCase(),
  ];
  for (const other of others) assertEquals(await matchesToken(other, expected), false, other);
});

Deno.test("matchesToken() is false if one bit of the hash differs, or bytes are missing", async () => {
  const hash = await hashToken(PUBLISH_TOKEN);
  for (let bit = 0; bit < 256; bit++) {
    const other = hash.slice();
    other[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(await matchesToken(PUBLISH_TOKEN, other), false, `${bit}`);
  }
  const twice = hash.map((byte, i) => i < 2 ? byte ^ 1 : byte);
  assertEquals(await matchesToken(PUBLISH_TOKEN, twice), false);
  for (const length of [0, 31]) {
    assertEquals(await matchesToken(PUBLISH_TOKEN, hash.slice(0, length)), false, `${length}`);
  }
  assertEquals(await matchesToken(PUBLISH_TOKEN, new Uint8Array([...hash, 0])), false);
});

Deno.test("hashToken() is the SHA-256 of FIPS 180-2, appendix B.1", async () => {
  assertEquals(
    toHex(await hashToken("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});
