import { assertEquals, assertMatch } from "@std/assert";
import { problem } from "../../lib/wire/problem.ts";
import { limitWrongTokens } from "../../lib/server/wrong_tokens.ts";
import { get, messages, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const INVALID = { "www-authenticate": 'Bearer error="invalid_token"' };

/** A limit over a decision that always refuses like this, and a function that asks as an address. */
function limitOf(refuse: () => Response, now = () => 0) {
  const limited: string[] = [];
  const authorize = limitWrongTokens(refuse, {
    addressOf: ({ headers }) => headers.get("x-address")!,
    onLimit: (address) => limited.push(address),
    now,
  });
  const ask = async (address: string) => {
    const request = get("/", { headers: { "x-address": address } });
    return await authorize(request, "publish", ["a"]) as Response;
  };
  const statuses = async (count: number, address: string) => {
    const all = await Promise.all(Array.from({ length: count }, () => ask(address)));
    return all.map(({ status }) => status);
  };
  return { ask, statuses, limited };
}

Deno.test("limitWrongTokens() answers 429 beyond 100 wrong tokens of a block, or 10 a second", async () => {
  let nowMs = 0;
  const { ask, statuses, limited } = limitOf(() => problem(401, "Wrong", INVALID), () => nowMs);
  assertEquals(new Set(await statuses(100, "2001:db8::1")), new Set([401]));
  const refused = await ask("2001:db8::2");
  assertEquals([refused.status, refused.headers.get("retry-after")], [429, "1"]);
  assertEquals(limited, ["2001:db8::2"]);
  assertEquals((await ask("2001:db8:0:1::1")).status, 401);
  nowMs = 500;
  assertEquals(await statuses(6, "2001:db8::3"), [401, 401, 401, 401, 401, 429]);
});

Deno.test("limitWrongTokens() counts neither requests without a token nor other refusals", async () => {
  const anonymous = { "www-authenticate": 'Bearer realm="sse-hub"' };
  for (const refuse of [() => problem(401, "Send one", anonymous), () => problem(403, "No")]) {
    const { ask, statuses } = limitOf(refuse);
    await statuses(200, "192.0.2.1");
    assertEquals((await ask("192.0.2.1")).status, refuse().status);
  }
});

Deno.test("an app accepts a right token after any number of wrong ones from the same address", async () => {
  await using app = testApp({ PUBLISH_TOKEN: TOKEN, INTERVAL_MS: "3600000" });
  const ask = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await app.fetch(get("/streams", { headers }), {
      remoteAddr: { hostname: "192.0.2.7" },
    });
    await response.body?.cancel();
    return response.status;
  };
  const statuses = [];
  for (let i = 0; i < 200; i++) statuses.push(await ask(`wrong-${i}`));
  assertEquals(statuses[0], 401);
  assertEquals(statuses.at(-1), 429);
  assertEquals(await ask(TOKEN), 200);
  assertEquals(messages(app).length, 1);
  assertMatch(messages(app)[0]!, /^too many wrong tokens address=192\.0\.2\.7$/);
});
