import { assertEquals } from "@std/assert";
import { authorizeByTokens } from "../../lib/server/authorize.ts";
import { JwksSource } from "../../lib/server/jwks_source.ts";
import { JwtVerifier } from "../../lib/server/jwt_verifier.ts";
import { Client } from "../client.ts";
import { lacks } from "../program.ts";
import { macrotask, until } from "../wait.ts";
import { JwksServer } from "./jwks_server.ts";
import { issuerKey, signHs256 } from "./jwt_support.ts";
import { assertRetryLater, Body, get, QUIET, testApp } from "./support.ts";

const ignore = await lacks("net");
const RIGHTS = { subscribe: ["orders/*"], publish: ["orders/7"] };

/** Claims that a provider has just issued. */
function issued(claims: object): object {
  const now = Math.floor(Date.now() / 1_000);
  return { iat: now, exp: now + 300, ...claims };
}

/** A token as a provider makes it, and the settings of the server for it. */
interface Form {
  readonly alg: "RS256" | "ES256";
  readonly header?: object;
  readonly claims: object;
  readonly settings: Readonly<Record<string, string>>;
}

const KEYCLOAK = "https://login.example/realms/main";
const AUTH0 = "https://tenant.eu.auth0.com/";
const SUPABASE = "https://project.supabase.co/auth/v1";
const FORMS: Readonly<Record<string, Form>> = {
  Keycloak: {
    alg: "RS256",
    claims: {
      auth_time: 1_750_000_000,
      jti: "onrtac:0f1c8e4e-6f0e-4b6b-8f43-6e8e5c1f6a55",
      iss: KEYCLOAK,
      aud: ["sse-hub", "account"],
      sub: "9b3a1c52-7b43-4a2c-9c80-5a4f1f7a31a4",
      typ: "Bearer",
      azp: "web",
      sid: "0d9d6d3b-7a0b-4a6a-8d2f-9a4f6b2c1d3e",
      acr: "1",
      "allowed-origins": ["https://app.example"],
      realm_access: { roles: ["offline_access", "uma_authorization"] },
      resource_access: { account: { roles: ["manage-account", "view-profile"] } },
      scope: "openid profile email",
      email_verified: true,
      preferred_username: "ann",
      sse: RIGHTS,
    },
    settings: { JWT_ISSUER: KEYCLOAK, JWT_AUDIENCE: "sse-hub" },
  },
  Auth0: {
    alg: "RS256",
    header: { typ: "at+jwt" },
    claims: {
      iss: AUTH0,
      sub: "auth0|65f1c8e46f0e4b6b8f436e8e",
      aud: ["https://events.example", `${AUTH0}userinfo`],
      azp: "x1Yz8NfR2kQw7LmPb3vT6sHc9dJg4aUe",
      scope: "openid profile",
      permissions: [],
      "https://app.example/sse": RIGHTS,
    },
    settings: {
      JWT_ISSUER: AUTH0,
      JWT_AUDIENCE: "https://events.example",
      JWT_CLAIM: "https://app.example/sse",
    },
  },
  Supabase: {
    alg: "ES256",
    claims: {
      iss: SUPABASE,
      sub: "3b9f6a1e-7d2c-4f8b-9a5e-1c0d2e3f4a5b",
      aud: "authenticated",
      email: "ann@example.com",
      phone: "",
      app_metadata: { provider: "email", providers: ["email"], sse: RIGHTS },
      user_metadata: { sse: { publish: ["*"] } },
      role: "authenticated",
      aal: "aal1",
      amr: [{ method: "password", timestamp: 1_750_000_000 }],
      session_id: "7f3f6f4e-0b4f-4d0b-a3c1-5b6f7a8c9d0e",
      is_anonymous: false,
    },
    settings: {
      JWT_ISSUER: SUPABASE,
      JWT_AUDIENCE: "authenticated",
      JWT_CLAIM: "app_metadata.sse",
    },
  },
};

