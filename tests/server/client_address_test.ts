import { assertEquals } from "@std/assert";
import { clientAddress } from "../../lib/server/client_address.ts";
import { get, words } from "./support.ts";

const REMOTE = "203.0.113.9";

/** The address found for a header behind this many proxies. */
function address(header: string, trustedProxies: number): string {
  const request = get("/", { headers: { "x-forwarded-for": header } });
  return clientAddress(request, REMOTE, trustedProxies);
}

Deno.test("clientAddress() returns the entry that the first trusted proxy wrote", () => {
  const table: [header: string, trustedProxies: number, expected: string][] = [
    ["192.0.2.7", 0, REMOTE],
    ["192.0.2.7", 1, "192.0.2.7"],
    ["6.6.6.6, 192.0.2.7", 0, REMOTE],
    ["6.6.6.6, 192.0.2.7", 1, "192.0.2.7"],
    ["6.6.6.6, 192.0.2.7, 198.51.100.1", 1, "198.51.100.1"],
    ["6.6.6.6, 192.0.2.7, 198.51.100.1", 2, "192.0.2.7"],
    ["192.0.2.7", 2, "192.0.2.7"],
    ["192.0.2.7, 198.51.100.1, 198.51.100.2", 4, "192.0.2.7"],
    ["192.0.2.7, 198.51.100.1", 100, "192.0.2.7"],
    ["garbage, 192.0.2.7", 1, "192.0.2.7"],
  ];
  for (const [header, trustedProxies, expected] of table) {
    assertEquals(address(header, trustedProxies), expected, `${header} ${trustedProxies}`);
  }
});

Deno.test("clientAddress() returns an address's canonical spelling, without brackets and port", () => {
  const table = {
    "6.6.6.6,192.0.2.7": "192.0.2.7",
    "6.6.6.6 ,\t 192.0.2.7 ": "192.0.2.7",
    "192.0.2.7:51234": "192.0.2.7",
    "2001:db8::7": "2001:db8::7",
    "2001:DB8::7": "2001:db8::7",
    "2001:0db8:0:0:0:0:0:0007": "2001:db8::7",
    "[2001:db8::7]": "2001:db8::7",
    "[2001:db8::7]:51234": "2001:db8::7",
    "::1": "::1",
    "::ffff:192.0.2.7": "192.0.2.7",
    "[::ffff:c000:207]:51234": "192.0.2.7",
    "fe80::1%eth0": "fe80::1",
    "[fe80::1%eth0]:51234": "fe80::1",
  };
  for (const [header, expected] of Object.entries(table)) {
    assertEquals(address(header, 1), expected, header);
  }
});

Deno.test("clientAddress() returns the peer's address if the header has no address", () => {
  const headers = words(String.raw`
    , 192.0.2.7, garbage unknown _hidden localhost 1.2.3 1.2.3.4.5 192.0.2.7: 192.0.2.7:x dead 1
    [2001:db8::7 2001:db8::7] []:1 fe80::1%  999.0.2.7 010.0.2.7 <script> "192.0.2.7" http://192.0.2.7/ \n`);
  for (const header of ["", " ", "192.0.2.7 x", "192.0.2.7\xa0x", ...headers]) {
    assertEquals(address(header, 1), REMOTE, header);
  }
});

Deno.test("clientAddress() reads a header that was sent twice as one list", () => {
  const headers = new Headers([["x-forwarded-for", "6.6.6.6"], ["x-forwarded-for", "192.0.2.7"]]);
  assertEquals(clientAddress(get("/", { headers }), REMOTE, 1), "192.0.2.7");
});

Deno.test("clientAddress() returns the peer's address without the header", () => {
  assertEquals(clientAddress(get("/"), REMOTE, 1), REMOTE);
});

Deno.test("clientAddress() returns unknown without a peer's address", () => {
  assertEquals(clientAddress(get("/")), "unknown");
  assertEquals(clientAddress(get("/"), undefined, 1), "unknown");
});

Deno.test("clientAddress() returns the canonical spelling of the peer's address, too", () => {
  assertEquals(clientAddress(get("/"), "::ffff:203.0.113.9"), REMOTE);
  assertEquals(clientAddress(get("/"), "2001:DB8:0::7"), "2001:db8::7");
});

Deno.test("clientAddress() ignores entries of more than 64 characters", () => {
  for (const text of ["1:".repeat(20_000), `fe80::1%${"e".repeat(57)}`, `::1${" ".repeat(9)}x`]) {
    assertEquals(address(text, 1), REMOTE, text.slice(0, 80));
  }
});
