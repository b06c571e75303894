import { assertEquals, assertRejects } from "@std/assert";
import { explainJwtKey, importJwtKey } from "../../lib/server/jwt_key.ts";
import { es256, pemOf } from "./jwt_support.ts";

const SECRET = "a secret of at least 32 bytes, ok?";
const EXPECTED =
  "Cannot import JWT key: expected an HS256 secret of 32 bytes or more, or an ES256 " +
  "public key as PEM (-----BEGIN PUBLIC KEY-----, SPKI, P-256), got ";

Deno.test("importJwtKey() accepts a secret of 32 bytes or more", async () => {
  for (const secret of ["0123456789abcdef".repeat(2), "äöüßéèêç".repeat(2), SECRET]) {
    assertEquals((await importJwtKey(secret)).algorithm, "HS256", secret);
  }
  const table = {
    "": "a text of 0 bytes",
    "0123456789abcdef0123456789abcde": "a text of 31 bytes",
    ["0123456789".repeat(820)]: "a text of more than 8192 characters",
    ["0123456".repeat(6)]: "a text of fewer than 8 different characters",
  };
  for (const [text, got] of Object.entries(table)) {
    const error = await assertRejects(() => importJwtKey(text), TypeError);
    assertEquals(error.message, EXPECTED + got);
  }
});

Deno.test("importJwtKey() accepts a P-256 public key with any white space", async () => {
  const { pem } = await es256();
  const table = [pem, pem.trim(), `\n ${pem} \n`, pem.replaceAll("\n", " ")];
  table.push(pem.replaceAll("\n", "\r\n"), pem.replaceAll("\n", "\\n"));
  table.push(pem.replaceAll("\n", "\\r\\n"), pem.trim().replaceAll("\n", "\\n"));
  for (const text of table) {
    assertEquals((await importJwtKey(text)).algorithm, "ES256", JSON.stringify(text));
  }
});

Deno.test("importJwtKey() rejects a PEM of another key by its kind, without repeating it", async () => {
  const { pem } = await es256();
  const damaged = "a public key that is damaged or not on the curve P-256";
  const form = "a PEM of another form";
  const ed25519 = await crypto.subtle.generateKey("Ed25519", true, ["sign"]) as CryptoKeyPair;
  const table: [text: string, got: string][] = [
    [(await es256("P-384")).pem, damaged],
    [pemOf(await crypto.subtle.exportKey("spki", ed25519.publicKey)), damaged],
    ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", damaged],
    ["-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----", damaged],
    [pem.replaceAll("PUBLIC", "PRIVATE").trim(), "a private key"],
    [pem.replaceAll("PUBLIC KEY", "EC PRIVATE KEY").trim(), "a private key"],
    [pem.replaceAll("PUBLIC KEY", "CERTIFICATE").trim(), "a certificate"],
    [pem.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY").trim(), form],
    [(pem + pem).trim(), form],
    [pem.slice(0, -30).trim(), form],
    [pem.replace("-----BEGIN", "----- BEGIN").trim(), form],
    [pem.toLowerCase().trim(), form],
    [`# my key\n${pem}`.trim(), form],
    [`"${pem}"`, "a text with quotes at its ends"],
  ];
  for (const [text, got] of table) {
    const error = await assertRejects(() => importJwtKey(text), TypeError);
    assertEquals(error.message, EXPECTED + got, text);
  }
});

Deno.test("importJwtKey() returns a key that can only verify", async () => {
  for (const text of [SECRET, (await es256()).pem]) {
    const { cryptoKey } = await importJwtKey(text);
    assertEquals([cryptoKey.extractable, cryptoKey.usages], [false, ["verify"]]);
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
