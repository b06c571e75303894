import { assert, assertEquals } from "@std/assert";
import { verifyJwt } from "../../lib/server/jwt.ts";
import { importJwtKeys } from "../../lib/server/jwt_key.ts";
import { issuerKey } from "./jwt_support.ts";

const NOW = 1_750_000_000;
const JOE = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290" +
  "Ijp0cnVlfQ";

/** The tokens of RFCs with the keys beside them. Their claims lack `sse`. */
const VECTORS: Readonly<Record<string, readonly [jwk: object, token: string]>> = {
  "RFC 7515, appendix A.1": [
    {
      kty: "oct",
      k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    },
    `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${JOE}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`,
  ],
  "RFC 7515, appendix A.2": [
    {
      kty: "RSA",
      n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0" +
        "Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z" +
        "5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGh" +
        "yxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
      e: "AQAB",
    },
    `eyJhbGciOiJSUzI1NiJ9.${JOE}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7` +
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75v" +
    "RK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7no" +
    "OPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
  ],
  "RFC 7515, appendix A.3": [
    {
      kty: "EC",
      crv: "P-256",
      x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    },
    `eyJhbGciOiJFUzI1NiJ9.${JOE}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA` +
    "pmWQxfKTUJqPP3-Kg6NU1Q",
  ],
  "RFC 8037, appendix A.4": [
    { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg" +
    "3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
  ],
};

for (const [where, [jwk, token]] of Object.entries(VECTORS)) {
  Deno.test(`verifyJwt() verifies the token of ${where}, and none that differs`, async () => {
    const keys = await importJwtKeys(JSON.stringify(jwk));
    const faultOf = async (token: string) => {
      const result = await verifyJwt(token, keys, NOW);
      return "fault" in result ? result.fault : undefined;
    };
    assertEquals(await faultOf(token), "claims");
    const [header, payload = "", signature = ""] = token.split(".");
    const other = signature.startsWith("A") ? "B" : "A";
    assertEquals(await faultOf(`${header}.${payload}.${other}${signature.slice(1)}`), "signature");
    assertEquals(await faultOf(`${header}.X${payload.slice(1)}.${signature}`), "signature");
  });
}

const JOSE: string = "npm:jose@6.2.18";
// deno-lint-ignore no-explicit-any -- the package is not there while types are checked
const jose: any = await import(JOSE).catch(() => undefined);
const CLAIMS = { sse: { subscribe: ["orders/*"] } };

for (const alg of ["RS256", "PS256", "ES256", "EdDSA", "HS256"]) {
  Deno.test({
    name: `verifyJwt() accepts the tokens and keys of jose with ${alg}`,
    ignore: jose === undefined,
    async fn() {
      const options = { extractable: true };
      const { publicKey, privateKey } = alg === "HS256"
        ? await jose.generateSecret(alg, options).then((key: CryptoKey) => ({ privateKey: key }))
        : await jose.generateKeyPair(alg, options);
      const jwk = await jose.exportJWK(publicKey ?? privateKey);
      const kid = await jose.calculateJwkThumbprint(jwk);
      const token = await new jose.SignJWT(CLAIMS).setProtectedHeader({ alg, kid, typ: "at+jwt" })
        .setIssuer("urn:issuer").setAudience(["hub", "other"]).setIssuedAt(NOW)
        .setExpirationTime(NOW + 60).sign(privateKey);
      const texts = [JSON.stringify({ ...jwk, kid, alg, use: "sig" }), JSON.stringify(jwk)];
      if (publicKey) texts.push(await jose.exportSPKI(publicKey));
      for (const text of texts) {
        const rules = { issuers: ["urn:issuer"], audiences: ["hub"] };
        const result = await verifyJwt(token, await importJwtKeys(text), NOW, rules);
        assertEquals(result, {
          expiresAtSeconds: NOW + 65,
          subscribe: ["orders/*"],
          publish: [],
        });
      }
    },
  });
}

Deno.test({
  name: "deno task token makes tokens that jose accepts",
  ignore: jose === undefined,
  async fn() {
    const { runTokenCommand } = await import("../../lib/server/token_command.ts");
    for (const alg of ["RS256", "ES256", "EdDSA"] as const) {
      const { pem, privatePem } = await issuerKey(alg);
      const settings: Record<string, string> = {
        JWT_KEY: pem,
        JWT_PRIVATE_KEY: privatePem,
        JWT_ISSUER: "https://login.example/",
        JWT_AUDIENCE: "hub,other",
        JWT_CLAIM: "app.sse",
      };
      const args = ["--publish", "a", "--admin", "read"];
      const { stdout: [token = ""] = [] } = await runTokenCommand(args, (name) => settings[name]);
      const { payload } = await jose.jwtVerify(token, await jose.importSPKI(pem, alg), {
        issuer: "https://login.example/",
        audience: "hub",
      });
      assertEquals(payload.app, { sse: { subscribe: [], publish: ["a"], admin: "read" } });
      assert(payload.exp > Date.now() / 1_000);
    }
  },
});
