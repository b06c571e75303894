import { assertEquals } from "@std/assert";
import { isFromOwnPage, isSafe } from "../../lib/server/csrf.ts";
import { get } from "./support.ts";

const ROWS: readonly [isOwn: boolean, headers: Record<string, string>][] = [
  [true, { "sec-fetch-site": "same-origin" }],
  [true, { "sec-fetch-site": "none" }],
  [false, { "sec-fetch-site": "same-site" }],
  [false, { "sec-fetch-site": "cross-site", origin: "http://localhost" }],
  [true, { host: "hub.example:8080", origin: "https://hub.example:8080" }],
  [true, { host: "Hub.example", origin: "http://hub.example" }],
  [false, { host: "hub.example", origin: "http://hub.example.evil" }],
  [false, { host: "hub.example", origin: "null" }],
  [false, { host: "hub.example" }],
  [true, { origin: "http://localhost" }],
];

Deno.test("isFromOwnPage() trusts Sec-Fetch-Site, or else an Origin equal to the host", () => {
  for (const [isOwn, headers] of ROWS) {
    const request = get("/session", { method: "POST", headers });
    assertEquals(isFromOwnPage(request), isOwn, JSON.stringify(headers));
  }
});

Deno.test("isSafe() is true for methods that change nothing", () => {
  const safe = ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "PUT", "PATCH"].filter((method) =>
    isSafe(get("/", { method }))
  );
  assertEquals(safe, ["GET", "HEAD", "OPTIONS"]);
});
