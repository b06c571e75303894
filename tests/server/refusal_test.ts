import { assert, assertEquals } from "@std/assert";
import { signHs256 } from "./jwt_support.ts";
import { get, QUIET, testApp } from "./support.ts";

const TOKEN = "a-token-for-these-tests";
const JWT_KEY = "a key of more than 32 bytes, for these tests";
const LONG = "x".repeat(5_000);
const exp = Math.floor(Date.now() / 1_000) + 3_600;
const jwt = await signHs256({ exp, sse: { publish: ["a"] } }, JWT_KEY);
const jwtOfOddClaims = await signHs256({ exp: LONG, nbf: LONG, sse: { [LONG]: LONG } }, JWT_KEY);

/** Requests that are refused, with a long text in each place that a client fills. */
const REQUESTS: Record<string, [path: string, token: string, type: string, body: string]> = {
  "a path": [`/${LONG}`, TOKEN, "text/plain", ""],
  "a path below /sse": [`/sse/${LONG}`, TOKEN, "text/plain", ""],
  "a stream": [`/sse?stream=${LONG}`, TOKEN, "text/plain", ""],
  "a stream that a JWT does not cover": [`/sse?stream=${LONG}`, jwt, "text/plain", ""],
  "a parameter": [`/sse?topic${LONG}=a`, TOKEN, "text/plain", ""],
  "a token": ["/sse?stream=a", LONG, "text/plain", ""],
  "the claims of a JWT": ["/sse?stream=a", jwtOfOddClaims, "text/plain", ""],
  "a content type": ["/sse?stream=a", TOKEN, LONG, ""],
  "a parameter of a content type": ["/sse?stream=a", TOKEN, `text/plain; charset=${LONG}`, ""],
  "JSON that breaks off": ["/sse?stream=a", TOKEN, "application/json", `{"data":"${LONG}`],
  "a field": ["/sse?stream=a", TOKEN, "application/json", `{"${LONG}":1}`],
  "a value": ["/sse?stream=a", TOKEN, "application/json", `["${LONG}"]`],
  "an event type": ["/sse?stream=a", TOKEN, "application/json", `{"event":["${LONG}"]}`],
};

for (const [what, [path, token, type, body]] of Object.entries(REQUESTS)) {
  Deno.test(`a refusal repeats at most 200 characters of ${what}`, async () => {
    await using app = testApp({ ...QUIET, PUBLISH_TOKEN: TOKEN, JWT_KEY });
    const headers = { authorization: `Bearer ${token}`, "content-type": type };
    const response = await app.fetch(get(path, { method: "POST", headers, body }));
    const text = await response.text();
    assertEquals([response.status >= 400, text.includes("x".repeat(201))], [true, false]);
    assert(text.length < 800, text);
  });
}
