import { assertEquals } from "@std/assert";
import { showAddress } from "../../lib/server/listen_address.ts";

Deno.test("showAddress() shows an address and the curl arguments that reach it", () => {
  const tcp = (hostname: string) => ({ transport: "tcp", hostname, port: 80 });
  const table: [...Parameters<typeof showAddress>, text: string, curl: string | undefined][] = [
    [tcp("127.0.0.1"), "http", "http://127.0.0.1:80/", "'http://127.0.0.1:80/sse'"],
    [tcp("0.0.0.0"), "https", "https://0.0.0.0:80/", "'https://localhost:80/sse'"],
    [tcp("::"), "http", "http://[::]:80/", "'http://localhost:80/sse'"],
    [tcp("::1"), "http", "http://[::1]:80/", "'http://[::1]:80/sse'"],
    [
      { transport: "unix", path: "/run/hub.sock" },
      "http",
      "unix:/run/hub.sock",
      "--unix-socket '/run/hub.sock' 'http://localhost/sse'",
    ],
    [{ transport: "vsock" }, "http", "vsock", undefined],
  ];
  for (const [address, scheme, text, curl] of table) {
    const shown = showAddress(address, scheme);
    assertEquals([shown.text, shown.curl?.("/sse")], [text, curl]);
  }
});
