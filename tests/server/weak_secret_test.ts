import { assert, assertEquals } from "@std/assert";
import { fromBase64, toBase64Url, toHex } from "../../lib/wire/byte_text.ts";
import { describeWeakSecret } from "../../lib/server/weak_secret.ts";
import { mulberry32 } from "../random.ts";
import { es256 } from "./jwt_support.ts";

const CERTIFICATE =
  "MIIBbjCCAROgAwIBAgIUeAD7R1rWghJHbvVmi2gRXCS3774wCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBeDAeFw0yNjExMjYx" +
  "NDUxNDFaFw0yNjEyMDUxNDUxNDFaMAwxCjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARS0vBOG7eb2Veh" +
  "yIebM9/Td4SYJ2vwSk8fiybg/rzj3Sx0EQbJG8lfBk9TgOSXl+l7UhcPVTz5k71+dXE5gf+5o1MwUTAdBgNVHQ4EFgQUwIpW" +
  "B2ZggZFbrM1DhtkZXiLzwPswHwYDVR0jBBgwFoAUwIpWB2ZggZFbrM1DhtkZXiLzwPswDwYDVR0TAQH/BAUwAwEB/zAKBggq" +
  "hkjOPQQDAgNJADBGAiEA8hZKvKsRH8JvRbb1FGdL8OL+7OWcYFivx53zffnrIVQCIQCCq82wmz7IGZeCRghooB6TfpVRLKah" +
  "83XTPFr3yFomPQ==";
const SECP256K1 =
  "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAE1Q3N6HoShsIHxKK7h4sODwjMNWT3W5EJtQOM0BYHSqGtYgJ3b6urFgDZ55SkeXSW" +
  "KZPeeh6sixvWFi1NBaPMsg==";
const JWK =
  '{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FE"}';

/** Every encoding of bytes that people paste. */
function spellings(bytes: Uint8Array): string[] {
  const base64 = toBase64(bytes);
  const lines = base64.match(/.{1,64}/g)!;
  return [
    base64,
    base64.replaceAll("=", ""),
    toBase64Url(bytes),
    lines.join("\n"),
    lines.join("\\n"),
    lines.join(" "),
    `"${base64}"`,
    toHex(bytes),
    toHex(bytes).toUpperCase(),
    `0x${toHex(bytes)}`,
    toBase64(new TextEncoder().encode(base64)),
  ];
}

/** Public keys in SPKI, of every algorithm that the runtime can generate. */
async function publicKeys(): Promise<[name: string, spki: Uint8Array][]> {
  const rsa = { name: "RSASSA-PKCS1-v1_5", publicExponent: new Uint8Array([1, 0, 1]) };
  const algorithms = [
    ...["P-256", "P-384", "P-521"].map((namedCurve) => ({ name: "ECDSA", namedCurve })),
    { ...rsa, modulusLength: 2_048, hash: "SHA-256" },
    { name: "Ed25519" },
  ];
  return await Promise.all(algorithms.map(async (algorithm) => {
    const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const { publicKey } = pair as CryptoKeyPair;
    const spki = new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
    return [JSON.stringify(algorithm), spki] as [string, Uint8Array];
  }));
}

Deno.test("describeWeakSecret() recognizes a public key of any kind in every form", async () => {
  const keys = await publicKeys();
  keys.push(["secp256k1", fromBase64(SECP256K1)]);
  keys.push(["certificate", fromBase64(CERTIFICATE)]);
  for (const [name, der] of keys) {
    for (const text of spellings(der)) {
      const kind = describeWeakSecret(text) ?? "";
      assert(kind.endsWith(" of a key or certificate in DER"), `${name} ${text}: ${kind}`);
    }
  }
});

Deno.test("describeWeakSecret() recognizes the first line of a key or certificate", async () => {
  for (const [name, der] of [...await publicKeys()]) {
    assert(describeWeakSecret(toBase64(der).slice(0, 64)), name);
  }
  assert(describeWeakSecret(CERTIFICATE.slice(0, 64)));
  assert(describeWeakSecret(CERTIFICATE.slice(0, 76)));
});

Deno.test("describeWeakSecret() recognizes the points of elliptic curves", async () => {
  for (const namedCurve of ["P-256", "P-384", "P-521"]) {
    const algorithm = { name: "ECDSA", namedCurve };
    const { publicKey } = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const point = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
    const compressed = point.slice(0, (point.length + 1) / 2);
    compressed[0] = 2 + (point.at(-1)! & 1);
    for (const text of [...spellings(point), ...spellings(compressed)]) {
      assert(describeWeakSecret(text)?.endsWith("of a public key's point"), text);
    }
  }
});

Deno.test("describeWeakSecret() recognizes the content of PEM, also encoded again", async () => {
  const { pem } = await es256();
  const labels = { "CERTIFICATE": "a certificate", "PRIVATE KEY": "a private key" };
  const others = ["PUBLIC KEY", "RSA PUBLIC KEY", "PGP PUBLIC KEY BLOCK", "ANY THING"];
  const table: [label: string, kind: string][] = [
    ...Object.entries(labels),
    ...others.map((label) => [label, "a PEM of another form"] as [string, string]),
  ];
  for (const [label, kind] of table) {
    const text = pem.replaceAll("PUBLIC KEY", label);
    assertEquals(describeWeakSecret(text), kind, label);
    for (const spelling of spellings(new TextEncoder().encode(text))) {
      assert(describeWeakSecret(spelling)?.endsWith(` of ${kind}`), `${label} ${spelling}`);
    }
  }
  assert(describeWeakSecret("---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2EAAAADAQABAAABgQ"));
});

