import { assertEquals } from "@std/assert";
import { showAddress } from "../../lib/server/listen_address.ts";

Deno.test("showAddress() shows the URL to open, and the curl arguments that reach an address", () => {
  const tcp = (hostname: string) => ({ transport: "tcp", hostname, port: 80 });
  const table: [...Parameters<typeof showAddress>, url: string, curl: string][] = [
    [tcp("127.0.0.1"), "http", "http://127.0.0.1:80/", '"http://127.0.0.1:80/sse"'],
    [tcp("0.0.0.0"), "https", "https://localhost:80/", '"https://localhost:80/sse"'],
    [tcp("::"), "http", "http://localhost:80/", '"http://localhost:80/sse"'],
    [tcp("::1"), "http", "http://[::1]:80/", '"http://[::1]:80/sse"'],
  ];
  for (const [address, scheme, expected, curl] of table) {
    const { text, url, isEverywhere, ...shown } = showAddress(address, scheme);
    assertEquals([text, url, shown.curl?.("/sse")], [expected, expected, curl]);
    assertEquals(isEverywhere, ["0.0.0.0", "::"].includes(address.hostname!));
  }
});

Deno.test("showAddress() shows an address that no browser reaches, without a URL", () => {
  const unix = showAddress({ transport: "unix", path: "/run/hub.sock" }, "http");
  assertEquals([unix.text, unix.url], ["unix:/run/hub.sock", undefined]);
  assertEquals(unix.curl?.("/sse"), "--unix-socket '/run/hub.sock' \"http://localhost/sse\"");
  const vsock = showAddress({ transport: "vsock" }, "http");
  assertEquals([vsock.text, vsock.url, vsock.curl], ["vsock", undefined, undefined]);
});
