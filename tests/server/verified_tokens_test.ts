import { assertEquals } from "@std/assert";
import { VerifiedTokens } from "../../lib/server/verified_tokens.ts";

const KEY = {};
const TOKEN = "the-token-that-was-verified";

/** Tokens with a clock that stands at `clock.ms`. */
function rememberedTokens() {
  const clock = { ms: 1_000_000 };
  return { clock, tokens: new VerifiedTokens<string>(() => clock.ms) };
}

function verified(value: string, expiresAtMs = Infinity) {
  return { value, key: KEY, expiresAtMs };
}

Deno.test("VerifiedTokens.find() finds the exact token, with the key that verified it", () => {
  const { tokens } = rememberedTokens();
  tokens.add(TOKEN, verified("claims"));
  const others = ["", "x", `${TOKEN} `, `${TOKEN}\0`, TOKEN.slice(1), TOKEN.slice(0, -1)];
  for (const other of [...others, TOKEN.toUpperCase(), TOKEN + TOKEN]) {
    assertEquals(tokens.find(other, KEY), undefined, other);
  }
  assertEquals(tokens.find(TOKEN, KEY), "claims");
  assertEquals(tokens.find(TOKEN, {}), undefined);
  assertEquals(tokens.find(TOKEN, KEY), undefined, "another key means that the first one is gone");
});

Deno.test("VerifiedTokens.find() forgets a token when it expires, and after a minute", () => {
  const { clock, tokens } = rememberedTokens();
  for (const [expiresInMs, lastsMs] of [[10, 10], [59_999, 59_999], [1e9, 60_000]] as const) {
    tokens.add(TOKEN, verified("claims", clock.ms + expiresInMs));
    clock.ms += lastsMs - 1;
    assertEquals(tokens.find(TOKEN, KEY), "claims", `${expiresInMs}`);
    clock.ms++;
    assertEquals(tokens.find(TOKEN, KEY), undefined, `${expiresInMs}`);
  }
});

Deno.test("VerifiedTokens.find() forgets a token if the clock was set back", () => {
  const { clock, tokens } = rememberedTokens();
  tokens.add(TOKEN, verified("claims"));
  clock.ms--;
  assertEquals(tokens.find(TOKEN, KEY), undefined);
});

Deno.test("VerifiedTokens.add() replaces the same token, and keeps the newest 1 000", () => {
  const { tokens } = rememberedTokens();
  tokens.add("token-0", verified("first"));
  for (let i = 0; i < 1_000; i++) tokens.add(`token-${i}`, verified(`claims ${i}`));
  assertEquals(tokens.find("token-0", KEY), "claims 0");
  tokens.add("token-1000", verified("claims 1000"));
  assertEquals(tokens.find("token-0", KEY), undefined);
  assertEquals(tokens.find("token-1", KEY), "claims 1");
});

Deno.test("VerifiedTokens.find() tells tokens with the same fingerprint apart", () => {
  const seed = 7;
  const [one, other] = ["token-ojowqa", "token-ycaaab"] as const;
  const tokens = new VerifiedTokens<string>(() => 0, seed);
  tokens.add(one, verified("claims of one"));
  assertEquals([tokens.find(one, KEY), tokens.find(other, KEY)], ["claims of one", undefined]);
  tokens.add(other, verified("claims of the other"));
  assertEquals(tokens.find(one, KEY), undefined, "the later one takes the place");
});

/** A token that counts how many of its characters are read. */
class CountedToken extends String {
  reads = 0;

  override charCodeAt(index: number): number {
    this.reads++;
    return super.charCodeAt(index);
  }
}

Deno.test("VerifiedTokens.find() reads a wrong token once, whatever it has in common with a right one", () => {
  const { tokens } = rememberedTokens();
  tokens.add(TOKEN, verified("claims"));
  for (let right = 0; right < TOKEN.length; right++) {
    const wrong = new CountedToken(TOKEN.slice(0, right).padEnd(TOKEN.length, "~"));
    assertEquals(tokens.find(wrong as unknown as string, KEY), undefined);
    assertEquals([right, wrong.reads], [right, TOKEN.length]);
  }
});
