import { assert, assertEquals } from "@std/assert";
import { toBase64Url } from "../../lib/wire/byte_text.ts";
import { JwksSource } from "../../lib/server/jwks_source.ts";
import { importJwtKeys } from "../../lib/server/jwt_key.ts";
import { JwtVerifier, type JwtVerifierOptions } from "../../lib/server/jwt_verifier.ts";
import { lacks } from "../program.ts";
import { JwksServer } from "./jwks_server.ts";
import { issuerKey, signHs256 } from "./jwt_support.ts";

const ignore = await lacks("net");
const NOW = 1_750_000_000;
const SECRET = "a secret of at least 32 bytes, ok?";
const CLAIMS = { exp: NOW + 60, sse: { subscribe: ["a"] } };
const ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"] as const;
const KEYS = Object.fromEntries(
  await Promise.all(ALGORITHMS.map(async (alg) => [alg, await issuerKey(alg, { kid: alg })])),
) as Record<typeof ALGORITHMS[number], Awaited<ReturnType<typeof issuerKey>>>;

/** `valid`, or the reason of the refusal. */
async function faultOf(token: string, options: JwtVerifierOptions): Promise<string> {
  const result = await new JwtVerifier(options).verify(token, NOW);
  return "fault" in result ? result.fault : "valid";
}

Deno.test("JwtVerifier accepts a token of each algorithm, by its key as PEM and as JWK", async () => {
  const all = ALGORITHMS.map((alg) => KEYS[alg]);
  const texts = [
    all.map(({ pem }) => pem).join(""),
    all.map(({ pem }) => pem.replaceAll("\n", "\\n")).join("\\n"),
    [SECRET, ...all.map(({ pem }) => pem)].join("\n"),
    JSON.stringify({ keys: all.map(({ jwk }) => jwk) }, undefined, 2),
  ];
  for (const text of texts) {
    const keys = importJwtKeys(text);
    for (const [alg, { sign }] of Object.entries(KEYS)) {
      assertEquals([alg, await faultOf(await sign(CLAIMS), { keys })], [alg, "valid"]);
    }
  }
  const { sign, pem, jwk } = KEYS.EdDSA;
  const named = await sign(CLAIMS, { alg: "Ed25519" });
  for (const text of [pem, JSON.stringify(jwk), JSON.stringify({ ...jwk, alg: "Ed25519" })]) {
    assertEquals(await faultOf(named, { keys: importJwtKeys(text) }), "valid");
  }
});

Deno.test("JwtVerifier accepts the old and the new secret during a rotation", async () => {
  const other = "another secret of at least 32 bytes";
  const jwk = (secret: string, kid: string) => ({
    kty: "oct",
    kid,
    k: toBase64Url(new TextEncoder().encode(secret)),
  });
  const texts = [
    `${SECRET}\n${other}`,
    `${SECRET}\\n${other}`,
    JSON.stringify({ keys: [jwk(SECRET, "1"), jwk(other, "2")] }),
  ];
  for (const text of texts) {
    const keys = importJwtKeys(text);
    for (const [secret, fault] of [[SECRET, "valid"], [other, "valid"], [text, "signature"]]) {
      assertEquals(await faultOf(await signHs256(CLAIMS, secret!), { keys }), fault, text);
    }
  }
});

Deno.test("JwtVerifier takes no public key for a secret, in whatever form", async () => {
  for (const { pem, jwk } of Object.values(KEYS)) {
    const keys = importJwtKeys(pem);
    const { n, x } = jwk as { n?: string; x?: string };
    const forms = [pem, pem.trim(), pem.replaceAll("\n", "\\n"), JSON.stringify(jwk), n ?? x!];
    for (const form of forms) {
      assertEquals(await faultOf(await signHs256(CLAIMS, form), { keys }), "key");
    }
  }
});

Deno.test("JwtVerifier verifies with no key of another algorithm", async () => {
  const { RS256, PS256, ES256, EdDSA } = KEYS;
  for (const [mine, other] of [[RS256, PS256], [PS256, RS256], [ES256, EdDSA], [EdDSA, ES256]]) {
    const keys = importJwtKeys(JSON.stringify(mine!.jwk));
    assertEquals(await faultOf(await other!.sign(CLAIMS, { kid: undefined }), { keys }), "key");
    const { alg } = mine!.jwk;
    const renamed = await other!.sign(CLAIMS, { alg, kid: undefined });
    assertEquals(await faultOf(renamed, { keys }), "signature");
  }
});

