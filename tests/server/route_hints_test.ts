import { assertEquals } from "@std/assert";
import { get, QUIET, testApp } from "./support.ts";

const HINTS: [request: string, detail: string][] = [
  [
    "GET /publish",
    "Nothing is served at this path; subscribe with GET /sse?stream=<name>, publish with POST",
  ],
  ["POST /publish", "Nothing is served at this path; publish with POST /sse?stream=<name>"],
  ["POST /event?stream=a/b", "Nothing is served at this path; publish with POST /sse?stream=a/b"],
  ["POST /events?stream=a", "Use GET, HEAD, OPTIONS; publish with POST /sse?stream=a"],
  ["PUT /sse/news", "Nothing is served at this path; publish with POST /sse?stream=news"],
  [
    "GET /sse/user%3A7",
    "Nothing is served at this path; subscribe with GET /sse?stream=user:7, publish with POST",
  ],
  ["POST /sse/%22%3E", "Nothing is served at this path; publish with POST /sse?stream=<name>"],
  ["POST /sse/%zz", "Nothing is served at this path; publish with POST /sse?stream=<name>"],
  [
    "DELETE /topics/a",
    "Nothing is served at this path; end a stream with DELETE /sse?stream=<name>",
  ],
  ["POST /streams", "Use GET, HEAD, OPTIONS; publish with POST /sse?stream=<name>"],
  ["DELETE /streams", "Use GET, HEAD, OPTIONS"],
  [
    "PUT /sse/?stream=a",
    "Use GET to subscribe, POST to publish, or DELETE to end a stream (allowed: GET, HEAD, POST, DELETE, OPTIONS)",
  ],
];

for (const [request, expected] of HINTS) {
  Deno.test(`${request} is answered with the path that is probably meant`, async () => {
    await using app = testApp(QUIET);
    const [method = "", path = ""] = request.split(" ");
    const response = await app.fetch(get(path, { method }));
    assertEquals((await response.json()).detail, expected);
  });
}
