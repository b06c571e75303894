/**
 * What to change at the proxies that people put in front of event streams. An answer's header tells which
 * proxy it came through.
 *
 * @module
 */

import type { Answer } from "./observations.ts";

/** What is to be changed. */
export type AdviceTopic = "buffering" | "compression" | "cut" | "http2" | "caching";

/** A proxy, or a framework that acts as one. */
interface ProxyRow {
  readonly name: string;
  /** Matches a line `name: value` of the header. */
  readonly header: RegExp;
  readonly advice: Readonly<Partial<Record<AdviceTopic, string>>>;
}

const NGINX_ADVICE = {
  buffering: "`proxy_buffering off;` in the location of the stream; or let the server send " +
    "`X-Accel-Buffering: no`, and remove `proxy_ignore_headers X-Accel-Buffering`",
  compression: "take text/event-stream out of `gzip_types` and `brotli_types`, or write " +
    "`gzip off;` in the location of the stream",
  cut: "raise `proxy_read_timeout` (default 60s), and keep the heartbeat shorter",
  http2: "`http2 on;` in the server block; before nginx 1.25, `listen 443 ssl http2;`",
  caching: "`proxy_cache off;` in the location of the stream",
};

const PROXIES: readonly ProxyRow[] = [
  { name: "nginx", header: /^server: nginx/, advice: NGINX_ADVICE },
  { name: "OpenResty", header: /^server: openresty/, advice: NGINX_ADVICE },
  {
    name: "Caddy",
    header: /^(?:server|via): .*caddy/,
    advice: {
      buffering:
        "remove `response_buffers` from reverse_proxy. Caddy sends text/event-stream on at " +
        "once; a stream of another type needs `flush_interval -1`",
      compression: "let `encode` match everything but the path of the stream",
      cut:
        "raise `read_timeout` and `write_timeout` of the transport, and `timeouts` of the server",
      http2: "take `protocols h1` out of the servers option",
    },
  },
  {
    name: "Apache",
    header: /^server: apache/,
    advice: {
      buffering: "`flushpackets=on` at the end of `ProxyPass`",
      compression:
        "`SetEnvIf Request_URI ^/sse no-gzip=1 no-brotli=1`, with the path of the stream",
      cut: "`timeout=3600` at the end of `ProxyPass`, or a longer `ProxyTimeout` (default 60)",
      http2: "`Protocols h2 http/1.1`, with mod_http2",
      caching: "`CacheDisable` with the path of the stream",
    },
  },
  {
    name: "Cloudflare",
    header: /^server: cloudflare|^cf-ray: /,
    advice: {
      buffering: "turn off Response Buffering for the path of the stream",
      compression:
        "send `Cache-Control: no-transform`, or add a compression rule that turns it off",
      cut:
        "send a heartbeat at least every 30 s: Cloudflare cuts a connection after 100 silent seconds",
      http2: "turn on HTTP/2 under Speed, Protocol Optimization",
      caching: "add a cache rule that bypasses the cache for the path of the stream",
    },
  },
  {
    name: "CloudFront",
    header: /^(?:server|via): .*cloudfront|^x-amz-cf-id: /,
    advice: {
      compression: "turn off `Compress objects automatically` for the path of the stream",
      cut: "raise the origin's response timeout (default 30 s), and keep the heartbeat shorter",
      http2: "turn on HTTP/2 in the distribution's settings",
      caching: "use the cache policy CachingDisabled for the path of the stream",
    },
  },
  {
    name: "AWS load balancer",
    header: /^server: awselb|^set-cookie: .*awsalb/,
    advice: { cut: "raise `idle_timeout.timeout_seconds` (default 60), or send a heartbeat" },
  },
  {
    name: "Envoy",
    header: /^server: (?:envoy|istio-envoy)|^x-envoy-/,
    advice: {
      buffering: "take the buffer filter off the route of the stream",
      compression: "take text/event-stream out of the compressor's `content_type`",
      cut: "`timeout: 0s` on the route (default 15 s), and a longer `stream_idle_timeout`",
      http2: "`codec_type: AUTO`, and `alpn_protocols: [h2, http/1.1]` in the TLS context",
    },
  },
  {
    name: "Varnish",
    header: /^(?:server|via): .*varnish|^x-varnish: /,
    advice: {
      buffering: "`set beresp.do_stream = true;` for text/event-stream, or `return (pipe);`",
      compression: "`set beresp.do_gzip = false;` for text/event-stream",
      cut: "raise `between_bytes_timeout` and `pipe_timeout` (default 60 s)",
      caching: "`return (pass);` for the path of the stream",
    },
  },
  {
    name: "IIS",
    header: /^server: microsoft-iis/,
    advice: {
      buffering: '`responseBufferLimit="0"` of the handler, or of the proxy (ARR)',
      compression: "take text/event-stream out of `dynamicTypes` of httpCompression",
      cut: "raise the proxy's timeout (ARR, default 120 s), and keep the heartbeat shorter",
    },
  },
  {
    name: "Heroku",
    header: /^via: .*(?:vegur|heroku)/,
    advice: {
      cut: "send a heartbeat at least every 30 s: the router cuts after 55 silent seconds",
    },
  },
  {
    name: "Traefik",
    header: /^(?:server|via): .*traefik/,
    advice: {
      buffering: "take the buffering middleware off the stream's router",
      compression: "add text/event-stream to `excludedContentTypes` of the compress middleware",
      cut: "`respondingTimeouts.writeTimeout: 0`, and a longer `idleTimeout` and `readTimeout`",
    },
  },
  {
    name: "HAProxy",
    header: /^(?:server|via): .*haproxy/,
    advice: {
      compression: "take text/event-stream out of `compression type`",
      cut: "raise `timeout server` and `timeout client`, and keep the heartbeat shorter",
      http2: "`alpn h2,http/1.1` on the bind line",
    },
  },
  {
    name: "Express",
    header: /^x-powered-by: (?:express|next\.js)/,
    advice: {
      buffering: "call `response.flushHeaders()`, and with the compression middleware " +
        "`response.flush()` after each event, or leave the stream out by its `filter`",
      compression: "leave text/event-stream out by the `filter` of the compression middleware",
    },
  },
];

