/**
 * Parts of random requests: some valid, most unusual or malformed. A character is a byte. A part that is
 * listed several times is picked more often.
 *
 * @module
 */

/** Methods, most of which no route accepts. */
export const METHODS: readonly string[] = words(
  "GET GET GET HEAD POST PUT DELETE OPTIONS PATCH TRACE CONNECT QUERY get PRI X-1",
);
/** Request targets, without a query. */
export const PATHS: readonly string[] = words(
  "/ /console /sse /sse /sse /streams /streams/a /streams/b%2Fc /metrics /session /console/events " +
    "/healthz /readyz /healthz/ /sse/ /session /demo.js /style.css /nothing /streams/ // /.. /../main.ts " +
    "/%2e%2e/main.ts /static/index.html /% /%00 /%ff /sse#?stream=a /sse;a=1 /SSE * a http://a/sse " +
    "https:/// //a/sse /sse?? /console/events?stream=a \x00 \xff /\xc3\xa9 ?stream=a #",
);
/** Names of streams that strangers publish and subscribe to. */
export const STREAMS: readonly string[] = words("a a a b b c/d e~f time");
/** Names that no stream can have. */
export const ODD_STREAMS: readonly string[] = [
  "",
  "..",
  "a//b",
  "/",
  "%",
  "%00",
  "a%20b",
  "*",
  "a/*",
  "\xff",
  "a".repeat(129),
];
/** Last event ids that no hub has given. */
export const IDS: readonly string[] = [
  "",
  "0",
  "-",
  "a-1",
  "1-a",
  "\xff",
  "9".repeat(40),
  "a".repeat(2_000),
  "é",
  "zzzzzzzzz-zzzz",
];
/** Values of `Host`. */
export const HOSTS: readonly string[] = [
  "127.0.0.1",
  "127.0.0.1",
  "localhost",
  "a",
  "",
  "a/b",
  "a#b",
  "a\\b",
  "[::1",
  "\xff",
  "a".repeat(9_000),
];
/** Values of `Content-Type`; the server accepts the first two. */
export const TYPES: readonly string[] = [
  "text/plain",
  "application/json",
  "text/plain; charset=latin1",
  "application/x-www-form-urlencoded",
  "application/json;;;",
  `text/plain; a="${"\\".repeat(999)}`,
  "",
];
/** JSON bodies, valid and not. */
export const JSONS: readonly string[] = [
  '{"data":1}',
  '{"data":"x","event":"y","retry":10,"comment":"z"}',
  '[{"data":1},{"data":2}]',
  '{"data":{"deep":[[]]},"id":"once"}',
  '{"event":"hello"}',
  '{"data":"a\\nid: 1","event":"a\\nb"}',
  '{"id":"\\u0000"}',
  '{"retry":-1}',
  '{"__proto__":{"data":1}}',
  "[]",
  "null",
  "{",
  '{"token":"not-the-token-of-this"}',
  `{"data":${"[".repeat(5_000)}${"]".repeat(5_000)}}`,
  "[".repeat(20_000),
  `[${Array(600).fill('{"data":1}').join()}]`,
  '{"data":"\xff"}',
];
/** Header lines that HTTP allows. */
// deno-fmt-ignore
export const HEADERS: readonly string[] = [
  "Accept: text/event-stream", "Cache-Control: no-cache", "Accept-Encoding: gzip, br", "Connection: close",
  "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk",
  "Expect: 100-continue", "Expect: nothing", "Content-Encoding: gzip", "If-None-Match: *", 'If-None-Match: "',
  "Origin: https://app.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Range: bytes=0-",
  "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: a, b", "X-Forwarded-Proto: https",
  "Cookie: sse_session=1.a", "Cookie: sse_token=", "Cookie: ;;=;sse_token", "Trailer: Host", "A: \xff",
];
/** Header lines that HTTP does not allow; each is enough for a refusal. */
// deno-fmt-ignore
export const MALFORMED_HEADERS: readonly string[] = [
  "Host: twice", "No colon", ": no name", " folded", "Spaced : a", "A: \x00", "\x01: a", "Transfer-Encoding: gzip",
];
/** Header lines that give a body a wrong length, or none. */
export const FRAMINGS: readonly string[] = [
  "Content-Length: -1",
  "Content-Length: 1e3",
  "Content-Length: 99999999999999999999",
  "Content-Length: 1000000000",
  "Content-Length: 3\r\nContent-Length: 4",
  "Content-Length: 3\r\nTransfer-Encoding: chunked",
  "Transfer-Encoding: chunked, identity",
  "Content-Length:",
];
/** Malformed chunks, and chunks after which the rest of the body is missing. */
export const CHUNKS: readonly string[] = [
  "zz\r\n",
  "-1\r\n",
  "FFFFFFFFFFFFFFFF\r\nx",
  "5\r\nab",
  "5;a=b\r\nabcde\r\n",
  "1\r\na",
  "\r\n",
];
/** Bytes that are no request, or only the start of one. */
export const NOISE: readonly string[] = [
  "",
  "\r\n\r\n\r\n",
  "GET",
  "GET /sse HTTP/9.9\r\n\r\n",
  "GET /sse HTTP/1.0\r\n\r\n",
  "GET /sse HTTP/1.1\r\n\r\n",
  "GET  /sse  HTTP/1.1\r\n\r\n",
  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x10\x01\x05\x00\x00\x00\x01",
];

function words(text: string): string[] {
  return text.split(" ");
}
