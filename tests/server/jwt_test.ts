import { assert, assertEquals, assertMatch } from "@std/assert";
import { toBase64Url } from "../../lib/wire/byte_text.ts";
import { type Claims, type JwtFault, verifyJwt } from "../../lib/server/jwt.ts";
import { importJwtKeys, type JwtKey } from "../../lib/server/jwt_key.ts";
import { mulberry32 } from "../random.ts";
import { es256, type Sign } from "./jwt_support.ts";

const NOW = 1_750_000_000;
const SECRET = "a secret of at least 32 bytes, ok?";
const GOOD = {
  exp: NOW + 60,
  sse: { subscribe: ["orders/*", "news"], publish: ["orders/7"] },
};

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function base64Url(content: Uint8Array): string {
  return toBase64Url(content);
}

/** A token of these parts. Bytes and texts are used unchanged, other values as JSON. */
async function token(header: unknown, payload: unknown, sign: Sign): Promise<string> {
  const parts = [header, payload].map((part) =>
    base64Url(
      part instanceof Uint8Array
        ? part
        : bytes(typeof part === "string" ? part : JSON.stringify(part)),
    )
  );
  const signature = await sign(bytes(parts.join(".")));
  return [...parts, base64Url(new Uint8Array(signature))].join(".");
}

async function hmac(secret: string, hash = "SHA-256"): Promise<Sign> {
  const algorithm = { name: "HMAC", hash };
  const key = await crypto.subtle.importKey("raw", bytes(secret), algorithm, false, ["sign"]);
  return (signed) => crypto.subtle.sign(algorithm, key, signed);
}

async function hs256(payload: unknown, header: unknown = { alg: "HS256" }): Promise<string> {
  return await token(header, payload, await hmac(SECRET));
}

/** The only key of a text. */
async function keyOf(text: string): Promise<JwtKey> {
  const [key] = await importJwtKeys(text);
  return key!;
}

/** The claims of a token, or the reason of its refusal. */
async function verify(token: string, key: JwtKey, now: number): Promise<Claims | JwtFault> {
  const result = await verifyJwt(token, [key], now);
  return "fault" in result ? result.fault : result;
}

Deno.test("verifyJwt() accepts a token that openssl signed", async () => {
  const signed = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." +
    "eyJleHAiOjE3NTAwMDAwNjAsInNzZSI6eyJzdWJzY3JpYmUiOlsib3JkZXJzLyoiXX19." +
    "ENVSX4qegB-k57Puq1q9Z93OleFDyhSuj_r3lB7Duhg";
  assertEquals(await verify(signed, await keyOf(SECRET), NOW), {
    expiresAtSeconds: NOW + 65,
    subscribe: ["orders/*"],
    publish: [],
  });
});

Deno.test("verifyJwt() returns the claims of a valid token", async () => {
  const key = await keyOf(SECRET);
  const claims = { expiresAtSeconds: NOW + 65, ...GOOD.sse };
  assertEquals(await verify(await hs256(GOOD), key, NOW), claims);
  const { pem, sign } = await es256();
  const signed = await token({ alg: "ES256", typ: "JWT" }, GOOD, sign);
  assertEquals(await verify(signed, await keyOf(pem), NOW), claims);
});

Deno.test("verifyJwt() accepts claims without either list, and with other claims", async () => {
  const key = await keyOf(SECRET);
  const table: [sse: object, subscribe: string[], publish: string[]][] = [
    [{}, [], []],
    [{ subscribe: [] }, [], []],
    [{ subscribe: ["*"] }, ["*"], []],
    [{ publish: ["a", "b"] }, [], ["a", "b"]],
  ];
  for (const [sse, subscribe, publish] of table) {
    const signed = await hs256({ iss: "me", aud: ["x"], exp: NOW + 0.5, nbf: NOW, sse });
    assertEquals(
      await verify(signed, key, NOW),
      { expiresAtSeconds: NOW + 5.5, subscribe, publish },
      JSON.stringify(sse),
    );
  }
});

