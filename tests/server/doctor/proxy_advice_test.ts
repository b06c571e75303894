import { assertEquals, assertMatch } from "@std/assert";
import { adviceFor, namedProxies } from "../../../lib/server/doctor/proxy_advice.ts";

function answer(headers: Record<string, string>) {
  return { status: 200, headers, tookMs: 1 };
}

/** A header, the proxy that it names, and what to change about its buffering. */
const TABLE: readonly [Record<string, string>, string, RegExp][] = [
  [{ server: "nginx/1.22.1" }, "nginx", /^nginx: `proxy_buffering off;`/],
  [{ server: "openresty" }, "OpenResty", /^OpenResty: `proxy_buffering off;`/],
  [{ server: "Caddy" }, "Caddy", /flush_interval -1/],
  [{ via: "1.1 Caddy" }, "Caddy", /response_buffers/],
  [{ server: "Apache/2.4.62 (Debian)" }, "Apache", /flushpackets=on/],
  [{ server: "cloudflare" }, "Cloudflare", /Response Buffering/],
  [{ "cf-ray": "8c1-FRA" }, "Cloudflare", /Response Buffering/],
  [{ server: "istio-envoy" }, "Envoy", /buffer filter/],
  [{ via: "1.1 varnish (Varnish/7.5)" }, "Varnish", /do_stream/],
  [{ server: "Microsoft-IIS/10.0" }, "IIS", /responseBufferLimit="0"/],
  [{ "x-powered-by": "Express" }, "Express", /flushHeaders/],
  [{ via: "1.1 traefik" }, "Traefik", /buffering middleware/],
];

for (const [headers, name, advice] of TABLE) {
  Deno.test(`adviceFor() knows ${name} by ${JSON.stringify(headers)}`, () => {
    assertEquals(namedProxies([answer({}), answer(headers)]), [name]);
    assertMatch(adviceFor("buffering", [answer(headers)]), advice);
  });
}

Deno.test("adviceFor() names each proxy on the way, and common ones if none is known", () => {
  const both = answer({ server: "cloudflare", via: "1.1 Caddy" });
  assertMatch(adviceFor("cut", [both]), /^Caddy: .*; Cloudflare: /);
  assertMatch(adviceFor("cut", [answer({ server: "nobody" })]), /nginx .*, HAProxy .*, Traefik /);
  // CloudFront has no advice on buffering of its own.
  const other = answer({ via: "1.1 abc.cloudfront.net (CloudFront)" });
  assertMatch(adviceFor("buffering", [other]), /^look for response buffering/);
});