Deno.test("describeWeakSecret() recognizes the public keys of SSH", () => {
  const types = ["ssh-rsa", "ssh-ed25519", "ssh-dss", "ecdsa-sha2-nistp256"];
  types.push("sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com");
  for (const type of types) {
    const name = new TextEncoder().encode(type);
    const blob = new Uint8Array([0, 0, 0, name.length, ...name, 0, 0, 0, 32, ...name, ...name]);
    const key = toBase64(blob);
    for (const text of [`${type} ${key}`, `${type} ${key} me@host`, `host ${type} ${key}`, key]) {
      assert(describeWeakSecret(text)?.endsWith("an SSH public key"), text);
    }
  }
});

Deno.test("describeWeakSecret() names placeholders, URLs, paths and tokens", () => {
  const table: Readonly<Record<string, readonly string[]>> = {
    "a URL": [
      "https://login.example.com/.well-known/jwks.json",
      "http://10.0.0.7:8080/realms/hub/protocol/openid-connect/certs",
      "HTTPS://LOGIN.EXAMPLE.COM/KEYS/OF/ALL",
      "op://vault/sse-hub/jwt-key",
      "file:///run/secrets/jwt",
      "arn:aws:secretsmanager:eu-central-1:123456789012:secret:jwt-AbCdEf",
      "data:application/json;base64,e30=",
    ],
    "a URL without its scheme": [
      "login.example.com/.well-known/jwks.json",
      "login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/discovery/v2.0/keys",
      "//auth.example.com:8443/keys",
    ],
    "a file's path": [
      "/run/secrets/sse-hub-jwt-public-key.pem",
      "/run/secrets/JWT_PUBLIC_KEY",
      "/etc/secrets/jwtkey/publickey/es",
      "/Users/Joe/Library/Keys/ssehub/jwtPublicKey",
      "./keys/jwt.pub",
      "../../etc/keys/of/the/hub/jwt-key",
      "~/.ssh/id_ed25519.pub",
      "secrets/sse-hub/jwt-public-key",
      "keys/2026/jwt.pem",
      "C:\\ProgramData\\sse-hub\\keys\\jwt.pem",
      "C:/ProgramData/sse-hub/keys/jwt",
      "\\\\server\\share\\keys\\jwt",
      "projects/hub/secrets/jwt/versions/latest",
    ],
    "JSON, such as a JWK": [JWK, `{"keys":[${JWK}]}`, JWK.slice(0, 60), "[]", "{}", '{"a":"b"}'],
    "a JSON Web Token": [
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.ENVSX4qegB-k57Puq1q9Z93Ol",
    ],
    "a fingerprint": [
      "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
      "43:51:43:a1:b5:fc:8b:b7:0a:3a:a9:b1:0f:66:73:a8",
    ],
    "an age public key": ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"],
    "the name of a variable, and not its value": [
      "$JWT_KEY_OF_THE_SERVER_HERE",
      "${JWT_KEY:?set the key of the server}",
      "$(cat /run/secrets/jwt)",
      "%JWT_KEY_OF_THE_SERVER%",
      "{{ secrets.jwt_key }}",
    ],
    "a placeholder": ["<your secret of 32 bytes or more>"],
    "XML": ["<RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue>"],
    "the example of jwt.io": ["a-string-secret-at-least-256-bits-long"],
  };
  for (const [kind, texts] of Object.entries(table)) {
    for (const text of texts) {
      for (const spelling of [text, `${text}\n`, `"${text}"`, ` ${text} `]) {
        assertEquals(describeWeakSecret(spelling), kind, spelling);
      }
      const encoded = toBase64(new TextEncoder().encode(text));
      assertEquals(describeWeakSecret(encoded), `the base64 of ${kind}`, encoded);
    }
  }
});

Deno.test("describeWeakSecret() returns undefined for secrets", () => {
  const table = ["correct horse battery staple, and some", "a secret of at least 32 bytes, ok?"];
  table.push("0123456789abcdef0123456789abcdef", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
  table.push("", "x", "=", "0x", "{", "é".repeat(40), "\ud800", "correct.horse.battery");
  for (const text of table) assertEquals(describeWeakSecret(text), undefined, text);
  const random = mulberry32(12);
  for (let n = 0; n < 20_000; n++) {
    const bytes = Uint8Array.from({ length: 32 + 16 * (n % 3) }, () => random() * 256);
    const printable = Array.from(bytes, (byte) => String.fromCharCode(33 + byte % 94)).join("");
    const url = toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_");
    for (const text of [toBase64(bytes), url, toHex(bytes), printable]) {
      assertEquals(describeWeakSecret(text), undefined, text);
    }
  }
});

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