Deno.test("verifyJwt() refuses claims of wrong types and names", async () => {
  const key = await keyOf(SECRET);
  const { exp, sse } = GOOD;
  const payloads: unknown[] = [
    { sse },
    { exp },
    { exp: `${exp}`, sse },
    { exp: null, sse },
    { exp: true, sse },
    { exp: [exp], sse },
    `{"exp":1e400,"sse":{}}`,
    { exp, sse, nbf: `${NOW}` },
    { exp, sse, nbf: null },
    ...[null, true, 1, "*", [], ["*"], [[]]].map((sse) => ({ exp, sse })),
    ...[null, true, 1, "*", {}, [1], ["a", null], [["a"]], { 0: "a", length: 1 }].flatMap((
      list,
    ) => [
      { exp, sse: { subscribe: list } },
      { exp, sse: { publish: list } },
    ]),
    { exp, sse: { subscribe: ["a"], admin: ["*"] } },
    { exp, sse: { subscibe: ["a"] } },
    `{"exp":${exp},"sse":{"__proto__":{"subscribe":["*"]}}}`,
    `{"exp":${exp},"__proto__":{"sse":{}}}`,
    `{"__proto__":{"exp":${exp}},"sse":{}}`,
    "null",
    "[]",
    `"x"`,
    "1",
    `{"exp":${exp},"sse":{}`,
    `{"exp":${exp},"sse":{}}x`,
    `\ufeff{"exp":${exp},"sse":{}}`,
    "[".repeat(3_000),
  ];
  for (const payload of payloads) {
    const fault = await verify(await hs256(payload), key, NOW);
    assertEquals(fault, "claims", JSON.stringify(payload));
  }
});

Deno.test("verifyJwt() refuses a token from 5 seconds after its exp on", async () => {
  const key = await keyOf(SECRET);
  const signed = await hs256(GOOD);
  assert(typeof await verify(signed, key, NOW + 64.999) === "object");
  assertEquals(await verify(signed, key, NOW + 65), "expired");
  assertEquals(await verify(signed, key, Infinity), "expired");
  assertEquals(await verify(signed, key, NaN), "expired");
  assertEquals(await verify(await hs256({ ...GOOD, exp: -1 }), key, NOW), "expired");
});

Deno.test("verifyJwt() refuses a token until 5 seconds before its nbf", async () => {
  const key = await keyOf(SECRET);
  const signed = await hs256({ ...GOOD, nbf: NOW });
  assertEquals(await verify(signed, key, NOW - 5.001), "early");
  for (const now of [NOW - 5, NOW]) assert(typeof await verify(signed, key, now) === "object");
});

Deno.test("verifyJwt() says what is wrong with the claims of a signed token", async () => {
  const key = await keyOf(SECRET);
  const { exp, sse } = GOOD;
  const object =
    'it must be an object with lists of streams, such as {"subscribe":["news"],"publish":["orders/*"]}';
  const inSeconds = "it must be in seconds, not milliseconds";
  const table: [payload: unknown, detail: string][] = [
    [{ exp: exp * 1_000, sse }, `The token's claim exp is after the year 9999: ${inSeconds}`],
    [`{"exp":1e400,"sse":{}}`, `The token's claim exp is after the year 9999: ${inSeconds}`],
    [{ exp, nbf: NOW * 1_000, sse }, `The token's claim nbf is after the year 9999: ${inSeconds}`],
    [
      { exp: `${exp}`, sse },
      "The token's claim exp must be a number of seconds since the start of 1970",
    ],
    [{ sse }, "The token has no claim exp: it must be a number of seconds since the start of 1970"],
    [{ exp }, `The token has no claim sse: ${object}`],
    [{ exp, sse: null }, `The token has a claim sse that is not an object: ${object}`],
    [
      { exp, sse: { publish: "a" } },
      `The token has a claim sse with something else than lists of strings: ${object}`,
    ],
    [{ exp, sse: { pub: [] } }, `The token has a claim sse with another name in it: ${object}`],
    [
      { exp: NOW - 5, sse },
      `The token expired at ${new Date((NOW - 5) * 1_000).toISOString()}: get a new one`,
    ],
    [
      `{"exp":-1e308,"sse":{}}`,
      "The token expired at -1e+308 seconds since 1970: get a new one",
    ],
    [
      { exp, sse, nbf: NOW + 6 },
      `The token is not valid before ${new Date((NOW + 6) * 1_000).toISOString()} (claim nbf)`,
    ],
  ];
  for (const [payload, detail] of table) {
    const result = await verifyJwt(await hs256(payload), [key], NOW);
    assertEquals("detail" in result && result.detail, detail);
    const forged = await verifyJwt(
      `${(await hs256(payload)).slice(0, -43)}${"A".repeat(43)}`,
      [key],
      NOW,
    );
    assertEquals(forged, { fault: "signature", detail: "The token is invalid" });
  }
});

