import { assertEquals } from "@std/assert";
import { words } from "./support.ts";
import { addressBlock, parseIpAddress } from "../../lib/server/ip_address.ts";

/** Spellings of addresses, by their canonical spelling. */
const SPELLINGS = {
  "192.0.2.7": words(`192.0.2.7 ::ffff:192.0.2.7 ::FFFF:192.0.2.7 ::ffff:c000:207 ::ffff:c000:0207
    0:0:0:0:0:ffff:192.0.2.7 0000:0000:0000:0000:0000:ffff:c000:0207 ::ffff:192.0.2.7%eth0
    64:ff9b::192.0.2.7 64:ff9b::c000:207 0064:FF9B:0:0:0:0:c000:0207 64:ff9b::192.0.2.7%1`),
  "2001:db8::7": words(`2001:db8::7 2001:DB8::7 2001:0db8::0007 2001:db8:0:0:0:0:0:7
    2001:db8:0::0:7 2001:db8::0.0.0.7 2001:db8::7%eth0`),
  "2001:db8:0:1::": words("2001:db8:0:1:: 2001:db8:0:1:0:0:0:0 2001:db8:0:1::0.0.0.0"),
  "fe80::1": words("fe80::1 FE80:0::1 fe80::1%eth0 fe80::1%25eth0 fe80::1%3"),
  "127.0.0.1": words("127.0.0.1 ::ffff:127.0.0.1 ::ffff:7f00:1"),
  "::1": words("::1 0::1 0:0:0:0:0:0:0:1 ::0.0.0.1"),
  "::": words(":: 0:: ::0 0:0:0:0:0:0:0:0"),
};

Deno.test("parseIpAddress() gives every spelling of an address the same text and block", () => {
  for (const [text, spellings] of Object.entries(SPELLINGS)) {
    const expected = parseIpAddress(text);
    assertEquals(expected?.text, text);
    for (const spelling of spellings) assertEquals(parseIpAddress(spelling), expected, spelling);
  }
});

Deno.test("parseIpAddress() rejects every other text", () => {
  const others = words(String.raw`
    unknown _hidden localhost 1 1.2.3 1.2.3.4.5 256.0.0.1 010.0.0.1 0x7f.0.0.1 1.2.3.4%eth0 1.2.3.4:80
    -1.0.0.1 1..2.3 ١.٢.٣.٤ : ::: 1::2::3 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 12345:: g:: ::1.2.3 ::1/64 [::1]
    ::1% ::1%a%b ::1]/x[ ::1@evil ::1# ::ffff:256.0.0.1 ::ffff:1.2.3.4.5`);
  for (const text of ["", " ", " ::1", "::1 ", "::1\n", "\0", ...others]) {
    assertEquals(parseIpAddress(text), undefined, text);
  }
});

Deno.test("parseIpAddress() rejects more than 64 characters", () => {
  assertEquals(parseIpAddress(`::1%${"e".repeat(60)}`)?.text, "::1");
  assertEquals(parseIpAddress(`::1%${"e".repeat(61)}`), undefined);
});

Deno.test("addressBlock() returns an IPv4 address, the /64 of an IPv6 address, and any other text unchanged", () => {
  const blocks = {
    "192.0.2.7": words("192.0.2.7 ::ffff:192.0.2.7 ::ffff:c000:207 64:ff9b::c000:207"),
    "192.0.2.8": words("192.0.2.8 ::ffff:c000:208 64:ff9b::192.0.2.8"),
    "2001:db8:0:0::/64": words("2001:db8::1 2001:DB8:0:0:1:2:3:4 2001:db8::ffff:0:0:1%eth0"),
    "2001:db8:1:2::/64": words("2001:db8:1:2:: 2001:0db8:0001:0002:ffff:ffff:ffff:ffff"),
    "64:ff9b:0:1::/64": ["64:ff9b:0:1::c000:207"],
    "1:0:2:3::/64": ["1::2:3:4:5:6:7"],
    "0:0:0:0::/64": words(":: ::1"),
    "unknown": ["unknown"],
  };
  for (const [block, addresses] of Object.entries(blocks)) {
    for (const address of addresses) assertEquals(addressBlock(address), block, address);
  }
});

Deno.test("parseIpAddress() distinguishes loopback, private and public addresses", () => {
  const loopback = words("127.0.0.1 127.255.255.255 ::1 ::ffff:7f00:1");
  const reserved = words(`10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.1 100.64.0.0
    100.127.255.255 169.254.1.1 0.0.0.0 :: fc00:: fdff::1 fe80::1 febf::1 ::ffff:10.0.0.1 64:ff9b::a00:1`);
  const open = words(
    `9.255.255.255 11.0.0.0 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 100.63.0.0
    100.128.0.0 169.253.0.0 128.0.0.1 1.0.0.0 192.0.2.7 2001:db8::1 fbff:: fe00:: fec0:: 64:ff9b::808:808`,
  );
  const kind = (text: string) => {
    const { isLoopback, isPublic } = parseIpAddress(text)!;
    return [text, isLoopback, isPublic];
  };
  for (const text of loopback) assertEquals(kind(text), [text, true, false]);
  for (const text of reserved) assertEquals(kind(text), [text, false, false]);
  for (const text of open) assertEquals(kind(text), [text, false, true]);
});
