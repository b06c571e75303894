import { assertEquals } from "@std/assert";
import { addressBlock, clientAddress } from "../../lib/server/client_address.ts";
import { get, words } from "./support.ts";

const REMOTE = "203.0.113.9";

/** The address found behind so many proxies for a header. */
function address(header: string, trustedProxies: number): string {
  const request = get("/", { headers: { "x-forwarded-for": header } });
  return clientAddress(request, REMOTE, trustedProxies);
}

Deno.test("clientAddress() takes the entry that the first trusted proxy wrote", () => {
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

Deno.test("clientAddress() takes an address without spaces, brackets and port", () => {
  const table = {
    "6.6.6.6,192.0.2.7": "192.0.2.7",
    "6.6.6.6 ,\t 192.0.2.7 ": "192.0.2.7",
    "192.0.2.7:51234": "192.0.2.7",
    "2001:db8::7": "2001:db8::7",
    "2001:DB8::7": "2001:DB8::7",
    "[2001:db8::7]": "2001:db8::7",
    "[2001:db8::7]:51234": "2001:db8::7",
    "::1": "::1",
    "::ffff:192.0.2.7": "::ffff:192.0.2.7",
  };
  for (const [header, expected] of Object.entries(table)) {
    assertEquals(address(header, 1), expected, header);
  }
});

Deno.test("clientAddress() is the other end's address where the header has none", () => {
  const headers = words(String.raw`
    , 192.0.2.7, garbage unknown _hidden localhost 1.2.3 1.2.3.4.5 192.0.2.7: 192.0.2.7:x dead 1
    [2001:db8::7 2001:db8::7] []:1 fe80::1%eth0 <script> "192.0.2.7" http://192.0.2.7/ \n`);
  for (const header of ["", " ", "192.0.2.7 x", "192.0.2.7\xa0x", ...headers]) {
    assertEquals(address(header, 1), REMOTE, header);
  }
});

Deno.test("clientAddress() reads a header that was sent twice as one list", () => {
  const headers = new Headers([["x-forwarded-for", "6.6.6.6"], ["x-forwarded-for", "192.0.2.7"]]);
  assertEquals(clientAddress(get("/", { headers }), REMOTE, 1), "192.0.2.7");
});

Deno.test("clientAddress() is the other end's address without the header", () => {
  assertEquals(clientAddress(get("/"), REMOTE, 1), REMOTE);
});

Deno.test("clientAddress() is unknown where nothing is known", () => {
  assertEquals(clientAddress(get("/")), "unknown");
  assertEquals(clientAddress(get("/"), undefined, 1), "unknown");
});

Deno.test("addressBlock() is an IPv4 address itself, and of IPv6 the /64", () => {
  const table: [address: string, block: string][] = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:DB8:0:0:1:2:3:4", "2001:db8:0:0::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["1::2:3:4:5:6:7", "1:0:2:3::/64"],
    ["unknown", "unknown"],
  ];
  for (const [address, block] of table) assertEquals(addressBlock(address), block, address);
});