for (const [provider, { alg, header, claims, settings }] of Object.entries(FORMS)) {
  Deno.test({
    name: `a token of the form of ${provider} has its rights, with the keys of JWKS_URL`,
    ignore,
    async fn() {
      const key = await issuerKey(alg, { kid: `${provider}-2` });
      const encryption = { ...key.jwk, kid: `${provider}-1`, use: "enc", alg: "RSA-OAEP" };
      await using server = new JwksServer([encryption, key.jwk]);
      const all = { ...QUIET, SUBSCRIBE: "token", JWKS_URL: server.url, ...settings };
      await using app = testApp(all);
      const statusOf = async (path: string, claims: object, method = "GET") => {
        const authorization = `Bearer ${await key.sign(issued(claims), header)}`;
        const headers = { authorization, "content-type": "text/plain" };
        const body = method === "POST" ? "x" : null;
        const response = await app.fetch(get(path, { method, headers, body }));
        await response.body?.cancel();
        return response.status;
      };
      assertEquals(await statusOf("/sse?stream=orders/8", claims), 200);
      assertEquals(await statusOf("/sse?stream=orders/7", claims, "POST"), 200);
      assertEquals(await statusOf("/sse?stream=orders/8", claims, "POST"), 403);
      assertEquals(await statusOf("/metrics", claims), 403);
      for (const wrong of [{ aud: "account" }, { iss: "https://evil.example/" }, { exp: 1 }]) {
        assertEquals(await statusOf("/sse?stream=orders/8", { ...claims, ...wrong }), 401);
      }
      assertEquals(server.requests, 1);
    },
  });
}

Deno.test({
  name: "tokens of an old secret and of a new key set are both accepted while a provider moves",
  ignore,
  async fn() {
    const secret = "super-secret-jwt-token-with-at-least-32-characters-long";
    const key = await issuerKey("ES256", { kid: "new" });
    await using server = new JwksServer([key.jwk]);
    await using app = testApp({ ...QUIET, JWT_KEY: secret, JWKS_URL: server.url });
    const claims = issued({ sse: RIGHTS });
    for (const token of [await signHs256(claims, secret), await key.sign(claims)]) {
      const headers = { authorization: `Bearer ${token}`, "content-type": "text/plain" };
      const init = { method: "POST", headers, body: "x" };
      assertEquals((await app.fetch(get("/sse?stream=orders/7", init))).status, 200);
    }
  },
});

Deno.test({
  name: "an EventSource is told to reconnect while no key could be fetched, and others get a 503",
  ignore,
  async fn() {
    await using server = new JwksServer();
    server.answer = () => new Response(null, { status: 502 });
    await using app = testApp({ ...QUIET, SUBSCRIBE: "token", JWKS_URL: server.url });
    const token = await (await issuerKey("RS256")).sign(issued({ sse: RIGHTS }));
    const authorization = `Bearer ${token}`;
    const accept = { authorization, accept: "text/event-stream" };
    await assertRetryLater(await app.fetch(get("/sse?stream=orders/7", { headers: accept })));
    const other = { authorization, accept: "*/*" };
    const refused = await app.fetch(get("/sse?stream=orders/7", { headers: other }));
    assertEquals([refused.status, refused.headers.get("retry-after")], [503, "5"]);
    const { detail } = await refused.json();
    assertEquals(detail, "The keys that verify tokens are unreachable (JWKS_URL)");
    await app.log.line("JWT keys unreachable reason=");
  },
});