Deno.test("verifyJwt() accepts an exp up to the end of the year 9999", async () => {
  const key = await keyOf(SECRET);
  const exp = Date.UTC(10_000, 0) / 1_000;
  assert(typeof await verify(await hs256({ ...GOOD, exp: exp - 1 }), key, NOW) === "object");
  assertEquals(await verify(await hs256({ ...GOOD, exp }), key, NOW), "claims");
});

Deno.test("verifyJwt() accepts the types JWT and at+jwt only, and no header crit", async () => {
  const key = await keyOf(SECRET);
  for (const typ of ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "application/jwt"]) {
    const signed = await hs256(GOOD, { alg: "HS256", typ });
    assert(typeof await verify(signed, key, NOW) === "object", typ);
  }
  const headers: object[] = [
    ...["", "JWS", "dpop+jwt", "JWT ", "xjwt", null, 1, ["JWT"]].map((typ) => ({ typ })),
    ...[["exp"], [], null, "", 0, false].map((crit) => ({ crit })),
  ];
  for (const header of headers) {
    const signed = await hs256(GOOD, { alg: "HS256", ...header });
    assertEquals(await verify(signed, key, NOW), "header", JSON.stringify(header));
  }
});

Deno.test("verifyJwt() accepts only its key's algorithm, whatever the header says", async () => {
  const { pem, sign } = await es256();
  const key = await keyOf(SECRET);
  const algorithms = [
    "none",
    "None",
    "NONE",
    "",
    "hs256",
    "HS256 ",
    "HS384",
    "HS512",
    "RS512",
    "toString",
    null,
  ];
  for (const alg of [...algorithms, ["HS256"], undefined]) {
    const fault = await verify(await hs256(GOOD, { alg }), key, NOW);
    assertEquals(fault, "header", `${alg}`);
  }
  const publicKey = await keyOf(pem);
  for (const alg of [...algorithms, "ES384", "ES512"]) {
    const fault = await verify(await token({ alg }, GOOD, sign), publicKey, NOW);
    assertEquals(fault, "header", `${alg}`);
  }
  for (const alg of ["RS256", "PS256", "ES256", "EdDSA"]) {
    assertEquals(await verify(await hs256(GOOD, { alg }), key, NOW), "key", alg);
  }
  for (const alg of ["HS256", "RS256", "PS256", "EdDSA"]) {
    assertEquals(await verify(await token({ alg }, GOOD, sign), publicKey, NOW), "key", alg);
  }
  const proto = await hs256(GOOD, `{"__proto__":{"alg":"HS256"}}`);
  assertEquals(await verify(proto, key, NOW), "header");
});

Deno.test("verifyJwt() refuses a token signed with the public key's text as a secret", async () => {
  const { pem } = await es256();
  const key = await keyOf(pem);
  for (const alg of ["HS256", "ES256"]) {
    for (const secret of [pem, pem.trim()]) {
      const forged = await token({ alg }, GOOD, await hmac(secret));
      assertEquals(await verify(forged, key, NOW), alg === "HS256" ? "key" : "signature");
    }
  }
});

Deno.test("verifyJwt() refuses signatures of other keys, other hashes and other lengths", async () => {
  const key = await keyOf(SECRET);
  const { pem, sign } = await es256();
  const publicKey = await keyOf(pem);
  const signs: [alg: string, key: JwtKey, sign: Sign][] = [
    ["HS256", key, await hmac(`${SECRET} `)],
    ["HS256", key, await hmac(SECRET, "SHA-512")],
    ["HS256", key, sign],
    ["ES256", publicKey, (await es256()).sign],
    ["ES256", publicKey, await hmac(SECRET)],
    ["ES256", publicKey, async (signed) => (await sign(signed)).slice(0, 63)],
  ];
  for (const length of [1, 31, 32, 33, 63, 64, 65, 70, 1_000]) {
    signs.push(["HS256", key, () => Promise.resolve(new ArrayBuffer(length))]);
    signs.push(["ES256", publicKey, () => Promise.resolve(new ArrayBuffer(length))]);
  }
  for (const [i, [alg, key, sign]] of signs.entries()) {
    const fault = await verify(await token({ alg }, GOOD, sign), key, NOW);
    assertEquals(fault, "signature", `${i}`);
  }
});

Deno.test("verifyJwt() refuses a valid token with any character changed, dropped or doubled", async () => {
  const { pem, sign } = await es256();
  const cases: [token: string, key: JwtKey][] = [
    [await hs256(GOOD), await keyOf(SECRET)],
    [await token({ alg: "ES256" }, GOOD, sign), await keyOf(pem)],
  ];
  for (const [good, key] of cases) {
    for (let i = 0; i < good.length; i++) {
      const [before, character = "", after] = [good.slice(0, i), good[i], good.slice(i + 1)];
      for (const other of ["", "A", "_", ".", "=", " ", "\n", "é", character.repeat(2)]) {
        if (other === character) continue;
        const result = await verify(before + other + after, key, NOW);
        assertEquals(typeof result, "string", `${i} ${JSON.stringify(other)}`);
      }
    }
  }
});

