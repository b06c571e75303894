import { assertEquals, assertRejects } from "@std/assert";
import { explainJwtKey, importJwtKeys, JWT_KEY_EXPECTED } from "../../lib/server/jwt_key.ts";
import { es256, pemOf } from "./jwt_support.ts";

const SECRET = "a secret of at least 32 bytes, ok?";
const EXPECTED = `Cannot import JWT key: expected ${JWT_KEY_EXPECTED}, got `;

/** The algorithms of the keys of a text. */
async function algorithmsOf(text: string): Promise<string[]> {
  return (await importJwtKeys(text)).map(({ algorithm }) => algorithm);
}

Deno.test("importJwtKeys() accepts a secret of 32 bytes or more", async () => {
  for (const secret of ["0123456789abcdef".repeat(2), "äöüßéèêç".repeat(2), SECRET]) {
    assertEquals(await algorithmsOf(secret), ["HS256"], secret);
  }
  const table = {
    "": "a text of 0 bytes",
    "0123456789abcdef0123456789abcde": "a text of 31 bytes",
    ["0123456789".repeat(3_280)]: "a text of more than 32768 characters",
    ["0123456".repeat(6)]: "a text of fewer than 8 different characters",
  };
  for (const [text, got] of Object.entries(table)) {
    const error = await assertRejects(() => importJwtKeys(text), TypeError);
    assertEquals(error.message, EXPECTED + got);
  }
});

Deno.test("importJwtKeys() accepts a P-256 public key with any white space", async () => {
  const { pem } = await es256();
  const table = [pem, pem.trim(), `\n ${pem} \n`, pem.replaceAll("\n", " ")];
  table.push(pem.replaceAll("\n", "\r\n"), pem.replaceAll("\n", "\\n"));
  table.push(pem.replaceAll("\n", "\\r\\n"), pem.trim().replaceAll("\n", "\\n"));
  for (const text of table) {
    assertEquals(await algorithmsOf(text), ["ES256"], JSON.stringify(text));
  }
});

Deno.test("importJwtKeys() rejects a PEM of another key by its kind, without repeating it", async () => {
  const { pem } = await es256();
  const damaged = "a public key that is damaged, or neither RSA, P-256 nor Ed25519";
  const form = "a PEM of another form";
  const x25519 = await crypto.subtle.generateKey("X25519", true, ["deriveBits"]) as CryptoKeyPair;
  const table: [text: string, got: string][] = [
    [(await es256("P-384")).pem, damaged],
    [pemOf(await crypto.subtle.exportKey("spki", x25519.publicKey)), damaged],
    ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", damaged],
    ["-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----", damaged],
    [pem.replaceAll("PUBLIC", "PRIVATE").trim(), "a private key"],
    [pem.replaceAll("PUBLIC KEY", "EC PRIVATE KEY").trim(), "a private key"],
    [pem.replaceAll("PUBLIC KEY", "CERTIFICATE").trim(), "a certificate"],
    [pem.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY").trim(), form],
    [pem + pem.replace("-----END", "----- END").trim(), form],
    [pem.slice(0, -30).trim(), form],
    [pem.replace("-----BEGIN", "----- BEGIN").trim(), form],
    [pem.toLowerCase().trim(), form],
    [`# my key\n${pem}`.trim(), "a text of 8 bytes among several keys"],
    [`"${pem}"`, "a text with quotes at its ends"],
  ];
  for (const [text, got] of table) {
    const error = await assertRejects(() => importJwtKeys(text), TypeError);
    assertEquals(error.message, EXPECTED + got, text);
  }
});

Deno.test("importJwtKeys() returns a key that can only verify", async () => {
  for (const text of [SECRET, (await es256()).pem]) {
    for (const { cryptoKey } of await importJwtKeys(text)) {
      assertEquals([cryptoKey.extractable, cryptoKey.usages], [false, ["verify"]]);
    }
  }
});

Deno.test("explainJwtKey() names white space and quotes at the ends of a secret", () => {
  const table: [ends: string[], fault: string][] = [
    [["\n", "\r\n", " ", "\t", "\u00a0", "\ufeff", "\\n", "\\r\\n"], "white space"],
    [['"', "'", "`", "“", "’"], "quotes"],
  ];
  for (const [ends, fault] of table) {
    for (const end of ends) {
      for (const text of [end + SECRET, SECRET + end, end + SECRET + end]) {
        assertEquals(explainJwtKey(text), `a text with ${fault} at its ends`, JSON.stringify(text));
      }
    }
  }
  for (
    const text of [`it's "a" secret of 32 bytes, or so`, "\\x0a is a secret of 32 bytes \\x0a"]
  ) {
    assertEquals(explainJwtKey(text), undefined, text);
  }
});