Deno.test("JwtVerifier refuses alg none, crit, and any kid that is not the key's", async () => {
  const { jwk, sign } = KEYS.RS256;
  const keys = importJwtKeys(JSON.stringify(jwk));
  const table: [header: object, fault: string][] = [
    [{ alg: "none" }, "header"],
    [{ alg: "nOnE" }, "header"],
    [{ crit: ["b64"], b64: false }, "header"],
    [{ crit: [] }, "header"],
    ...[
      "",
      "rs256",
      "RS256 ",
      "../RS256",
      "' OR 1=1 --",
      "__proto__",
      "x".repeat(2_000),
      null,
      1,
      {},
    ]
      .map((kid): [object, string] => [{ kid }, "key"]),
    [{ kid: ["RS256"] }, "key"],
  ];
  for (const [header, fault] of table) {
    const token = await sign(CLAIMS, header);
    assertEquals(await faultOf(token, { keys }), fault, JSON.stringify(header));
  }
  assertEquals(await faultOf(await sign(CLAIMS, { kid: undefined }), { keys }), "valid");
});

Deno.test("JwtVerifier tries every key with the token's kid", async () => {
  const twins = await Promise.all([1, 2, 3].map(() => issuerKey("ES256", { kid: "twin" })));
  const keys = importJwtKeys(JSON.stringify({ keys: twins.map(({ jwk }) => jwk) }));
  for (const { sign } of twins) assertEquals(await faultOf(await sign(CLAIMS), { keys }), "valid");
  const other = await issuerKey("ES256", { kid: "twin" });
  assertEquals(await faultOf(await other.sign(CLAIMS), { keys }), "signature");
});

Deno.test({
  name: "JwtVerifier fetches no key from where a token says: jku, x5u, jwk and x5c have no effect",
  ignore,
  async fn() {
    await using attacker = new JwksServer();
    const forged = await issuerKey("RS256", { kid: "forged" });
    attacker.publish([forged.jwk]);
    const keys = importJwtKeys(JSON.stringify(KEYS.RS256.jwk));
    const headers = [{ jku: attacker.url }, { x5u: attacker.url }, { jwk: forged.jwk }, {
      x5c: [forged.pem.split("\n").slice(1, -2).join("")],
    }];
    for (const header of headers) {
      const table = [["forged", "key"], ["RS256", "signature"], [undefined, "signature"]];
      for (const [kid, fault] of table) {
        assertEquals(await faultOf(await forged.sign(CLAIMS, { ...header, kid }), { keys }), fault);
      }
    }
    assertEquals(attacker.requests, 0);
  },
});

Deno.test("JwtVerifier accepts only the issuers and the audiences of its rules", async () => {
  const keys = importJwtKeys(SECRET);
  const rules = { issuers: ["https://a.example/", "b"], audiences: ["hub", "other hub"] };
  const good = { iss: "b", aud: "hub" };
  const table: [claims: object, fault: string][] = [
    [good, "valid"],
    [{ ...good, aud: ["account", "hub"] }, "valid"],
    [{ iss: "https://a.example/", aud: ["other hub"] }, "valid"],
    [{ ...good, iss: "https://a.example" }, "claims"],
    [{ ...good, iss: undefined }, "claims"],
    [{ ...good, iss: ["b"] }, "claims"],
    [{ ...good, aud: undefined }, "claims"],
    [{ ...good, aud: [] }, "claims"],
    [{ ...good, aud: "hubs" }, "claims"],
    [{ ...good, aud: "account hub" }, "claims"],
    [{ ...good, aud: [["hub"]] }, "claims"],
    [{ ...good, aud: { 0: "hub", length: 1 } }, "claims"],
  ];
  for (const [claims, fault] of table) {
    const token = await signHs256({ ...CLAIMS, ...claims }, SECRET);
    assertEquals(await faultOf(token, { keys, rules }), fault, JSON.stringify(claims));
    assertEquals(await faultOf(token, { keys }), "valid");
  }
});