Deno.test("verifyJwt() refuses a part in another spelling of the same bytes", async () => {
  const key = await keyOf(SECRET);
  const [header = "", payload = "", signature = ""] = (await hs256(GOOD)).split(".");
  // 32 bytes leave 2 unused bits in the last of 43 characters.
  assertEquals(signature.length, 43);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(signature.at(-1)!);
  const twins = [1, 2, 3].map((bits) => signature.slice(0, -1) + alphabet[last | bits]);
  const spellings = [
    ...twins,
    `${signature}=`,
    ` ${signature}`,
    `${signature}\n`,
    `${signature}%3D`,
  ];
  for (const spelling of spellings) {
    const result = await verify([header, payload, spelling].join("."), key, NOW);
    assertEquals(result, "malformed", JSON.stringify(spelling));
  }
});

Deno.test("verifyJwt() refuses the base64 of another alphabet", async () => {
  const key = await keyOf(SECRET);
  const sse = { subscribe: ["???>>>~~~"] };
  const signed = await hs256({ ...GOOD, sse });
  assertMatch(signed.split(".")[1]!, /[-_]/);
  assert(typeof await verify(signed, key, NOW) === "object");
  const other = signed.replaceAll("-", "+").replaceAll("_", "/");
  assertEquals(await verify(other, key, NOW), "malformed");
});

Deno.test("verifyJwt() refuses a header or claims that are not UTF-8", async () => {
  const key = await keyOf(SECRET);
  const withBadByte = (text: string) => bytes(text).map((byte) => byte === 0x3f ? 0xff : byte);
  const header = withBadByte('{"alg":"HS256","kid":"?"}');
  assertEquals(await verify(await hs256(GOOD, header), key, NOW), "malformed");
  const payload = withBadByte(JSON.stringify({ ...GOOD, iss: "?" }));
  assertEquals(await verify(await hs256(payload), key, NOW), "claims");
});

Deno.test("verifyJwt() refuses a token without exactly three parts", async () => {
  const key = await keyOf(SECRET);
  const good = await hs256(GOOD);
  const [header, payload, signature] = good.split(".");
  const table = [
    "",
    ".",
    "..",
    "...",
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}..${signature}`,
    `.${payload}.${signature}`,
    `${good}.`,
    `.${good}`,
    `${good}.${signature}`,
    `Bearer ${good}`,
    `${good}\0`,
  ];
  for (const text of table) {
    assertEquals(await verify(text, key, NOW), "malformed", text);
  }
});

Deno.test("verifyJwt() refuses a token of more than 8 KiB", async () => {
  const key = await keyOf(SECRET);
  const sized = async (length: number) => await hs256({ ...GOOD, pad: "x".repeat(length) });
  let length = 5_900;
  while ((await sized(length + 1)).length <= 8_192) length++;
  assert(typeof await verify(await sized(length), key, NOW) === "object");
  assertEquals(await verify(await sized(length + 3), key, NOW), "malformed");
  assertEquals(await verify("a.".repeat(5_000_000), key, NOW), "malformed");
});

Deno.test("verifyJwt() refuses any unsigned text without throwing", async () => {
  const random = mulberry32(3);
  const below = (limit: number) => Math.floor(random() * limit);
  const key = await keyOf(SECRET);
  const good = await hs256(GOOD);
  const pieces = [
    good,
    ...good.split("."),
    ".",
    "..",
    "=",
    "",
    "\ud800",
    "é",
    "e30",
    "bnVsbA",
    "-_-_",
  ];
  pieces.push("eyJhbGciOiJub25lIn0", "W10", "AA", "____", "\0", " ", "__proto__", "undefined");
  for (let n = 0; n < 20_000; n++) {
    let text = "";
    for (let i = 1 + below(5); i > 0; i--) {
      text += pieces[below(pieces.length)] + (below(2) ? "." : "");
    }
    if (below(2)) {
      const at = below(text.length + 1);
      text = text.slice(0, at) + String.fromCharCode(below(300)) + text.slice(at + below(3));
    }
    if (text === good) continue;
    assertEquals(typeof await verify(text, key, NOW), "string", JSON.stringify(text));
  }
});