Deno.test({
  name:
    "a key is rotated under load: no connection is lost, and no token outlives its key's refresh",
  ignore,
  async fn() {
    const [old, next] = await Promise.all(
      ["old", "next"].map((kid) => issuerKey("RS256", { kid })),
    );
    await using server = new JwksServer([old!.jwk]);
    const source = new JwksSource({ url: server.url, refreshMs: 20, unknownMs: 0 });
    await source.ready;
    const jwt = new JwtVerifier({ source });
    const authorize = authorizeByTokens({ jwt, subscribe: "token" });
    await using app = testApp({ ...QUIET, JWKS_URL: server.url }, undefined, { authorize });
    const path = "/sse?stream=orders/7";
    const tokens = await Promise.all(
      [old!, next!].map(({ sign }) => sign(issued({ sse: RIGHTS }))),
    );
    const headersOf = (i: number) => ({ authorization: `Bearer ${tokens[i]}` });
    const publish = async (i: number) => {
      const headers = { ...headersOf(i), "content-type": "text/plain" };
      const response = await app.fetch(get(path, { method: "POST", headers, body: `${i}` }));
      await response.body?.cancel();
      return response.status;
    };

    const clients: Client[] = [];
    for (let i = 0; i < 20; i++) {
      clients.push(new Client(await app.fetch(get(path, { headers: headersOf(0) }))));
    }
    /** Publishes that were accepted, by token; and old ones that should not have been. */
    const accepted = [0, 0];
    let late = 0;
    let isLoading = true;
    const load = Array.from({ length: 4 }, async (_, worker) => {
      while (isLoading) {
        await macrotask();
        const i = worker % 2;
        const isGone = source.keys.length > 0 && source.keys.every(({ id }) => id === "next");
        if (await publish(i) !== 200) continue;
        accepted[i]!++;
        if (i === 0 && isGone) late++;
      }
    });
    await until(() => accepted[0]! > 20);
    assertEquals(accepted[1], 0);
    server.publish([old!.jwk, next!.jwk]);
    await until(() => accepted[1]! > 20);
    server.publish([next!.jwk]);
    await until(() => source.keys.every(({ id }) => id === "next"));
    const before = accepted[1]!;
    await until(() => accepted[1]! > before + 20);
    isLoading = false;
    await Promise.all(load);
    assertEquals([late, await publish(0) === 200, await publish(1)], [0, false, 200]);

    const count = accepted[0]! + accepted[1]! + 1;
    const received = await Promise.all(clients.map((client) => client.take(count + 1)));
    assertEquals(received.map((events) => events.length), clients.map(() => count + 1));
    await Promise.all(clients.map((client) => client.leave()));
    source.close();
  },
});

Deno.test({
  name: "a key set that is never answered delays no token of a known key",
  ignore,
  async fn() {
    const key = await issuerKey("ES256", { kid: "known" });
    await using server = new JwksServer([key.jwk]);
    const source = new JwksSource({ url: server.url, timeoutMs: 200 });
    await source.ready;
    const { promise, resolve } = Promise.withResolvers<Response>();
    server.answer = () => promise;
    const jwt = new JwtVerifier({ source });
    const authorize = authorizeByTokens({ jwt, subscribe: "token" });
    const ask = async (kid: string) => {
      const authorization = `Bearer ${await key.sign(issued({ sse: RIGHTS }), { kid })}`;
      const request = get("/sse", { headers: { authorization } });
      const answer = await authorize(request, "publish", ["orders/7"]);
      return answer instanceof Response ? answer.status : 200;
    };
    const unknown = ask("unknown");
    await until(() => server.requests === 2);
    assertEquals(await ask("known"), 200);
    assertEquals(await unknown, 401);
    assertEquals(source.stats().fetches.failed, 1);
    resolve(new Response());
    source.close();
  },
});

Deno.test({
  name: "an app ends the fetch of its keys when it closes",
  ignore,
  async fn() {
    await using server = new JwksServer();
    const { promise, resolve } = Promise.withResolvers<Response>();
    server.answer = () => promise;
    const app = testApp({ ...QUIET, JWKS_URL: server.url });
    await until(() => server.requests === 1);
    const body = new Body(await app.fetch(get("/sse")));
    await app.close();
    await body.end();
    resolve(new Response());
    assertEquals(app.log.all.filter((line) => line.includes("JWT keys")), []);
  },
});