Deno.test("JwtVerifier reads the rights where its rules say", async () => {
  const keys = importJwtKeys(SECRET);
  const { sse, exp } = CLAIMS;
  const table: [claim: string, claims: object, fault: string][] = [
    ["rights", { rights: sse }, "valid"],
    ["rights", { sse }, "claims"],
    ["app_metadata.sse", { app_metadata: { sse } }, "valid"],
    ["app_metadata.sse", { "app_metadata.sse": sse }, "claims"],
    ["app_metadata.sse", { app_metadata: [sse] }, "claims"],
    ["app_metadata.sse", { app_metadata: null }, "claims"],
    ["https://app.example/sse", { "https://app.example/sse": sse }, "valid"],
    ["https://app.example/sse", { "https://app": { "example/sse": sse } }, "claims"],
    ["toString", {}, "claims"],
    ["__proto__.sse", {}, "claims"],
  ];
  for (const [claim, claims, fault] of table) {
    const token = await signHs256({ exp, ...claims }, SECRET);
    assertEquals(await faultOf(token, { keys, rules: { claim } }), fault, JSON.stringify(claims));
  }
});

Deno.test("JwtVerifier has the leeway of its rules for exp and nbf", async () => {
  const keys = importJwtKeys(SECRET);
  const table: [claims: object, fault: string][] = [
    [{ exp: NOW - 29 }, "valid"],
    [{ exp: NOW - 30 }, "expired"],
    [{ nbf: NOW + 30 }, "valid"],
    [{ nbf: NOW + 31 }, "early"],
  ];
  for (const [claims, fault] of table) {
    const token = await signHs256({ ...CLAIMS, ...claims }, SECRET);
    const found = await faultOf(token, { keys, rules: { leewaySeconds: 30 } });
    assertEquals(found, fault, JSON.stringify(claims));
    const strict = await faultOf(token, { keys, rules: { leewaySeconds: 0 } });
    assert(strict !== "valid");
  }
});

Deno.test({
  name: "JwtVerifier fetches the keys for a token with an unknown kid, and for no other",
  ignore,
  async fn() {
    await using server = new JwksServer([KEYS.ES256.jwk]);
    const source = new JwksSource({ url: server.url, unknownMs: 0 });
    await source.ready;
    const options = { keys: importJwtKeys(SECRET), source };
    const { RS256, ES256 } = KEYS;
    const forged = await issuerKey("ES256", { kid: "ES256" });
    const known: [token: string, fault: string][] = [
      [await ES256.sign(CLAIMS), "valid"],
      [await signHs256(CLAIMS, SECRET), "valid"],
      [await signHs256(CLAIMS, `${SECRET}!`), "signature"],
      [await forged.sign(CLAIMS), "signature"],
      [await forged.sign(CLAIMS, { kid: undefined }), "signature"],
      [await RS256.sign(CLAIMS, { alg: "none" }), "header"],
      [await ES256.sign({ ...CLAIMS, exp: 0 }), "expired"],
      ["a.b.c", "malformed"],
    ];
    for (const [token, fault] of known) assertEquals(await faultOf(token, options), fault);
    assertEquals(server.requests, 1);
    server.publish([RS256.jwk, ES256.jwk]);
    assertEquals(await faultOf(await RS256.sign(CLAIMS), options), "valid");
    assertEquals(await faultOf(await RS256.sign(CLAIMS, { kid: "never" }), options), "key");
    assertEquals(server.requests, 3);
    source.close();
  },
});

Deno.test({
  name: "JwtVerifier says that keys are unavailable until they have been fetched, except for HS256",
  ignore,
  async fn() {
    await using server = new JwksServer();
    server.answer = () => new Response(null, { status: 503 });
    const source = new JwksSource({ url: server.url, unknownMs: 0 });
    const options = { keys: importJwtKeys(SECRET), source };
    assertEquals(await faultOf(await KEYS.RS256.sign(CLAIMS), options), "unavailable");
    assertEquals(await faultOf(await signHs256(CLAIMS, SECRET), options), "valid");
    assertEquals(await faultOf(await signHs256(CLAIMS, `${SECRET}!`), options), "signature");
    server.publish([KEYS.RS256.jwk]);
    assertEquals(await faultOf(await KEYS.RS256.sign(CLAIMS), options), "valid");
    source.close();
  },
});