/** Advice where the header names no proxy, as those of HAProxy and Traefik don't. */
const ANY_PROXY: Readonly<Record<AdviceTopic, string>> = {
  buffering: "look for response buffering on the way: nginx `proxy_buffering off;`, Apache " +
    "`flushpackets=on`, Traefik without the buffering middleware. In the server, send the head and " +
    "flush each event at once",
  compression: "leave text/event-stream out of the compression: nginx `gzip_types`, HAProxy " +
    "`compression type`, Traefik `excludedContentTypes`, or the server's own middleware",
  cut: "look for a timeout on the way: nginx `proxy_read_timeout`, HAProxy `timeout server` and " +
    "`timeout client`, Traefik `respondingTimeouts`; or the server's own limit for a request",
  http2: "let the proxy that ends TLS offer h2 (ALPN)",
  caching: "let no cache on the way keep the stream, and send `Cache-Control: no-store`",
};

/** The names of the proxies and frameworks that answers name in their headers. */
export function namedProxies(answers: readonly Answer[]): readonly string[] {
  return rowsOf(answers).map(({ name }) => name);
}

/** What to change about a topic: at the proxies that the answers name, or else at any. */
export function adviceFor(topic: AdviceTopic, answers: readonly Answer[]): string {
  const known = rowsOf(answers).flatMap(({ name, advice }) => {
    const text = advice[topic];
    return text === undefined ? [] : [`${name}: ${text}`];
  });
  return known.length > 0 ? known.join("; ") : ANY_PROXY[topic];
}

function rowsOf(answers: readonly Answer[]): readonly ProxyRow[] {
  const lines = answers.flatMap(({ headers }) =>
    Object.entries(headers).map(([name, value]) => `${name}: ${value}`.toLowerCase())
  );
  return PROXIES.filter(({ header }) => lines.some((line) => header.test(line)));
}
