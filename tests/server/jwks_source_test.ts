import { assertEquals, assertMatch } from "@std/assert";
import { JwksSource, type JwksSourceOptions } from "../../lib/server/jwks_source.ts";
import { lacks } from "../program.ts";
import { until } from "../wait.ts";
import { JwksServer } from "./jwks_server.ts";
import { type IssuerKey, issuerKey } from "./jwt_support.ts";

const ignore = await lacks("net");
const [OLD, NEW] = await Promise.all([
  issuerKey("ES256", { kid: "old" }),
  issuerKey("ES256", { kid: "new" }),
]);

/** A source that closes at the end of a test's scope, with what it has reported. */
class TestSource extends JwksSource implements Disposable {
  readonly faults: (string | undefined)[];
  readonly changes: (readonly string[])[];

  constructor({ url }: { readonly url: string }, options: Partial<JwksSourceOptions> = {}) {
    const faults: (string | undefined)[] = [];
    const changes: (readonly string[])[] = [];
    super({
      url,
      onFault: (reason) => faults.push(reason),
      onChange: (ids) => changes.push(ids),
      ...options,
    });
    this.faults = faults;
    this.changes = changes;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

Deno.test({
  name: "JwksSource fetches the keys at the start, and again after refreshMs",
  ignore,
  async fn() {
    await using server = new JwksServer([OLD.jwk]);
    using source = new TestSource(server, { refreshMs: 20 });
    await source.ready;
    assertEquals(source.keys.map(({ id, algorithm }) => [id, algorithm]), [["old", "ES256"]]);
    server.publish([OLD.jwk, NEW.jwk]);
    await until(() => source.keys.length === 2);
    assertEquals([source.changes, source.faults], [[["old"], ["old", "new"]], []]);
  },
});

Deno.test({
  name: "JwksSource.version grows when the keys change, and only then",
  ignore,
  async fn() {
    await using server = new JwksServer([OLD.jwk]);
    using source = new TestSource(server);
    const versions = [source.version];
    for (const keys of [[OLD.jwk], [OLD.jwk], [OLD.jwk, NEW.jwk], [NEW.jwk], [NEW.jwk]]) {
      server.publish(keys);
      await source.refresh();
      versions.push(source.version);
    }
    assertEquals(versions, [0, 1, 1, 2, 3, 3]);
  },
});

Deno.test({
  name: "JwksSource keeps the last keys for 24 hours while the URL is unreachable, then has none",
  ignore,
  async fn() {
    let nowMs = 0;
    await using server = new JwksServer([OLD.jwk]);
    using source = new TestSource(server, { now: () => nowMs });
    await source.ready;
    server.answer = () => new Response("away", { status: 502 });
    const kept = [];
    for (const hours of [1, 23.99, 24, 25]) {
      nowMs = hours * 3_600_000;
      await source.refresh();
      kept.push(source.keys.length);
    }
    assertEquals(kept, [1, 1, 0, 0]);
    assertEquals(source.faults, ["the answer has status 502"]);
    assertEquals(source.stats().fetches, { ok: 1, failed: 4 });
    server.publish([OLD.jwk]);
    await source.refresh();
    assertEquals([source.keys.length, source.version, source.faults.at(-1)], [1, 3, undefined]);
  },
});

Deno.test({
  name: "JwksSource tries again after retryMs when a fetch failed",
  ignore,
  async fn() {
    await using server = new JwksServer();
    server.answer = () => new Response(null, { status: 500 });
    using source = new TestSource(server, { retryMs: 5 });
    await until(() => source.stats().fetches.failed > 1);
    server.publish([OLD.jwk]);
    await until(() => source.keys.length === 1);
    assertEquals(source.faults, ["the answer has status 500", undefined]);
  },
});

Deno.test({
  name: "JwksSource fetches for unknown keys at most once a minute, with one request for many",
  ignore,
  async fn() {
    let nowMs = 0;
    await using server = new JwksServer([OLD.jwk]);
    using source = new TestSource(server, { now: () => nowMs });
    await source.ready;
    const counts = [];
    for (const seconds of [0, 1, 59.9, 60, 61]) {
      nowMs = seconds * 1_000;
      await Promise.all(Array.from({ length: 50 }, () => source.refreshForUnknown()));
      counts.push(server.requests);
    }
    assertEquals(counts, [2, 2, 2, 3, 3]);
  },
});

/** Bytes without end, as fast as they are read. */
function endless(): Response {
  const chunk = new TextEncoder().encode(" ".repeat(65_536));
  const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(chunk);
  return new Response(new ReadableStream({ pull }));
}

const many = Array.from({ length: 33 }, () => OLD.jwk);
const FAULTS: Readonly<Record<string, [answer: () => Response, reason: RegExp]>> = {
  "is huge": [endless, /more than 262144 bytes/],
  "redirects": [
    () => new Response(null, { status: 302, headers: { location: "/jwks.json" } }),
    /status 302, a redirect/,
  ],
  "is not JSON": [() => new Response("<html>"), /a text that is not a JSON object/],
  "is a list": [() => Response.json([OLD.jwk]), /a text that is not a JSON object/],
  "has no keys": [() => Response.json({ keys: {} }), /JSON without a list "keys"/],
  "is empty": [() => Response.json({ keys: [] }), /no key that verifies tokens/],
  "has too many keys": [() => Response.json({ keys: many }), /more than 32 keys/],
  "is not UTF-8": [() => new Response(new Uint8Array([0xff])), /./],
  "is an error": [() => Response.json({ keys: [OLD.jwk] }, { status: 404 }), /status 404/],
};

for (const [fault, [answer, reason]] of Object.entries(FAULTS)) {
  Deno.test({
    name: `JwksSource keeps its keys when the answer ${fault}`,
    ignore,
    async fn() {
      await using server = new JwksServer([NEW.jwk]);
      using source = new TestSource(server);
      await source.ready;
      server.answer = answer;
      await source.refresh();
      assertMatch(source.faults[0]!, reason);
      assertEquals([source.keys.length, source.version, server.requests], [1, 1, 2]);
    },
  });
}

Deno.test({
  name: "JwksSource.close() ends a fetch that is never answered, and keeps the keys",
  ignore,
  async fn() {
    await using server = new JwksServer([OLD.jwk]);
    using source = new TestSource(server);
    await source.ready;
    const { promise, resolve } = Promise.withResolvers<Response>();
    server.answer = () => promise;
    const refreshed = source.refresh();
    await until(() => server.requests === 2);
    source.close();
    source.close();
    await refreshed;
    await source.refresh();
    resolve(new Response());
    assertEquals([source.keys.length, server.requests, source.faults], [1, 2, []]);
  },
});

Deno.test({
  name: "JwksSource leaves out secrets, private keys, and keys that verify no tokens",
  ignore,
  async fn() {
    const weak = await issuerKey("RS256", { kid: "weak", modulusLength: 1_024 });
    const without = ({ jwk }: IssuerKey, more: object) => ({ ...jwk, ...more });
    const k =
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    await using server = new JwksServer([
      { kty: "oct", alg: "HS256", kid: "secret", k },
      without(OLD, { kid: "private", d: "AAAA" }),
      without(OLD, { kid: "encrypts", use: "enc" }),
      without(OLD, { kid: "signs", key_ops: ["sign"] }),
      without(OLD, { kid: "other", alg: "ES512" }),
      without(OLD, { kid: 7 }),
      without(OLD, { kid: "broken", x: "AAAA" }),
      without(OLD, { kid: "confused", kty: "RSA" }),
      without(OLD, { kid: "hmac", alg: "HS256" }),
      weak.jwk,
      null,
      "key",
      { kty: "EC", crv: "P-521", kid: "long" },
      OLD.jwk,
    ]);
    using source = new TestSource(server);
    await source.ready;
    assertEquals([source.keys.map(({ id }) => id), source.faults], [["old"], []]);
  },
});
